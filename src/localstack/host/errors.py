"""Everything that the host raises on purpose.

LeantoError                      exit code 1, one sentence and a hint, never a traceback
├── SettingError                 an environment variable or profile file has a value that can't be used
├── ListenError                  an address of GATEWAY_LISTEN can't be bound
├── VolumeError                  the volume can't be read or written
├── PlatformError                start, stop, restart, wait: the platform is not in the state the command needs
├── SourceError                  text that should name an extension to install can't be understood
├── InstallError                 an install, uninstall or init did not happen; nothing was changed
│   ├── ResolutionError          no set of versions satisfies what was asked for
│   ├── NoExtensionError         what was installed brings no extension and was taken out again
│   └── NotInstalledError        nothing of that name is installed
├── SnapshotError                the state of the emulation can't be written or read; what there was is kept
│   └── NoSnapshotError          there is none of that name
├── UnknownServiceError          no service of the emulation has that name
├── DevModeError                 a folder can't be enabled, disabled or created
└── ExtensionFault               an extension raised; carries its name, the hook and the author's own line
"""

from __future__ import annotations


class LeantoError(Exception):
    """A failure with a cause that a person can act on.

    :ivar message: one sentence that names the offending value
    :ivar hint: what to do next, ``None`` when the message says it
    :ivar code: stable identifier of the kind of error, e.g. ``"listen"``, also part of JSON output
    """

    code = "error"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


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


class NoExtensionError(InstallError):
    code = "no-extension"


class NotInstalledError(InstallError):
    code = "not-installed"


class SnapshotError(LeantoError):
    code = "snapshot"


class NoSnapshotError(SnapshotError):
    code = "no-snapshot"


class UnknownServiceError(LeantoError):
    code = "unknown-service"


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
        text = " ".join(line.strip() for line in str(cause).splitlines())  # one fault is one line of the log
        super().__init__(f"extension {extension} failed in {place}: {type(cause).__name__}: {text}{at}")
        self.extension = extension
        self.place = place
        self.cause = cause
        self.location = location


class StartInterrupted(BaseException):
    """A signal arrived before the server ran; unwinds the start on the main thread, and nobody on the way stops it."""
