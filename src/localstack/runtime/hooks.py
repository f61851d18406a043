"""Functions that the platform calls at moments of its life, beside the hooks of extensions.

A distribution has them as entry points of the namespaces below, which plux writes when the distribution is built:

>>> @on_infra_start(priority=10)
... def prepare():
...     ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from plux import plugin

__all__ = [
    "HOOKS_ON_INFRA_READY",
    "HOOKS_ON_INFRA_SHUTDOWN",
    "HOOKS_ON_INFRA_START",
    "hook",
    "hook_spec",
    "on_infra_ready",
    "on_infra_shutdown",
    "on_infra_start",
]

_F = TypeVar("_F", bound=Callable[[], Any])

HOOKS_ON_INFRA_START = "localstack.hooks.on_infra_start"
"""Before extensions are loaded; AWS clients of the process are answered."""

HOOKS_ON_INFRA_READY = "localstack.hooks.on_infra_ready"
"""Before ``Ready.`` is printed; the gateway answers."""

HOOKS_ON_INFRA_SHUTDOWN = "localstack.hooks.on_infra_shutdown"
"""Before ``on_platform_shutdown`` of the extensions."""


class _HookSpec(Protocol):
    """Makes hooks of one namespace; parameters as for ``hook``."""

    def __call__(self, priority: int = 0, **plugin_options: Any) -> Callable[[_F], _F]: ...


def hook(namespace: str, priority: int = 0, **plugin_options: Any) -> Callable[[_F], _F]:
    """Decorator that makes a function without parameters a hook.

    :param namespace: when it is called, e.g. ``HOOKS_ON_INFRA_START``
    :param priority: of the hooks of a namespace those with a higher one are called first
    :param plugin_options: those of ``plux.plugin``, e.g. ``should_load``, a value or a function that is asked first
    """

    def decorate(fn: _F) -> _F:
        fn.hook_priority = priority  # type: ignore[attr-defined]
        hooked: _F = plugin(namespace, **plugin_options)(fn)
        return hooked

    return decorate


def hook_spec(namespace: str) -> _HookSpec:
    """A decorator like ``hook`` for one namespace."""

    def spec(priority: int = 0, **plugin_options: Any) -> Callable[[_F], _F]:
        return hook(namespace, priority, **plugin_options)

    return spec


on_infra_start = hook_spec(HOOKS_ON_INFRA_START)
on_infra_ready = hook_spec(HOOKS_ON_INFRA_READY)
on_infra_shutdown = hook_spec(HOOKS_ON_INFRA_SHUTDOWN)
