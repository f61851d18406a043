"""Making a new extension's project from a template: the questions, what answers are good for, the files."""

from __future__ import annotations

import builtins
import keyword
import re
import shlex
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from localstack.host.errors import DevModeError

TEMPLATES_DIRECTORY = Path(__file__).with_name("templates")
_COMMON = "common"
"""What all templates have; what a template has too takes its place."""

Answers = Mapping[str, str]
"""Answers by the names of their fields, e.g. ``{"project_name": "My LocalStack Extension"}``."""


class License(StrEnum):
    """What a new project is published under, as its metadata says it; all but ``NONE`` come with their text."""

    MIT = "MIT"
    APACHE = "Apache-2.0"
    NONE = "none"


@dataclass(frozen=True)
class TemplateField:
    """One question of ``extensions dev new``.

    :ivar default: the suggested answer, from the answers to the questions before
    :ivar refusal: why an answer can't be used, ``None`` when it can
    """

    name: str
    default: Callable[[Answers], str]
    refusal: Callable[[str], str | None]

    def check(self, answer: str) -> str:
        """Return the answer without blanks around it.

        :raises DevModeError: naming the field and the answer that can't be used
        """
        text = answer.strip()
        reason = "is empty" if not text else None if text.isprintable() else "has control characters"
        reason = reason or self.refusal(text)
        if reason:
            raise DevModeError(f"{self.name}: {text!r} {reason}", "run the command again with another answer")
        return text


@dataclass(frozen=True)
class Template:
    """What a project is made from.

    :ivar fields: its questions, in the order in which they are asked
    :ivar metadata_file: where its projects have their name, version and requirements
    """

    name: str
    summary: str
    metadata_file: str
    fields: tuple[TemplateField, ...]

    def create(self, answers: Answers, target_directory: Path, license: License = License.MIT) -> Path:
        """Write the project into ``target_directory/<project_slug>`` and return that folder.

        Only cookiecutter's renderer is used: its full command would take answers for templates themselves, read the
        user's configuration and leave a replay file in the home directory.

        :param answers: one for every field
        :raises DevModeError: when an answer can't be used, the folder exists already or can't be written
        """
        checked = {field.name: field.check(answers[field.name]) for field in self.fields}
        project = target_directory.absolute() / checked["project_slug"]
        refuse_existing(project)
        from cookiecutter.generate import generate_files  # slow to import, and only this command needs it

        has_license = license is not License.NONE
        own = {
            "python": _make_word(sys.executable),
            "metadata_file": self.metadata_file,
            "license": str(license) if has_license else "",
            "year": str(date.today().year),
        }
        context = {"cookiecutter": {"class_name": class_name(checked["project_name"])} | checked | own}
        try:
            for part in (_COMMON, *([f"licenses/{license}"] if has_license else []), self.name):
                folder = TEMPLATES_DIRECTORY / part
                generate_files(
                    folder, context, target_directory, overwrite_if_exists=part != _COMMON, accept_hooks=False
                )
        except OSError as error:
            hint = "go to a directory that you can write to"
            raise DevModeError(f"can't write {project}: {error.strerror or error}", hint) from error
        return project

    def defaults(self) -> dict[str, str]:
        """The answers of somebody who takes every default."""
        found: dict[str, str] = {}
        for field in self.fields:
            found[field.name] = field.default(found)
        return found


def refuse_existing(project: Path) -> None:
    """Make sure that nothing is there.

    :raises DevModeError: when something is
    """
    if project.exists() or project.is_symlink():
        raise DevModeError(f"{project} exists already", "give another project_slug, or move it away")


def class_name(project_name: str) -> str:
    """Name of the extension's class.

    >>> class_name("My LocalStack Extension"), class_name("3d view")
    ('MyLocalStackExtension', 'Extension3dView')
    """
    name = "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", _ascii(project_name)))
    if not name.isidentifier():
        name = f"Extension{name}"
    if name == "Extension":
        return "OwnExtension"  # the generated code imports that name for its base class
    return f"{name}Extension" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def _slug(project_name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _ascii(project_name).lower()).strip("-") or "my-localstack-extension"


def _module(project_slug: str) -> str:
    name = re.sub(r"\W", "_", project_slug)
    return name if _module_refusal(name) is None else f"extension_{name}"


def _module_refusal(name: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
        return "is no module name: use letters, digits and '_'"
    if name in sys.modules or find_spec(name) is not None:
        return "is the name of a module that is there already and would hide yours"
    return None


def _slug_refusal(slug: str) -> str | None:
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", slug):
        return None
    return "is no project slug: use letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def _version_refusal(version: str) -> str | None:
    from packaging.version import InvalidVersion, Version  # kept out of the start of other commands

    try:
        Version(version)
    except InvalidVersion:
        return "is no version: write for example 0.1.0"
    return None


def _username_refusal(username: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9_-]+", username) else "is no GitHub user name: use letters, digits and '-'"


def _class_refusal(name: str) -> str | None:
    if name.isidentifier() and not keyword.iskeyword(name) and name != "Extension":
        return None
    return "is no name for the class: use letters, digits and '_', and not Extension, which is its base"


def _anything(_answer: str) -> None:
    return None


def _ascii(text: str) -> str:
    """The text without accents and without what ASCII does not have, e.g. ``Uber`` for ``Über``."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _make_word(path: str) -> str:
    """A path as one word for a shell, written so that make passes it on unchanged."""
    return shlex.quote(path).replace("$", "$$").replace("#", "\\#")


_FIELDS = (
    TemplateField("project_name", lambda _: "My LocalStack Extension", _anything),
    TemplateField(
        "project_short_description",
        lambda _: "All the boilerplate you need to create a LocalStack extension.",
        _anything,
    ),
    TemplateField("project_slug", lambda answers: _slug(answers["project_name"]), _slug_refusal),
    TemplateField("module_name", lambda answers: _module(answers["project_slug"]), _module_refusal),
    TemplateField("full_name", lambda _: "Jane Doe", _anything),
    TemplateField("email", lambda _: "jane@example.com", _anything),
    TemplateField("github_username", lambda _: "janedoe", _username_refusal),
    TemplateField("version", lambda _: "0.1.0", _version_refusal),
)
_CLASS_FIELD = TemplateField("class_name", lambda answers: class_name(answers["project_name"]), _class_refusal)
_FIELDS_WITH_CLASS = (*_FIELDS[:4], _CLASS_FIELD, *_FIELDS[4:])

DEFAULT_TEMPLATE = Template("classic", "setup.cfg, all hooks", "setup.cfg", _FIELDS)
TEMPLATES = {
    template.name: template
    for template in (
        DEFAULT_TEMPLATE,
        Template("basic", "pyproject.toml, all hooks", "pyproject.toml", _FIELDS_WITH_CLASS),
        Template("webapp", "pyproject.toml, a page that shows AWS calls", "pyproject.toml", _FIELDS_WITH_CLASS),
    )
}
