"""Projects from templates of the user's own: a cookiecutter template in a folder or a git repository."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from localstack.host.errors import DevModeError
from localstack.host.redaction import redacted


def create_from(location: str, target_directory: Path, *, asks: bool) -> Path:
    """Ask what the template asks, and write the project.

    A template is a program, whose author is trusted: its expressions and its Jinja extensions can do anything. Only its
    hooks are left out. Nothing is kept of the template or the answers, and the user's own configuration of cookiecutter
    has no say.

    :param location: a folder, or a git URL: ``git+https://host/templates.git@main#subdirectory=basic``
    :param asks: False takes every default
    :raises DevModeError: when there is no template, or the project can't be made
    """
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.main import cookiecutter
    from jinja2 import TemplateError

    shown = repr(redacted(location))
    with TemporaryDirectory(prefix="localstack-template-") as scratch:
        folder = _folder_of(location, Path(scratch) / "repository")
        if not (folder / "cookiecutter.json").is_file():
            raise DevModeError(
                f"A valid repository for {shown} could not be found: {folder.name} has no cookiecutter.json",
                "name the folder of a cookiecutter template; in a repository, with #subdirectory=FOLDER",
            )
        options: dict[str, Any] = {"replay_dir": f"{scratch}/replay", "cookiecutters_dir": f"{scratch}/templates"}
        try:
            made = cookiecutter(
                str(folder),
                no_input=not asks,
                output_dir=str(target_directory),
                default_config=options | {"default_context": {}, "abbreviations": {}},
                accept_hooks=False,
            )
        except (CookiecutterException, TemplateError, OSError, ValueError) as error:
            hint = "nothing that was there before has been changed"
            reason = " ".join(str(error).split())
            raise DevModeError(f"no project can be made from {shown}: {reason}", hint) from error
        return Path(made)


def _folder_of(location: str, clone: Path) -> Path:
    """The template's folder; of a repository, after it was cloned."""
    shown = repr(redacted(location))
    if "://" not in location:
        folder = Path(location).expanduser().absolute()
        if not folder.is_dir():
            raise DevModeError(
                f"there is no template {shown}",
                "the templates are classic, basic and webapp; else name a folder or a git URL",
            )
        return folder
    address, _, fragment = location.removeprefix("git+").partition("#")
    scheme, _, rest = address.partition("://")
    path, _, revision = rest.rpartition("@") if "@" in rest.rpartition("/")[2] else (rest, "", "")
    if scheme not in ("https", "ssh", "file") or (revision and revision.startswith("-")):
        raise DevModeError(f"{shown} is no template", "name a folder, or a URL that begins with git+https://")
    branch = ["--branch", revision] if revision else []
    command = ["git", "clone", "--quiet", "--depth", "1", *branch, "--", f"{scheme}://{path}", str(clone)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise DevModeError("git is not installed", "install git, or name a folder with the template") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1:] or ["git gives no reason"]
        raise DevModeError(
            f"A valid repository for {shown} could not be found: {reason[0]}",
            "check the URL and your access to it",
        ) from None
    folder = (clone / fragment.removeprefix("subdirectory=")).resolve()
    if not folder.is_relative_to(clone.resolve()):
        raise DevModeError(f"{shown} is no template", "the subdirectory is outside of the repository")
    return folder
