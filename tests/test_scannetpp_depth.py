"""The stream of depth images that ScanNet++'s iPhone recordings have."""

import builtins
import tracemalloc
import zlib

import numpy as np
import pytest

from scannetpp_folder import IPHONE, POSES, change, grey, write
from spatialevo_core.errors import DataError
from spatialevo_datasets.scannetpp import spatialevo_datasets
from spatialevo_datasets.scannetpp_depth import read_blocks

METRES = np.random.default_rng(0).integers(300, 5000, (3, 192, 256)).astype(np.float32) / 1000
METRES[:, :5] = 0


def lz4_block(metres):
    block = pytest.importorskip("lz4.block")
    millimetres = np.rint(metres * 1000).astype("<u2").tobytes()
    return block.compress(millimetres, store_size=False)


def deflated(metres):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(metres.astype("<f4").tobytes()) + packer.flush()


def stream(*blocks):
    return b"".join(len(each).to_bytes(4, "little") + each for each in blocks)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "depth.bin"


def test_blocks_of_either_kind_come_back(path):
    path.write_bytes(stream(lz4_block(METRES[0]), deflated(METRES[1]), lz4_block(METRES[2])))
    found = [each() for each in read_blocks(path)]
    assert found[0].dtype == np.float32
    for ours, theirs in zip(METRES, found, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-6)
    assert np.array_equal(found[1], METRES[1])


def test_what_is_no_depth_is_unknown(path):
    odd = METRES[0].copy()
    odd[100, :3] = np.nan, np.inf, -1
    path.write_bytes(stream(deflated(odd)))
    (block,) = read_blocks(path)
    assert block()[100, :3].tolist() == [0, 0, 0]
    assert np.array_equal(block()[101:], odd[101:])


def test_a_frame_has_the_block_of_its_number(tmp_path):
    root = write(tmp_path)
    (root / f"{IPHONE}/depth/frame_000007.png").unlink()
    (root / f"{IPHONE}/rgb/frame_000007.jpg").unlink()
    grey(root / f"{IPHONE}/rgb/frame_000002.jpg")
    change(root / POSES, lambda x: x.update(frame_000002=x["frame_000007"]))
    (root / f"{IPHONE}/depth.bin").write_bytes(stream(*map(deflated, METRES)))
    (frame,) = spatialevo_datasets()[1].load(root, "a1b2").frames
    assert np.array_equal(frame.depth.read(), METRES[2])
    # The colour image is 64 x 48 pixels with f = 32.
    np.testing.assert_allclose(frame.depth.K, [[128, 0, 128], [0, 128, 96], [0, 0, 1]])
    assert root / f"{IPHONE}/depth.bin" in spatialevo_datasets()[1].files(root, "a1b2")


def test_too_few_blocks_are_told(tmp_path):
    root = write(tmp_path)
    (root / f"{IPHONE}/depth/frame_000007.png").unlink()
    (root / f"{IPHONE}/depth.bin").write_bytes(stream(*map(deflated, METRES)))
    with pytest.raises(DataError, match=r"depth.bin holds 3 images, and none for frame_000007.jpg"):
        spatialevo_datasets()[1].load(root, "a1b2")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (stream(b"12345")[:-1], "image 0 is 5 bytes long, and 4 follow"),
        (stream(b"12345") + b"\1\0", "image 1 is 1 bytes long, and 0 follow"),
        (stream(b""), "image 0 is 0 bytes long, and 0 follow"),
        (deflated(METRES), "of the oldest form, which is to be extracted"),
    ],
    ids=["cut in an image", "cut in a length", "empty image", "one stream"],
)
def test_a_broken_file_is_told_before_it_is_read(path, data, told):
    path.write_bytes(data)
    with pytest.raises(DataError, match=told):
        read_blocks(path)


def test_no_more_blocks_are_looked_for_than_there_are_frames(tmp_path):
    root = write(tmp_path)
    (root / f"{IPHONE}/depth/frame_000007.png").unlink()
    stream_path = root / f"{IPHONE}/depth.bin"
    stream_path.write_bytes(stream(b"x") * 2_000_000)
    tracemalloc.start()
    scene = spatialevo_datasets()[1].load(root, "a1b2")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    # Each block is a length of four bytes and one byte.
    assert scene.frames[0].depth.read.offset == 7 * 5 + 4
    assert len(read_blocks(stream_path, 8)) == 8


@pytest.mark.parametrize(
    "block",
    [b"no depth", deflated(METRES[0])[:-50], deflated(METRES), deflated(METRES[0, :9])],
    ids=["text", "cut short", "three images", "too small"],
)
def test_a_damaged_image_is_told_when_it_is_read(path, block):
    pytest.importorskip("lz4")
    path.write_bytes(stream(block))
    (read,) = read_blocks(path)
    with pytest.raises(DataError, match=r"the image at byte 4 is damaged; expected 98304 bytes"):
        read()


def test_without_lz4_the_remedy_is_named(path, monkeypatch):
    path.write_bytes(stream(lz4_block(METRES[0]), deflated(METRES[1])))
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("lz4"):
            raise ImportError
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    packed, older = read_blocks(path)
    with pytest.raises(DataError, match=r"pip install 'spatialevo\[scannetpp\]'"):
        packed()
    assert np.array_equal(older(), METRES[1])
