"""Everything that the host raises on purpose.

LeantoError                      exit code 1 unless another is said, one sentence and a hint, never a traceback
├── SettingError                 an environment variable or profile file has a value that can't be used
├── ListenError                  an address of GATEWAY_LISTEN can't be bound
├── VolumeError                  the volume can't be read or written
├── PlatformError                start, stop, restart, wait: the platform is not in the state the command needs
├── SourceError                  text that should name an extension to install can't be understood
├── InstallError                 an install, uninstall or init did not happen; nothing was changed
│   ├── ResolutionError          no set of versions satisfies what was asked for
│   │   ├── ConflictError        … because two requirements contradict each other; exit code 2
│   │   └── SourceOnlyError      there is no wheel to read; exit code 4
│   ├── VerificationError        what was built differs from its hashes, or an extension can't be imported
│   ├── NoExtensionError         what was installed brings no extension and was taken out again
│   ├── BundleError              a bundle can't be written, or is none for this machine
│   ├── NotInstalledError        nothing of that name is installed
│   └── NoGenerationError        there is no generation of that number to go back to
├── IncompatibleError            an extension uses what this host does not have; exit code 3
├── UnhealthyError               the environment of installed extensions has faults
├── SnapshotError                the state of the emulation can't be written or read; what there was is kept
│   └── NoSnapshotError          there is none of that name
├── UnknownServiceError          no service of the emulation has that name
├── LoginError                   an index refuses credentials, or can't be asked; nothing was stored
├── CredentialsError             stored credentials can't be read, written or removed
├── DevModeError                 a folder can't be enabled, disabled, created, debugged or published
└── ExtensionFault               an extension raised; carries its name, the hook and the author's own line
"""

from __future__ import annotations

import contextlib


class LeantoError(Exception):
    """A failure with a cause that a person can act on.

    :ivar message: one sentence that names the offending value
    :ivar hint: what to do next, ``None`` when the message says it
    :ivar code: stable identifier of the kind of error, e.g. ``"listen"``, also part of JSON output
    :ivar exit_code: what a command that fails with it returns
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def reason_of(error: Exception) -> str:
    """``"No such file or directory"`` of an ``OSError``, whose text would name the file again; else the text."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def said_by(error: BaseException) -> str:
    """What an exception says, on one line; empty when it says nothing, or is of a class that fails when it is asked."""
    with contextlib.suppress(Exception):  # the class may be an extension's
        return " ".join(line.strip() for line in str(error).splitlines())
    return ""


def named(error: BaseException) -> str:
    """``"KeyError: 'x'"``; the type alone when it says nothing."""
    text = said_by(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class SettingError(LeantoError):
    code = "setting"


class ListenError(LeantoError):
    code = "listen"


class VolumeError(LeantoError):
    code = "volume"


class PlatformError(LeantoError):
    code = "platform"


class SourceError(LeantoError):
    code = "source"


class InstallError(LeantoError):
    code = "install"


class ResolutionError(InstallError):
    code = "resolution"


class ConflictError(ResolutionError):
    code = "conflict"
    exit_code = 2


class SourceOnlyError(ResolutionError):
    code = "source-only"
    exit_code = 4


class VerificationError(InstallError):
    code = "verification"


class NoExtensionError(InstallError):
    code = "no-extension"


class BundleError(InstallError):
    code = "bundle"


class NotInstalledError(InstallError):
    code = "not-installed"


class NoGenerationError(InstallError):
    code = "no-generation"


class IncompatibleError(LeantoError):
    code = "incompatible"
    exit_code = 3


class UnhealthyError(LeantoError):
    code = "unhealthy"


class SnapshotError(LeantoError):
    code = "snapshot"


class NoSnapshotError(SnapshotError):
    code = "no-snapshot"


class UnknownServiceError(LeantoError):
    code = "unknown-service"


class LoginError(LeantoError):
    code = "login"


class CredentialsError(LeantoError):
    code = "credentials"


class DevModeError(LeantoError):
    code = "dev-mode"


class ExtensionFault(LeantoError):
    """An extension raised while the host was calling it.

    :ivar extension: name of the extension, or of its entry point while the name is not known yet
    :ivar place: what the host was calling, e.g. ``"on_platform_start"`` or ``"route /hello"``
    :ivar location: ``"file.py:12 in function"`` of the author's own frame, ``None`` when there is none
    """

    code = "extension-fault"

    def __init__(self, extension: str, place: str, cause: BaseException, location: str | None) -> None:
        at = f" ({location})" if location else ""
        super().__init__(f"extension {extension} failed in {place}: {named(cause)}{at}")
        self.extension = extension
        self.place = place
        self.cause = cause
        self.location = location


class StartInterrupted(BaseException):
    """A signal arrived before the server ran; unwinds the start on the main thread, and nobody on the way stops it."""
