"""What a starting platform installs by itself: ``EXTENSION_AUTO_INSTALL`` and the files in ``conf.d``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.environment.progress import Report, Reporter
from localstack.host.errors import LeantoError

if TYPE_CHECKING:
    from localstack.host.environment.environment import ExtensionEnvironment

LOG = logging.getLogger(__name__)

_LOG_PREFIX = "Localstack extensions installer: "


def install_missing(environment: ExtensionEnvironment, directives: Sequence[str], folder: Path, report: Report) -> None:
    """Install what ``directives`` and ``extensions.txt`` and ``pylock.toml`` in ``folder`` name and is not there yet.

    A failure is logged, and the next one is tried.
    """
    reporter = Reporter(lambda line: report(_LOG_PREFIX + line), explains=False)
    lock, listed = folder / "pylock.toml", folder / "extensions.txt"
    if lock.is_file():
        with _logged():
            environment.sync(lock, folder, reporter)
    texts = (*directives, *(_directives_in(listed) if listed.is_file() else ()))
    if not texts:
        return
    with _logged():
        for text in environment.missing(texts, Path.cwd()):
            with _logged():
                environment.install(text, Path.cwd(), reporter)


def _directives_in(file: Path) -> Iterator[str]:
    """The requirements in a file; options in it are passed over with a warning."""
    from localstack.host.environment.requirements import read_directives

    with _logged():
        for directive in read_directives(file):
            if directive.is_option:
                LOG.warning("%s%s: the option %r is not supported", _LOG_PREFIX, file, directive.text)
            else:
                yield directive.text


@contextmanager
def _logged() -> Iterator[None]:
    """Let a start go on after a failure, which is logged."""
    try:
        yield
    except LeantoError as error:
        LOG.error("%s%s%s", _LOG_PREFIX, error.message, f" ({error.hint})" if error.hint else "")
