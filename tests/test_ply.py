"""Meshes in every form that PLY allows, and broken ones; each file is written out by hand."""

import struct
import tracemalloc

import numpy as np
import pytest

from spatialevo_core.errors import DataError
from spatialevo_datasets.ply import read_mesh

POINTS = [(0.0, 0.0, 0.0), (1.5, 0.0, 0.0), (0.0, 2.25, 0.0), (0.0, 0.0, -3.0)]
TRIANGLES = [(0, 1, 2), (1, 3, 2)]


def header(form, *lines):
    return "\n".join(["ply", f"format {form} 1.0", *lines, "end_header", ""]).encode()


def binary(
    *, order="<", number="f", index="i", count="B", points=POINTS, triangles=TRIANGLES, extra=False
):
    """The mesh with coordinates of type `number` and corners of type `index`."""
    names = {"f": "float", "d": "double", "i": "int", "I": "uint", "H": "ushort", "B": "uchar"}
    form = {"<": "binary_little_endian", ">": "binary_big_endian"}[order]
    lines = ["comment by hand", f"element vertex {len(points)}"]
    lines += ["property double time"] if extra else []
    lines += [f"property {names[number]} {axis}" for axis in "xyz"]
    lines += ["property uchar red", "property short label"] if extra else []
    lines += [f"element face {len(triangles)}"]
    lines += ["property uchar flags"] if extra else []
    lines += [f"property list {names[count]} {names[index]} vertex_indices"]
    lines += ["property list uchar float texcoord"] if extra else []
    body = b""
    for point in points:
        body += struct.pack(order + "d", 7.0) if extra else b""
        body += struct.pack(order + 3 * number, *point)
        body += struct.pack(order + "Bh", 255, -2) if extra else b""
    for corners in triangles:
        body += b"\x09" if extra else b""
        body += struct.pack(order + count + len(corners) * index, len(corners), *corners)
        body += struct.pack(order + "B6f", 6, *range(6)) if extra else b""
    return header(form, *lines) + body


def text(rows=None, count=4):
    lines = [f"element vertex {count}", *(f"property float {axis}" for axis in "xyz")]
    lines += ["property uchar red", "element face 2", "property list uchar int vertex_index"]
    rows = rows or [f"{x} {y} {z} 200" for x, y, z in POINTS] + ["3 0 1 2", "3 1 3 2"]
    return header("ascii", *lines) + "\n".join(rows).encode()


FORMS = {
    "little endian": binary(),
    "big endian": binary(order=">"),
    "double and unsigned": binary(number="d", index="I"),
    "short corners with a long count": binary(index="H", count="I"),
    "further properties": binary(extra=True),
    "further properties, big endian": binary(order=">", extra=True),
    "carriage returns": binary().replace(b"\n", b"\r\n", 11),
    "text": text(),
    "text in one line": text([" ".join(text().split(b"end_header\n")[1].decode().split())]),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_mesh_is_read_from_every_form(tmp_path, form):
    path = tmp_path / "mesh.ply"
    path.write_bytes(FORMS[form])
    mesh = read_mesh(path)
    np.testing.assert_array_equal(mesh.points, POINTS)
    np.testing.assert_array_equal(mesh.triangles, TRIANGLES)
    assert (mesh.points.dtype, mesh.triangles.dtype) == (np.float32, np.int32)


def test_vertices_alone_are_a_mesh_without_triangles(tmp_path):
    path = tmp_path / "mesh.ply"
    for data in (binary(triangles=[]), binary(triangles=[]).replace(b"element face 0\n", b"")):
        path.write_bytes(data)
        if b"element face" not in data:
            path.write_bytes(data.replace(b"property list uchar int vertex_indices\n", b""))
        assert read_mesh(path).triangles.shape == (0, 3)
        np.testing.assert_array_equal(read_mesh(path).points, POINTS)


def replaced(old, new, data=None):
    data = data or binary()
    assert old in data
    return data.replace(old, new)


BROKEN = {
    "empty": (b"", "has no PLY header"),
    "no end of header": (binary().partition(b"end_header")[0], "has no PLY header"),
    "end in a comment": (
        b"ply\nformat ascii 1.0\ncomment end_header\nelement vertex 4\n",
        "has no PLY header",
    ),
    "no format": (
        replaced(b"format binary_little_endian 1.0\n", b""),
        "has no header line 'format'",
    ),
    "another format": (
        replaced(b"binary_little_endian 1.0", b"utf8 1.0"),
        "header line 'format utf8 1.0' is not understood",
    ),
    "negative count": (replaced(b"vertex 4", b"vertex -4"), "line 'element vertex -4'"),
    "count of words": (replaced(b"vertex 4", b"vertex four"), "line 'element vertex four'"),
    "element twice": (
        replaced(b"element face 2", b"element vertex 2"),
        "header line 'element vertex 2' is not understood",
    ),
    "property twice": (
        replaced(b"float y", b"float x"),
        "header line 'property float x' is not understood",
    ),
    "property of nothing": (
        replaced(b"comment by hand", b"property float x"),
        "header line 'property float x'",
    ),
    "faces first": (
        replaced(b"vertex 4", b"edge 4"),
        "the first element is no vertex with x, y and z",
    ),
    "no vertices": (replaced(b"vertex 4", b"vertex 0"), "has no vertices"),
    "vertices break off": (
        binary()[:-40],
        "truncated: its header announces 4 x vertex, and fewer bytes follow",
    ),
    "faces break off": (binary()[:-1], "truncated: its header announces 2 x face"),
    "no face at all": (binary()[:-26], "truncated: its header announces 2 x face"),
    "10^12 vertices": (replaced(b"vertex 4", b"vertex 1000000000000"), "is truncated"),
    "10^40 vertices": (replaced(b"vertex 4", b"vertex 1" + b"0" * 40), "is truncated"),
    "10^12 vertices in text": (
        replaced(b"vertex 4", b"vertex 1000000000000", text()),
        "is truncated",
    ),
    "10^12 faces": (replaced(b"face 2", b"face 1000000000000"), "is truncated"),
    "list of four billion": (
        replaced(b"\3\0\0\0\0\0\0\0", b"\xff\xff\xff\xff\0\0\0\0", binary(count="I")),
        "is truncated",
    ),
    "polygons": (
        binary(triangles=[(0, 1, 2, 3)]),
        "the faces have 4 corners; expected triangles",
    ),
    "a polygon among triangles": (
        binary(triangles=[(0, 1, 2), (0, 1, 2, 3), (1, 2, 3)]),
        "vertex_indices of face 1 has 4 entries; expected 3, as the first has",
    ),
    "corner beyond the vertices": (
        binary(triangles=[(0, 1, 2), (1, 4, 2)]),
        "face 1 has a corner that is no vertex; expected 0 to 3",
    ),
    "negative corner": (binary(triangles=[(0, 1, -1)]), "face 0 has a corner that is no vertex"),
    "faces without corners": (
        replaced(b"vertex_indices", b"something"),
        "the faces have no list vertex_indices or vertex_index",
    ),
    "NaN vertex": (
        binary(points=[*POINTS[:3], (0, 0, np.nan)]),
        r"vertex 3 is not finite \(1 in all\)",
    ),
    "infinite vertices": (
        binary(points=[POINTS[0], (np.inf, 0, 0), (0, -np.inf, 0), POINTS[3]]),
        r"vertex 1 is not finite \(2 in all\)",
    ),
    "beyond single precision": (
        binary(number="d", points=[(1e300, 0, 0), *POINTS[1:]]),
        "vertex 0 is not finite",
    ),
    "words in text": (
        replaced(b"1.5", b"left", text()),
        "holds other things than numbers after its header",
    ),
    "text breaks off": (text()[:-4], "is truncated: its header announces 2 x face"),
    "text with broken corners": (
        replaced(b"3 1 3 2", b"3 1 nan 2", text()),
        "face 1 has a corner that is no vertex",
    ),
    "corners between the vertices": (
        replaced(b"3 1 3 2", b"3 1 0.5 2", text()),
        "face 1 has a corner that is no vertex",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_mesh_is_one_clear_error_at_no_cost(tmp_path, fault):
    data, message = BROKEN[fault]
    path = tmp_path / "mesh.ply"
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(DataError, match=message) as caught:
        read_mesh(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
