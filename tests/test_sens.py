"""ScanNet's `.sens` recordings: the same scene as the folder exported from them."""

import pickle
import shutil
import struct
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import sens_files
from spatialevo_core.errors import DataError
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.sens import read_sens
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.scannet_writer import write_scannet

ID = "room-0"
LOST = 2
SIX_DIGITS = 0.5e-6
"""What '%f' rounds off, at most."""


@pytest.fixture(scope="module")
def blueprint():
    whole = rooms.room(0)
    return replace(whole, cameras=whole.cameras[:6])


@pytest.fixture(scope="module")
def streamed_root(blueprint, tmp_path_factory):
    """The room with its recording in one file, in which one pose is lost."""
    root = tmp_path_factory.mktemp("streamed")
    path = write_scannet(blueprint, root, sens=True) / f"{ID}.sens"
    data = bytearray(path.read_bytes())
    at = sens_files.unpacked(bytes(data)).shots[LOST].at
    data[at : at + 64] = struct.pack("16f", *[-np.inf] * 16)
    path.write_bytes(data)
    return root


@pytest.fixture(scope="module")
def streamed(streamed_root):
    return ScanNet().load(streamed_root, ID)


@pytest.fixture(scope="module", params=["%.17g", "%f"])
def exported(request, streamed_root, tmp_path_factory):
    """The scene of the exported folder alone, and how far its numbers may be off."""
    root = tmp_path_factory.mktemp("exported") / "root"
    shutil.copytree(streamed_root, root)
    path = root / "scans" / ID / f"{ID}.sens"
    sens_files.export(path, request.param)
    path.unlink()
    return ScanNet().load(root, ID), SIX_DIGITS if request.param == "%f" else 0.0


def test_a_recording_and_the_folder_exported_from_it_are_the_same_scene(streamed, exported):
    scene, off = exported
    assert [f.index for f in streamed.frames] == [f.index for f in scene.frames] == [0, 1, 3, 4, 5]
    assert streamed.dropped_poses == scene.dropped_poses == 1
    for ours, theirs in zip(streamed.frames, scene.frames, strict=True):
        assert (ours.width, ours.height) == (theirs.width, theirs.height) == rooms.COLOR_SIZE
        assert (ours.depth.width, ours.depth.height) == rooms.DEPTH_SIZE
        for one, other in (
            (ours.T_world_camera, theirs.T_world_camera),
            (ours.K, theirs.K),
            (ours.depth.K, theirs.depth.K),
        ):
            np.testing.assert_allclose(one, other, rtol=0, atol=off * (1 + 1e-9))
        assert np.array_equal(ours.depth.read(), theirs.depth.read())
        assert ours.read().tobytes() == theirs.read().tobytes()


def test_mesh_and_objects_do_not_depend_on_the_recording(streamed, exported):
    scene, _ = exported
    assert np.array_equal(streamed.points, scene.points)
    assert np.array_equal(streamed.faces, scene.faces)
    assert [(i.id, i.label) for i in streamed.instances] == [
        (i.id, i.label) for i in scene.instances
    ]


def test_a_written_recording_is_the_room_to_single_precision(blueprint, streamed):
    room = rooms.build(blueprint)
    kept = [frame for frame in room.frames if frame.index != LOST]
    for ours, theirs in zip(kept, streamed.frames, strict=True):
        np.testing.assert_allclose(theirs.T_world_camera, ours.T_world_camera, atol=1e-6)
        assert np.array_equal(ours.K, theirs.K)
        assert np.array_equal(ours.depth.read(), theirs.depth.read())
        colour = np.asarray(ours.read(), float) - np.asarray(theirs.read(), float)
        assert np.abs(colour).mean() < 4


def test_an_exported_folder_goes_before_the_recording(streamed_root, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(streamed_root, root)
    folder = root / "scans" / ID
    sens_files.export(folder / f"{ID}.sens", "%f")
    (folder / "pose" / "0.txt").unlink()
    (folder / "color" / "0.jpg").unlink()
    scene = ScanNet().load(root, ID)
    assert [frame.index for frame in scene.frames] == [1, 3, 4, 5]
    assert folder / f"{ID}.sens" not in ScanNet().files(root, ID)


def test_readers_are_plain_data(streamed):
    frame = streamed.frames[0]
    again = pickle.loads(pickle.dumps((frame.read, frame.depth.read)))
    assert again == (frame.read, frame.depth.read)
    assert np.array_equal(again[1](), frame.depth.read())


def test_depth_is_in_the_units_that_the_header_states(tmp_path):
    path = tmp_path / "a.sens"
    path.write_bytes(sens_files.sens(shift=500.0))
    metres = read_sens(path).depth(1)()
    assert metres.dtype == np.float32
    assert metres.shape == (24, 32)
    np.testing.assert_allclose(metres.ravel(), np.arange(24 * 32) / 500, rtol=1e-6)


def test_what_follows_the_frames_is_ignored(tmp_path):
    path = tmp_path / "a.sens"
    path.write_bytes(sens_files.sens() + struct.pack("Q", 1) + bytes(90))
    assert len(read_sens(path).frames.poses) == 3


def test_a_long_recording_is_indexed_quickly_and_without_its_images(tmp_path):
    count, gap = 2000, 20_000
    path = tmp_path / "a.sens"
    with path.open("wb") as file:
        file.write(sens_files.sens([], count=count))
        for pose in sens_files.poses(count):
            file.write(sens_files.frame(pose, b"c" * 10, b"d" * 10)[:-20])
            # as much as two images would take, as a hole in the file
            file.seek(-16, 1)
            file.write(struct.pack("QQ", gap, gap))
            file.seek(2 * gap, 1)
        file.truncate()
    tracemalloc.start()
    started = time.process_time()
    frames = read_sens(path).frames
    took = time.process_time() - started
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert most < 1_000_000
    np.testing.assert_array_equal(frames.poses, sens_files.poses(count))
    step = 96 + 2 * gap
    assert frames.color[:, 0].tolist() == [frames.color[0, 0] + at * step for at in range(count)]
    assert (frames.depth[:, 0] - frames.color[:, 0] == gap).all()


def stored(tmp_path, data):
    path = tmp_path / "a.sens"
    path.write_bytes(data)
    return path


SHORT = sens_files.sens()
FAULTS = {
    "empty": (b"", "is truncated: it has 0 bytes"),
    "header cut": (SHORT[:200], "is truncated: its header takes 319 bytes of 200"),
    "another version": (sens_files.sens(version=3), "has version 3; expected 4"),
    "no recording": (b"\xff\xd8\xff\xe0 a picture", "has version 3774863615; expected 4"),
    "name beyond the file": (
        struct.pack("<IQ", 4, 2**63) + SHORT[12:],
        "is truncated: its header takes 92233720368547",
    ),
    "colour not JPEG": (
        sens_files.sens(compression=(0, 1)),
        r"colour of kind 0 and depth of kind 1; expected JPEG \(2\) and zlib \(1\)",
    ),
    "depth of another kind": (sens_files.sens(compression=(2, 2)), "and depth of kind 2"),
    "images of no size": (sens_files.sens(sizes=(0, 48, 32, 24)), "has images of 0x48 pixels"),
    "enormous images": (
        sens_files.sens(sizes=(64, 48, 2**32 - 1, 2**32 - 1)),
        "has images of 4294967295x4294967295 pixels; no camera does",
    ),
    "no unit of depth": (sens_files.sens(shift=0.0), "has 0.0 depth units per metre"),
    "a unit of a lightyear": (sens_files.sens(shift=1e-38), "depth units per metre; expected such"),
    "unit not finite": (sens_files.sens(shift=np.nan), "has nan depth units per metre"),
    "10^18 frames": (
        sens_files.sens(count=10**18),
        "announces 1000000000000000000 frames, which take more than",
    ),
    "one frame too many": (sens_files.sens(count=4), "frame 3 of 4 is missing"),
    "last frame cut": (SHORT[:-1], "is truncated: frame 2 of 3 breaks off"),
    "second frame cut": (
        SHORT[: sens_files.unpacked(SHORT).shots[1].at + 200],
        "is truncated: frame 1 of 3 breaks off",
    ),
    "image beyond the file": (
        sens_files.sens([sens_files.frame()[:80] + struct.pack("QQ", 2**64 - 1, 1) + bytes(500)]),
        "is truncated: frame 0 of 1 breaks off",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_recording_is_one_clear_error_at_no_cost(tmp_path, fault):
    data, message = FAULTS[fault]
    path = stored(tmp_path, data)
    tracemalloc.start()
    with pytest.raises(DataError, match=message) as caught:
        read_sens(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000
    assert "\n" not in str(caught.value)


BOMB = sens_files.zlib.compress(bytes(50_000_000), 9)
IMAGES = {
    "colour no image": ("color", {"color": b"nothing"}, "colour image at byte 415 is truncated or"),
    "colour cut": ("color", {"color": sens_files.jpeg()[:-40]}, "is truncated or damaged"),
    "colour of another size": (
        "color",
        {"color": sens_files.jpeg(32, 24)},
        "colour image at byte 415 is 32x24 pixels; expected 64x48",
    ),
    "depth not zlib": ("depth", {"depths": b"nothing"}, "is damaged: .*expected zlib"),
    "depth cut": ("depth", {"depths": sens_files.depth()[:-300]}, "bytes; 32x24 pixels take 1536"),
    "depth of another size": (
        "depth",
        {"depths": sens_files.depth(32, 20)},
        "has 1280 bytes; 32x24 pixels take 1536",
    ),
    "depth that swells": ("depth", {"depths": BOMB}, "has more bytes; 32x24 pixels take 1536"),
}


@pytest.mark.parametrize("fault", IMAGES)
def test_a_faulty_image_is_named_when_it_is_read(tmp_path, fault):
    kind, changed, message = IMAGES[fault]
    recording = read_sens(stored(tmp_path, sens_files.sens([sens_files.frame(**changed)])))
    read = getattr(recording, kind)(0)
    tracemalloc.start()
    with pytest.raises(DataError, match=message) as caught:
        read()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000
    assert "\n" not in str(caught.value)


def test_a_recording_that_is_cut_after_it_was_indexed_is_noticed(tmp_path):
    path = stored(tmp_path, SHORT)
    recording = read_sens(path)
    path.write_bytes(SHORT[:500])
    with pytest.raises(DataError, match="is truncated or no image"):
        recording.color(2)()
    with pytest.raises(DataError, match="has 0 bytes; 32x24 pixels take 1536"):
        recording.depth(2)()
    path.unlink()
    with pytest.raises(DataError, match=r"a\.sens is missing"):
        recording.depth(0)()
