"""New distributions of plugins, written from the scaffolds that plugins bring.

A scaffold is a folder `scaffold` in the package of a plugin that brings tasks, or datasets: itself
a distribution that works, about a plugin named `my_task`, or `my_dataset`. A copy under another
name is what a newcomer begins with.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from spatialevo_core.contributions import SNAKE_CASE
from spatialevo_core.errors import ConfigError
from spatialevo_core.registry import Registry, same_name

Kind = Literal["task", "dataset"]

_FOLDER = "scaffold"


def write_new(kind: Kind, name: str, parent: Path, registry: Registry) -> Path:
    """The new folder `parent/spatialevo-NAME`, a distribution with a plugin of that name.

    Raises ConfigError if the name cannot be used or is taken, or if the folder is there.
    """
    _check_name(kind, name, registry)
    scaffold = _scaffold(kind, registry)
    word = f"my_{kind}"

    def renamed(text: str) -> str:
        return text.replace(word, name).replace(_dashed(word), _dashed(name))

    folder = parent / f"spatialevo-{_dashed(name)}"
    if folder.exists() or folder.is_symlink():
        raise ConfigError(f"{folder} is already there; choose another name, or another --dir")
    written = {renamed(path): renamed(text) for path, text in _texts(scaffold)}
    folder.mkdir(parents=True)
    for path, text in written.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def _check_name(kind: Kind, name: str, registry: Registry) -> None:
    if not SNAKE_CASE.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f"'{name}' cannot name a {kind}; expected a Python name in snake_case, "
            "such as 'shelf_height'"
        )
    known = registry.tasks if kind == "task" else registry.datasets
    for other in known:
        if same_name(other) == same_name(name):
            raise ConfigError(f"there is a {kind} '{other}' already; choose another name")
    module = f"spatialevo_{name}"
    if find_spec(module) is not None:
        raise ConfigError(f"there is a module {module} already; choose another name")


def _scaffold(kind: Kind, registry: Registry) -> Traversable:
    """That of the first plugin that has one; ours come first."""
    for plugin in registry.plugins:
        if plugin.tasks if kind == "task" else plugin.datasets:
            package = plugin.module.partition(":")[0].partition(".")[0]
            is_folder = hasattr(sys.modules.get(package), "__path__")
            if is_folder and (folder := files(package) / _FOLDER).is_dir():
                return folder
    raise ConfigError(
        f"none of the plugins that bring {kind}s has a folder 'scaffold'; is one disabled?"
    )


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The files in a folder and below, by path; what Python compiled is none of it."""
    for each in sorted(folder.iterdir(), key=lambda item: item.name):
        if each.is_dir() and each.name != "__pycache__":
            yield from _texts(each, f"{prefix}{each.name}/")
        elif each.is_file():
            yield f"{prefix}{each.name}", each.read_text(encoding="utf-8")


def _dashed(name: str) -> str:
    return name.replace("_", "-")
