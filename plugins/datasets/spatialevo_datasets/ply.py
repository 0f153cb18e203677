"""The vertices of a binary PLY file, without its faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import read_bytes

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "<i2"),
    **dict.fromkeys(("ushort", "uint16"), "<u2"),
    **dict.fromkeys(("int", "int32"), "<i4"),
    **dict.fromkeys(("uint", "uint32"), "<u4"),
    **dict.fromkeys(("float", "float32"), "<f4"),
    **dict.fromkeys(("double", "float64"), "<f8"),
}
_FORMAT = ["format", "binary_little_endian", "1.0"]
_END = b"end_header"


@dataclass
class _Element:
    name: str
    count: int
    fields: list[tuple[str, str]]
    """Name and type of the scalar properties."""
    list_bytes: int = 0
    """Least size of the list properties: a face has at least three corners."""

    @property
    def least_bytes(self) -> int:
        return self.count * (np.dtype(self.fields).itemsize + self.list_bytes)


def read_vertices(path: Path) -> Float32[np.ndarray, "n 3"]:
    """The vertex positions as stored; raises DataError if the file is not what it announces."""
    data = read_bytes(path)
    head, mark, rest = data.partition(_END)
    body = rest.partition(b"\n")[2]
    if not data.startswith(b"ply") or not mark:
        raise DataError(f"{path} has no PLY header; expected 'ply' ... 'end_header'")
    elements = _elements(path, head.decode(errors="replace").splitlines()[1:])
    vertices = elements[0]
    least = sum(each.least_bytes for each in elements)
    if len(body) < least:
        counts = ", ".join(f"{each.count} {each.name}" for each in elements)
        raise DataError(
            f"{path} is truncated: {len(body)} bytes after the header; {counts} take {least}"
        )
    table = np.frombuffer(body, np.dtype(vertices.fields), count=vertices.count)
    points = np.stack([table[axis].astype(np.float32) for axis in "xyz"], axis=1)
    faulty = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(faulty):
        raise DataError(f"{path}: vertex {faulty[0]} is not finite ({len(faulty)} in all)")
    return points


def _elements(path: Path, header: list[str]) -> list[_Element]:
    elements: list[_Element] = []
    for line in header:
        words = line.split()
        try:
            if words[:1] == ["format"] and words != _FORMAT:
                raise DataError(f"{path}: {line.strip()}; expected {' '.join(_FORMAT)}")
            if words[:1] == ["element"]:
                elements.append(_Element(words[1], int(words[2]), []))
            elif words[:2] == ["property", "list"]:
                sizes = [np.dtype(_TYPES[word]).itemsize for word in words[2:4]]
                elements[-1].list_bytes += sizes[0] + 3 * sizes[1]
            elif words[:1] == ["property"]:
                elements[-1].fields.append((words[2], _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError):
            raise DataError(f"{path}: header line {line.strip()!r} is not understood") from None
    axes = {name for name, _ in elements[0].fields} if elements else set()
    if not elements or elements[0].name != "vertex" or not axes.issuperset("xyz"):
        raise DataError(f"{path}: the first element is no vertex with x, y and z")
    return elements
