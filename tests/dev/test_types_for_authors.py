"""A type checker that an author configures in no way sees the types of what extensions import."""

from __future__ import annotations

import subprocess
import sys

from platforms import Home

USE = """\
import localstack.constants
from localstack import config
from localstack.config import DEBUG

reveal_type(DEBUG)
reveal_type(config.GATEWAY_LISTEN[0].port)
reveal_type(localstack.constants.LOCALHOST)
"""


def test_a_new_project_is_clean_and_modules_below_the_namespace_are_typed(home: Home) -> None:
    assert home.run("extensions", "dev", "new", "--template", "webapp", "--no-input").returncode == 0
    project = home.path / "my-localstack-extension"
    (project / "use.py").write_text(USE)
    mypy = [sys.executable, "-m", "mypy", "--strict", "my_localstack_extension", "tests", "use.py"]
    done = subprocess.run(mypy, cwd=project, capture_output=True, text=True, check=False)
    revealed = [line.rpartition("is ")[2] for line in done.stdout.splitlines() if "Revealed" in line]
    assert (done.returncode, revealed) == (0, ['"bool"', '"int"', '"str"']), done.stdout
