"""The template is part of what users install, not only of this checkout."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from localstack.host.dev.project import TEMPLATES_DIRECTORY

CHECKOUT = TEMPLATES_DIRECTORY.parents[4]


def test_a_wheel_built_from_the_source_distribution_can_make_a_project(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    shutil.copytree(CHECKOUT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    ZipFile(wheel).extractall(tmp_path / "installed")

    installed = tmp_path / "installed" / "localstack" / "host" / "dev" / "templates"
    assert files(installed) == files(TEMPLATES_DIRECTORY)

    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from localstack.host.dev.project import TEMPLATES, TEMPLATES_DIRECTORY\n"
        "assert TEMPLATES_DIRECTORY.is_relative_to(sys.argv[1]), TEMPLATES_DIRECTORY\n"
        "template = TEMPLATES['webapp']\n"
        "template.create(template.defaults(), Path.cwd())\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "installed")], cwd=tmp_path, check=True)
    assert (tmp_path / "my-localstack-extension" / "my_localstack_extension" / "extension.py").is_file()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
