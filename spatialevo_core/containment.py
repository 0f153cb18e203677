"""What another's code may not do while it is imported or called: print results, hang unseen, patch.

A plugin runs in our process, so this keeps accidents apart and is no wall against malice: code that
ends the process, or edits objects that it was given, is not stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import cached_property
from threading import Timer
from types import FunctionType, ModuleType
from typing import Any

from spatialevo_core.errors import ConfigError

DISABLED = "SPATIALEVO_DISABLE_PLUGINS"
"""Environment variable: names of plugins or distributions to leave alone, separated by commas."""
PATIENCE_S = 10.0
"""After which a plugin that is still being imported or called is named on stderr."""

_CODE = (FunctionType, type, property, staticmethod, classmethod, cached_property)
_CORE = "spatialevo_core"
_foreign = ContextVar("foreign", default=False)


def not_within() -> None:
    """Raise ConfigError if a plugin is being imported or called: it waits for what it asks for."""
    if _foreign.get():
        raise ConfigError(
            "asked for the registry while it is made; ask when a task or a command is at work"
        )


@contextmanager
def quiet(plugin: str, doing: str) -> Iterator[None]:
    """What is printed inside goes to stderr: stdout is for results. Who takes long is named there.

    An import cannot be interrupted without leaving half a module behind, so it is not.
    """
    waiting = Timer(PATIENCE_S, _name, (plugin, doing))
    waiting.daemon = True
    waiting.start()
    token = _foreign.set(True)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _foreign.reset(token)
        waiting.cancel()


class Intact:
    """The functions and classes of the core as they were, to be put back if a plugin swaps one."""

    def __init__(self) -> None:
        self._parts = [
            (holder, name, value)
            for holder in _holders()
            for name, value in vars(holder).items()
            if isinstance(value, _CODE)
        ]

    def restore(self) -> None:
        """Put everything back; raises ConfigError that names what somebody had replaced."""
        swapped = [part for part in self._parts if vars(part[0]).get(part[1]) is not part[2]]
        for holder, name, value in swapped:
            setattr(holder, name, value)
        if swapped:
            told = ", ".join(dict.fromkeys(_path(holder, name) for holder, name, _ in swapped))
            raise ConfigError(
                f"replaced {told}, which was put back; add a task, rule or definition instead"
            )


def _holders() -> Iterator[Any]:
    """The loaded modules of the core and the classes that they define."""
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == _CORE and isinstance(module, ModuleType):
            yield module
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == module_name:
                    yield value


def _path(holder: Any, name: str) -> str:
    if isinstance(holder, ModuleType):
        return f"{holder.__name__}.{name}"
    return f"{holder.__module__}.{holder.__qualname__}.{name}"


def _name(plugin: str, doing: str) -> None:
    sys.stderr.write(
        f"plugin '{plugin}' has been at {doing} for {PATIENCE_S:g} s; "
        f"to do without it, stop this and set {DISABLED}={plugin}\n"
    )
    sys.stderr.flush()
