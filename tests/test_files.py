"""Images as files: how they are turned, and what is refused before it costs anything."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import ColourFile, DepthFile, check_inside, image_size

MILLIMETRES = np.arange(6, dtype=np.uint16).reshape(2, 3) * 1000
"""As stored: 3 wide, 2 high."""
TURNED = {
    0: [[0, 1, 2], [3, 4, 5]],
    1: [[2, 5], [1, 4], [0, 3]],
    2: [[5, 4, 3], [2, 1, 0]],
    3: [[3, 0], [4, 1], [5, 2]],
}
"""By anticlockwise quarter turns, written out by hand."""


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of_zeros(width: int, height: int) -> bytes:
    """A grey picture that says how large it is and holds one row."""
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(name, data) for name, data in ((b"IHDR", size), (b"IDAT", rows), (b"IEND", b""))
    )


@pytest.mark.parametrize(("turns", "expected"), TURNED.items())
def test_a_picture_is_turned_anticlockwise_and_delivered_in_its_own_size(tmp_path, turns, expected):
    depth, colour = tmp_path / "depth.png", tmp_path / "colour.png"
    Image.fromarray(MILLIMETRES).save(depth)
    Image.fromarray((MILLIMETRES // 100).astype(np.uint8)).save(colour)
    height, width = np.shape(expected)
    np.testing.assert_array_equal(DepthFile(depth, width, height, turns)(), expected)
    taken = ColourFile(colour, width, height, turns)()
    assert (taken.mode, taken.size) == ("RGB", (width, height))
    np.testing.assert_array_equal(np.asarray(taken)[:, :, 1], np.array(expected) * 10)


def test_the_expected_size_is_that_of_the_turned_picture(tmp_path):
    path = tmp_path / "0.png"
    Image.new("RGB", (30, 20)).save(path)
    with pytest.raises(DataError, match=r"0\.png is 30x20 pixels; expected 20x30"):
        ColourFile(path, 30, 20, turns=1)()


@pytest.mark.parametrize("side", [8_100, 12_000, 60_000])
def test_a_picture_that_claims_too_many_pixels_is_refused_undecoded(tmp_path, side):
    path = tmp_path / "0.png"
    path.write_bytes(png_of_zeros(side, side))
    reads = (lambda: image_size(path), ColourFile(path, side, side), DepthFile(path, side, side))
    for read in reads:
        tracemalloc.start()
        with pytest.raises(DataError, match=r"0\.png has more than 64000000 pixels"):
            read()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 1_000_000


def test_a_chunk_that_claims_two_gigabytes_reserves_nothing(tmp_path):
    path = tmp_path / "0.png"
    Image.fromarray(MILLIMETRES).save(path)
    data = path.read_bytes()
    at = data.index(b"IDAT") - 4
    path.write_bytes(data[:at] + struct.pack(">I", 2**31 - 1) + data[at + 4 :])
    tracemalloc.start()
    metres = DepthFile(path, 3, 2)()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000
    np.testing.assert_array_equal(metres, TURNED[0])


def picture(form: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (64, 48), (200, 10, 10)).save(stream, form)
    return stream.getvalue()


BROKEN = {
    "empty": (b"", "0.jpg is truncated or no image; expected JPEG or PNG"),
    "text": (b"<html>", "0.jpg is truncated or no image"),
    "another format": (picture("bmp"), "0.jpg is truncated or no image; expected JPEG or PNG"),
    "header alone": (picture("jpeg")[:20], "0.jpg is truncated or no image"),
    "half": (picture("jpeg")[:-40], "0.jpg is truncated or damaged: "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_picture_is_one_clear_error(tmp_path, name):
    data, message = BROKEN[name]
    path = tmp_path / "0.jpg"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        ColourFile(path, 64, 48)()
    assert "\n" not in str(caught.value)


def test_only_16_bit_depth_is_read(tmp_path):
    path = tmp_path / "0.png"
    Image.new("L", (4, 4)).save(path)
    with pytest.raises(DataError, match=r"0\.png has mode L; expected 16-bit grey millimetres"):
        DepthFile(path, 4, 4)()


def test_no_link_leads_out_of_the_folder(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "scans", outside):
        folder.mkdir(parents=True)
    (outside / "a.txt").write_text("")
    (root / "scans" / "own.txt").write_text("")
    (root / "scans" / "inner.txt").symlink_to(root / "scans" / "own.txt")
    check_inside(root, [root / "scans" / "own.txt", root / "scans" / "inner.txt"])
    (root / "scans" / "outer.txt").symlink_to(outside / "a.txt")
    (root / "folder").symlink_to(outside)
    for name in ("scans/outer.txt", "folder/a.txt", "../outside/a.txt"):
        with pytest.raises(DataError, match="leads out of"):
            check_inside(root, [root / name])


def test_a_root_may_itself_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    check_inside(tmp_path / "root", [tmp_path / "root" / "a.txt"])
