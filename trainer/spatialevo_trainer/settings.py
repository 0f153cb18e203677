"""Settings as text: read from TOML and `key=value`, laid over each other, written, explained."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spatialevo_core.errors import ConfigError


def read(path: Path) -> dict[str, Any]:
    """The settings of a TOML file; raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def setting(text: str) -> dict[str, Any]:
    """`lora.rank=8` as {"lora": {"rank": 8}}; a value that is no TOML is a string."""
    key, equals, raw = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"setting '{text}' is not of the form key=value")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError as error:
        if raw.lstrip().startswith(("[", "{")):
            raise ConfigError(
                f"setting '{text}': the list or table is not TOML: {error}; "
                "strings in it stand in quotes, as in 'tasks=[\"a\"]'"
            ) from None
        value = raw
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return dict(value)


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, of settings in both those above; tables are merged, lists replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = over(old, value) if nested else value  # type: ignore[arg-type]
    return merged


def explained(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake in one line: the setting, and what would be right."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"there is no setting '{where}'; {_instead(first, model)}"
    if first["type"] == "missing":
        return f"setting '{where}' is missing"
    if first["type"] in ("model_type", "model_attributes_type"):
        keys = ", ".join(_table(model, first["loc"]))
        return f"setting '{where}' is a table with the keys {keys}, not {first['input']!r}"
    message = first["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
    message = message[:1].lower() + message[1:]
    return f"setting '{where}': {message}, not {first['input']!r}" if where else message


def to_toml(values: Mapping[str, Any], prefix: str = "") -> str:
    """The same settings as a TOML file: plain values first, then tables and arrays of tables."""
    lines, tables = [], []
    for key, value in values.items():
        if isinstance(value, Mapping):
            tables.append(f"\n[{prefix}{key}]\n{to_toml(value, f'{prefix}{key}.')}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables += [f"\n[[{prefix}{key}]]\n{to_toml(each)}" for each in value]
        else:
            lines.append(f"{key} = {_value(value)}\n")
    return "".join(lines + tables)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    return json.dumps(value, ensure_ascii=False)


def _instead(unknown: ErrorDetails, model: type[BaseModel]) -> str:
    """The nearest of the settings beside it, else of all, else those beside it."""
    *parents, name = (str(part) for part in unknown["loc"])
    beside = {key: ".".join([*parents, key]) for key in _table(model, unknown["loc"][:-1])}
    everywhere = {path.rpartition(".")[2]: path for path in _paths(model)}
    for known in (beside, everywhere):
        if close := get_close_matches(name, known, n=1):
            return f"did you mean '{known[close[0]]}'?"
    return f"known: {', '.join(beside.values())}"


def _table(model: type[BaseModel], where: tuple[int | str, ...]) -> list[str]:
    """The keys of the table at this place; places in lists are numbers."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = _inner(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = _inner(field.annotation)
        yield f"{prefix}{name}"
        if inner is not None:
            yield from _paths(inner, f"{prefix}{name}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The table that a setting is, or a list of which it is."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None
