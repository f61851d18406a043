"""The extension manager for programs: ``python -m localstack.pro.core.bootstrap.extensions ACTION [NAME]``.

Actions are ``debug``, ``init``, ``list``, ``install NAME`` and ``uninstall NAME``. Each line of stdout is a JSON
object: an event ``{"event": "status", "message": "Installing extension"}``, maybe with ``extra``, or for ``list`` an
extension.
"""

from localstack.host import shared

__all__: list[str] = []

if __name__ == "__main__":
    shared.run_extension_manager()
