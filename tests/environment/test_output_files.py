"""Files that a person names for what a command writes."""

from __future__ import annotations

import pytest

from extension_installer import Installer


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        (("export",), 0o600, 0o600),
        (("export",), 0o664, 0o664),
        (("bundle",), 0o664, 0o600),  # a URL may have a password in it
    ],
)
def test_a_file_that_is_there_keeps_its_permissions(
    installer: Installer, command: tuple[str], before: int, after: int
) -> None:
    installer.install("leanto-test-greeter")
    file = installer.home.path / "written"
    file.touch()
    file.chmod(before)
    done = installer.run(*command, "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size > 0
    assert file.stat().st_mode & 0o777 == after
