"""Triangle meshes in PLY files, binary or text.

Own code, since trimesh reads a broken file as far as it gets: it trusts the counts of the header,
takes the number of corners of all faces from the first, and opens textures that the file names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import FARTHEST_M, read_bytes

WIDEST_M = 200.0
"""Longest side of a scan; one in millimetres is beyond, and so is one with a stray vertex."""

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
_HEADER = re.compile(rb"ply\s*\n(.*\n)end_header[ \t]*\r?\n", re.DOTALL)
_CORNERS = ("vertex_indices", "vertex_index")


@dataclass(frozen=True, eq=False)
class PlyMesh:
    """Vertices as stored, and the triangles between them."""

    points: Float32[np.ndarray, "n 3"]
    triangles: Int32[np.ndarray, "m 3"]
    """Positions in `points`; none where the file has no faces."""


@dataclass(frozen=True)
class _Property:
    kind: str
    """numpy type of the number, or of the numbers in the list."""
    count_kind: str | None = None
    """numpy type of a list's length; None for a single number."""


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: dict[str, _Property] = field(default_factory=dict)


def read_mesh(path: Path) -> PlyMesh:
    """The mesh of a file; raises DataError if the file is not what its header announces."""
    data = read_bytes(path)
    header = _HEADER.match(data)
    if header is None:
        raise DataError(f"{path} has no PLY header; expected 'ply' ... 'end_header'")
    order, elements = _parsed(path, header[1].decode(errors="replace").splitlines())
    body = memoryview(data)[header.end() :]
    if order == _ORDERS["ascii"]:
        body = memoryview(_doubles(path, body))
        elements = [_of_doubles(each) for each in elements]
    tables = {}
    for element in elements:
        row = _row(path, element, order, body)
        size = element.count * row.itemsize
        if size > len(body):
            raise _truncated(path, element)
        if row.itemsize:
            tables[element.name] = _table(path, element, row, body)
        body = body[size:]
    points = _points(path, tables["vertex"])
    faces = tables.get("face")
    if faces is None or not len(faces):
        return PlyMesh(points, np.zeros((0, 3), np.int32))
    return PlyMesh(points, _triangles(path, faces, len(points)))


def _parsed(path: Path, header: list[str]) -> tuple[str, list[_Element]]:
    """The order of bytes, and what the header announces."""
    order = None
    elements: list[_Element] = []
    for line in header:
        try:
            match line.split():
                case ["format", name, "1.0"]:
                    order = _ORDERS[name]
                case ["element", name, count] if count.isdecimal():
                    if name in {each.name for each in elements}:
                        raise ValueError
                    elements.append(_Element(name, int(count)))
                case ["property", "list", count_kind, kind, name]:
                    _add(elements[-1], name, _Property(_TYPES[kind], _TYPES[count_kind]))
                case ["property", kind, name]:
                    _add(elements[-1], name, _Property(_TYPES[kind]))
                case ["format" | "element" | "property", *_]:
                    raise ValueError
        except (IndexError, KeyError, ValueError):
            raise DataError(f"{path}: header line {line.strip()!r} is not understood") from None
    if order is None:
        raise DataError(f"{path} has no header line 'format'; expected binary or ascii 1.0")
    axes = set(elements[0].properties) if elements else set()
    if not elements or elements[0].name != "vertex" or not axes.issuperset("xyz"):
        raise DataError(f"{path}: the first element is no vertex with x, y and z")
    if not elements[0].count:
        raise DataError(f"{path} has no vertices")
    return order, elements


def _add(element: _Element, name: str, new: _Property) -> None:
    if name in element.properties:
        raise ValueError
    element.properties[name] = new


def _doubles(path: Path, text: memoryview) -> bytes:
    """The numbers of a text file as a binary one would hold them, were all of them doubles."""
    try:
        return np.fromiter(map(float, bytes(text).split()), np.float64).tobytes()
    except ValueError:
        raise DataError(f"{path} holds other things than numbers after its header") from None


def _of_doubles(element: _Element) -> _Element:
    properties = {
        name: _Property("f8", None if each.count_kind is None else "f8")
        for name, each in element.properties.items()
    }
    return _Element(element.name, element.count, properties)


def _row(path: Path, element: _Element, order: str, body: memoryview) -> np.dtype[np.void]:
    """One row of the element, its lists as long as those of the first row."""
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
    for name, each in element.properties.items() if element.count else ():
        if each.count_kind is None:
            fields.append((name, order + each.kind))
            continue
        at, count_type = np.dtype(fields).itemsize, np.dtype(order + each.count_kind)
        if len(body) < at + count_type.itemsize:
            raise _truncated(path, element)
        length = np.frombuffer(body, count_type, 1, at)[0].item()
        if not 0 <= length * np.dtype(each.kind).itemsize <= len(body):
            raise _truncated(path, element)
        fields += [(_length(name), count_type.str), (name, order + each.kind, (int(length),))]
    return np.dtype(fields)


def _table(path: Path, element: _Element, row: np.dtype[np.void], body: memoryview) -> np.ndarray:
    """The rows of the element; raises DataError if their lists differ in length."""
    table = np.frombuffer(body, row, element.count)
    for name, each in element.properties.items():
        if each.count_kind is None:
            continue
        lengths, expected = table[_length(name)], row[name].shape[0]
        other = np.flatnonzero(lengths != expected)
        if len(other):
            raise DataError(
                f"{path}: {name} of {element.name} {other[0]} has {lengths[other[0]]} entries; "
                f"expected {expected}, as the first has"
            )
    return table


def _length(name: str) -> str:
    """The name of the field with a list's length; no property is called so."""
    return f"length of {name}"


def _truncated(path: Path, element: _Element) -> DataError:
    return DataError(
        f"{path} is truncated: its header announces {element.count} x {element.name}, "
        "and fewer bytes follow"
    )


def _points(path: Path, vertices: np.ndarray) -> Float32[np.ndarray, "n 3"]:
    with np.errstate(over="ignore"):
        points = np.stack([vertices[axis].astype(np.float32) for axis in "xyz"], axis=1)
    faulty = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(faulty):
        raise DataError(f"{path}: vertex {faulty[0]} is not finite ({len(faulty)} in all)")
    far = np.flatnonzero((np.abs(points) >= FARTHEST_M).any(axis=1))
    if len(far):
        raise DataError(
            f"{path}: vertex {far[0]} lies {FARTHEST_M} m or more from the origin "
            f"({len(far)} in all); expected metres in a room"
        )
    wide_m = np.ptp(points, axis=0).max() if len(points) else 0.0
    if wide_m > WIDEST_M:
        raise DataError(
            f"{path} spans {wide_m:.0f} m; expected a room of at most {WIDEST_M:.0f}, in metres"
        )
    return points


def _triangles(path: Path, faces: np.ndarray, vertices: int) -> Int32[np.ndarray, "m 3"]:
    name = next((each for each in _CORNERS if _length(each) in (faces.dtype.names or ())), None)
    if name is None:
        raise DataError(f"{path}: the faces have no list {' or '.join(_CORNERS)}")
    corners = faces[name]
    if corners.shape[1] != 3:
        raise DataError(f"{path}: the faces have {corners.shape[1]} corners; expected triangles")
    known = (corners >= 0) & (corners < vertices) & (corners == np.floor(corners))
    foreign = np.flatnonzero(~known.all(axis=1))
    if len(foreign):
        raise DataError(
            f"{path}: face {foreign[0]} has a corner that is no vertex; "
            f"expected 0 to {vertices - 1}"
        )
    return corners.astype(np.int32)
