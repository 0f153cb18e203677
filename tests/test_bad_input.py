"""Broken ScanNet folders: one clear error for a scene or a counted loss, never a wrong scene."""

import json
import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sens_files
from scannet_files import (
    AGGREGATION,
    COLOUR_K,
    ID,
    MESH,
    POSE,
    SEGS,
    TEXT,
    VERTICES,
    grouped,
    matrix,
    ply,
    written,
)
from spatialevo_core.errors import DataError
from spatialevo_datasets.scannet import ScanNet
from test_files import png_of_zeros

SCANNET = ScanNet()
TABLE = "../../scannetv2-labels.combined.tsv"
STREAM = f"{ID}.sens"

FAULTS = {
    "truncated mesh": (MESH, ply(VERTICES)[:-20], "is truncated"),
    "mesh cut in its faces": (MESH, ply(VERTICES)[:-1], "is truncated"),
    "no mesh at all": (MESH, b"<html>", "has no PLY header"),
    "binary mesh called text": (
        MESH,
        ply(VERTICES).replace(b"binary_little_endian", b"ascii"),
        "holds other things than numbers after its header",
    ),
    "strange property": (
        MESH,
        ply(VERTICES).replace(b"float x", b"half x"),
        "header line 'property half x'",
    ),
    "vertex without z": (
        MESH,
        ply(VERTICES).replace(b"float z", b"float w"),
        "no vertex with x, y and z",
    ),
    "vertex not finite": (
        MESH,
        ply(np.where(VERTICES == 3, np.nan, VERTICES)),
        "vertex 6 is not finite",
    ),
    "truncated segments": (SEGS, '{"segIndices": [7, 7', "is truncated or no JSON"),
    "no segments": (SEGS, '{"sceneId": "x"}', "segIndices: field required"),
    "too few segments": (
        SEGS,
        '{"segIndices": [7, 7]}',
        "segIndices has 2 entries; .* has 7 vertices",
    ),
    "no label": (AGGREGATION, grouped(label=None), r"segGroups\[1\]\.label: field required"),
    "empty label": (AGGREGATION, grouped(label=" "), r"segGroups\[1\]\.label is empty"),
    "label a number": (AGGREGATION, grouped(label=5), r"segGroups\[1\]\.label: .*string"),
    "object twice": (AGGREGATION, grouped(objectId=4), "objectId 4 repeats"),
    "foreign segment": (
        AGGREGATION,
        grouped(segments=[40, 99]),
        r"segGroups\[1\]\.segments names segment 99, which no vertex has; expected segments of",
    ),
    "short alignment": (
        TEXT,
        "axisAlignment = 1 0 0",
        "axisAlignment holds 3 numbers; expected 16",
    ),
    "scaled alignment": (TEXT, f"axisAlignment = {'2 ' * 16}", "axisAlignment is no rigid motion"),
    "alignment of words": (TEXT, "axisAlignment = one", "axisAlignment: .*expected numbers"),
    "text not UTF-8": (TEXT, b"\xff\xfe", "no UTF-8 text at byte 0"),
    "pose of three rows": (
        "pose/0.txt",
        matrix(POSE[:3]),
        "holds 3x4 numbers; expected a 4x4 matrix",
    ),
    "empty pose": ("pose/0.txt", "", "expected a 4x4 matrix"),
    "pose that shears": (
        "pose/2.txt",
        matrix([[1, 1, 0, 0], *POSE[1:]]),
        "pose/2.txt is no rigid motion",
    ),
    "colour no image": ("color/0.jpg", b"jpg", "color/0.jpg is truncated or no image"),
    "colour without number": ("color/first.jpg", b"", "first.jpg has no number"),
    "intrinsics of zero": (
        "intrinsic/intrinsic_color.txt",
        matrix(np.zeros((4, 4))),
        "is no camera",
    ),
    "mesh of 10^12 vertices": (
        MESH,
        ply(VERTICES).replace(b"vertex 7", b"vertex 1000000000000"),
        "is truncated: its header announces 1000000000000 x vertex",
    ),
    "mesh of 10^12 faces": (
        MESH,
        ply(VERTICES).replace(b"face 1", b"face 1000000000000"),
        "is truncated: its header announces 1000000000000 x face",
    ),
    "mesh of another room's scale": (
        MESH,
        ply(VERTICES * np.float32(1e30)),
        "vertex 1 lies 10000 m or more from the origin",
    ),
    "mesh in millimetres": (MESH, ply(VERTICES * np.float32(1000)), "in metres"),
    "a vertex far outside": (
        MESH,
        ply(np.append(VERTICES[:-1], [[9000, 0, 0]], axis=0).astype("f4")),
        "expected a room of at most 200, in metres",
    ),
    "face beyond the vertices": (
        MESH,
        ply(VERTICES[:2]),
        "face 0 has a corner that is no vertex; expected 0 to 1",
    ),
    "segments of another mesh": (
        SEGS,
        json.dumps({"segIndices": [7] * 8}),
        "segIndices has 8 entries; .* has 7 vertices",
    ),
    "segments of a mesh of the same size": (
        SEGS,
        json.dumps({"segIndices": list(range(100, 107))}),
        r"segGroups\[0\]\.segments names segment 7, which no vertex has",
    ),
    "segment beyond 64 bits": (
        SEGS,
        json.dumps({"segIndices": [10**30] * 7}),
        r"segIndices\[0\]: input should be less than",
    ),
    "segment below zero": (
        SEGS,
        json.dumps({"segIndices": [7, 7, -1, 7, 7, 7, 7]}),
        r"segIndices\[2\]: input should be greater than or equal to 0",
    ),
    "half a segment": (SEGS, json.dumps({"segIndices": [7.5] * 7}), r"segIndices\[0\]: .*integer"),
    "a list for an object": (SEGS, "[]", "object"),
    "empty segments": (SEGS, b"", "is truncated or no JSON"),
    "bytes for JSON": (AGGREGATION, b"\xff\xfe{}", "is truncated or no JSON"),
    "nested without end": (AGGREGATION, b"[" * 100_000, "is truncated or no JSON: recursion"),
    "aggregation of another scene": (
        AGGREGATION,
        json.dumps({"sceneId": "scannet.scene0000_01", "segGroups": []}),
        "sceneId is 'scannet.scene0000_01'; expected scene0000_00",
    ),
    "aggregation of the other mesh": (
        AGGREGATION,
        json.dumps({"segmentsFile": f"scannet.{ID}_vh_clean.segs.json", "segGroups": []}),
        "which is of another mesh; expected the aggregation of .*_2.0.010000.segs.json",
    ),
    "a stretched camera": (
        "intrinsic/intrinsic_color.txt",
        matrix(np.diag([1, 2.2, 1, 1]) @ COLOUR_K - np.outer([0, 28.8, 0, 0], [0, 0, 1, 0])),
        "has focal lengths 50 and 110 for 64x48 pixels",
    ),
    "a telescope": (
        "intrinsic/intrinsic_color.txt",
        matrix([[1300, 0, 32, 0], [0, 1300, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        "expected nearly equal ones of 12.8 to 1280 pixels",
    ),
    "a skewed camera": (
        "intrinsic/intrinsic_color.txt",
        matrix([[50, 1, 32, 0], [0, 50, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        "intrinsic_color.txt skews the image",
    ),
    "aggregation cut": (
        AGGREGATION,
        grouped()[: len(grouped()) // 2],
        "is truncated or no JSON",
    ),
    "no groups": (AGGREGATION, '{"segGroups": null}', "segGroups: input should be a valid array"),
    "mirrored alignment": (
        TEXT,
        "axisAlignment = -1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
        "axisAlignment is no rigid motion",
    ),
    "alignment not finite": (
        TEXT,
        f"axisAlignment = {'nan ' * 16}",
        "axisAlignment holds 16 numbers; expected 16 finite ones",
    ),
    "alignment to another planet": (
        TEXT,
        "axisAlignment = 1 0 0 1e30 0 1 0 0 0 0 1 0 0 0 0 1",
        "axisAlignment shifts by 10000 m or more",
    ),
    "alignment beyond all numbers": (
        TEXT,
        f"axisAlignment = {'1e308 ' * 16}",
        "axisAlignment is no rigid motion",
    ),
    "pose of zeros": ("pose/0.txt", matrix(np.zeros((4, 4))), "0.txt is no rigid motion"),
    "pose of words": ("pose/0.txt", matrix([["one"] * 4] * 4), "pose/0.txt: .*expected numbers"),
    "pose in millimetres": (
        "pose/0.txt",
        matrix([[1, 0, 0, 5e4], *POSE[1:]]),
        "0.txt shifts by 10000 m or more; expected metres",
    ),
    "colour of zero bytes": ("color/0.jpg", b"", "0.jpg is truncated or no image"),
    "colour bomb": (
        "color/0.jpg",
        png_of_zeros(60_000, 60_000),
        "0.jpg has more than 64000000 pixels",
    ),
    "depth bomb": (
        "depth/0.png",
        png_of_zeros(60_000, 60_000),
        "0.png has more than 64000000 pixels",
    ),
    "depth of zero bytes": ("depth/0.png", b"", "0.png is truncated or no image"),
    "colour with a padded number": ("color/00001.jpg", b"", "00001.jpg has no number"),
    "intrinsics not finite": (
        "intrinsic/intrinsic_depth.txt",
        matrix(np.full((4, 4), np.nan)),
        "intrinsic_depth.txt is no camera",
    ),
    "intrinsics of larger images": (
        "intrinsic/intrinsic_color.txt",
        matrix(np.diag([2, 2, 1, 1]) @ COLOUR_K),
        "has its axis at pixel 64, 48, far from the middle of 64x48",
    ),
    "table of something else": (TABLE, "a\tb\n1\t2\n", "has no column raw_category"),
    "empty table": (TABLE, "", "has no column raw_category"),
    "table cut": (
        TABLE,
        "raw_category\tnyu40class\nfloor\tfloor\nchair\n",
        "line 3 breaks off; expected the owners' label table",
    ),
    "table without line ends": (
        TABLE,
        "raw_category\tnyu40class\nfloor\t" + "x" * 200_000,
        "is no label table: field larger than",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_named_with_what_was_expected(tmp_path, fault):
    name, content, message = FAULTS[fault]
    path = written(tmp_path) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    error = refusal(tmp_path, message)
    assert error.startswith(str(tmp_path))
    assert list(SCANNET.missing(tmp_path)) == [error]


def refusal(root, message):
    """The error of loading the scene: one line, at little cost."""
    tracemalloc.start()
    with pytest.raises(DataError, match=message) as caught:
        SCANNET.load(root, ID)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


STREAMS = {
    "empty": (b"", "is truncated: it has 0 bytes"),
    "another version": (sens_files.sens(version=5), "has version 5; expected 4"),
    "cut in a frame": (sens_files.sens()[:-1], "is truncated: frame 2 of 3 breaks off"),
    "10^12 frames": (sens_files.sens(count=10**12), "announces 1000000000000 frames"),
    "colour not JPEG": (sens_files.sens(compression=(1, 1)), "has colour of kind 1"),
    "intrinsics of zero": (
        sens_files.sens(K=(np.zeros((4, 4)), sens_files.DEPTH_K)),
        "the colour camera is no camera",
    ),
    "intrinsics of other images": (
        sens_files.sens(K=(sens_files.COLOUR_K, sens_files.COLOUR_K)),
        "the depth camera has its axis at pixel 32, 24, far from the middle of 32x24",
    ),
    "pose that shears": (
        sens_files.sens([sens_files.frame(np.ones((4, 4), np.float32))]),
        "the pose of frame 0 is no rigid motion",
    ),
}


@pytest.mark.parametrize("fault", STREAMS)
def test_a_faulty_recording_is_named_with_what_was_expected(tmp_path, fault):
    data, message = STREAMS[fault]
    (written(tmp_path, frames=0) / STREAM).write_bytes(data)
    assert STREAM in refusal(tmp_path, message)


@pytest.mark.parametrize("name", [MESH, SEGS, AGGREGATION, TEXT, "pose/2.txt", "depth/2.png"])
def test_a_missing_file_is_named(tmp_path, name):
    path = written(tmp_path) / name
    path.unlink()
    with pytest.raises(DataError, match=rf"{path} is missing"):
        SCANNET.load(tmp_path, ID)
    assert [each.partition(";")[0] for each in SCANNET.missing(tmp_path)] == [f"{path} is missing"]


def test_an_image_that_breaks_off_or_changes_size_is_named_when_read(tmp_path):
    folder = written(tmp_path)
    frames = SCANNET.load(tmp_path, ID).frames
    whole = (folder / "color" / "0.jpg").read_bytes()
    (folder / "color" / "0.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (10, 10)).save(folder / "color" / "2.jpg")
    Image.new("RGB", (32, 24)).save(folder / "depth" / "2.png")
    with pytest.raises(DataError, match=r"color/0\.jpg is truncated"):
        frames[0].read()
    with pytest.raises(DataError, match=r"color/2\.jpg is 10x10 pixels; .* 64x48"):
        frames[1].read()
    with pytest.raises(DataError, match=r"depth/2\.png has mode RGB; expected 16-bit"):
        frames[1].depth.read()


def lost(number):
    return np.full((4, 4), number, np.float32)


def recorded(tmp_path, poses):
    """The scene of a recording with these poses, in one file."""
    stream = sens_files.sens([sens_files.frame(pose) for pose in poses])
    (written(tmp_path, frames=0) / STREAM).write_bytes(stream)
    return SCANNET.load(tmp_path, ID)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_frames_without_a_pose_are_left_out_and_counted(tmp_path, number):
    poses = sens_files.poses(6)
    poses[1] = poses[4] = lost(number)
    scene = recorded(tmp_path, poses)
    assert [frame.index for frame in scene.frames] == [0, 2, 3, 5]
    assert scene.dropped_poses == 2


def test_one_number_that_is_not_finite_is_enough(tmp_path):
    poses = sens_files.poses(3)
    poses[1][0, 3] = np.nan
    assert [frame.index for frame in recorded(tmp_path, poses).frames] == [0, 2]


def test_frames_of_a_tracker_that_stopped_are_left_out_and_counted(tmp_path):
    poses = sens_files.poses(24)
    poses[5:15] = [poses[5]] * 10
    poses[16:23] = [poses[16]] * 7
    scene = recorded(tmp_path, poses)
    assert [frame.index for frame in scene.frames] == [*range(5), *range(15, 24)]
    assert scene.dropped_poses == 10


def test_a_recording_that_was_never_tracked_leaves_a_room_without_frames(tmp_path):
    for at, poses in enumerate(([lost(-np.inf)] * 12, [sens_files.POSE] * 12)):
        scene = recorded(tmp_path / str(at), poses)
        assert (scene.frames, scene.dropped_poses) == ((), 12)
        assert [each.label for each in scene.instances] == ["office chair"]


def test_a_recording_without_frames_is_none(tmp_path):
    scene = recorded(tmp_path, [])
    assert (scene.frames, scene.dropped_poses) == ((), 0)


def test_exported_poses_are_judged_alike(tmp_path):
    folder = written(tmp_path, frames=12)
    assert SCANNET.load(tmp_path, ID).dropped_poses == 1 + 10
    (folder / "pose" / "5.txt").write_text(matrix(sens_files.poses(2)[1]))
    assert SCANNET.load(tmp_path, ID).dropped_poses == 1


@pytest.mark.parametrize("prefix", ["", "scannet."])
def test_an_aggregation_may_say_whose_it_is(tmp_path, prefix):
    folder = written(tmp_path)
    content = json.loads((folder / AGGREGATION).read_text())
    content |= {"sceneId": f"{prefix}{ID}", "segmentsFile": f"{prefix}{SEGS}"}
    (folder / AGGREGATION).write_text(json.dumps(content))
    assert [each.label for each in SCANNET.load(tmp_path, ID).instances] == ["office chair"]


@pytest.mark.parametrize("name", [MESH, SEGS, TEXT, TABLE, "color/0.jpg", "pose/2.txt", STREAM])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_read(tmp_path, name, kind):
    path = written(tmp_path, frames=0 if name == STREAM else 3) / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    error = refusal(tmp_path, "is no regular file; expected one with the data in it")
    assert Path(error.partition(" ")[0]).samefile(path)
    assert list(SCANNET.missing(tmp_path)) == [error]


def test_hidden_files_are_no_data(tmp_path):
    folder = written(tmp_path)
    expected = SCANNET.files(tmp_path, ID)
    for name in ("color/._0.jpg", "depth/._0.png", "pose/._0.txt", "._0.sens"):
        (folder / name).write_bytes(b"\0\5\x16\7")
    assert len(SCANNET.load(tmp_path, ID).frames) == 2
    assert SCANNET.files(tmp_path, ID) == expected


def test_endings_may_be_in_capitals(tmp_path):
    folder = written(tmp_path)
    (folder / "color" / "2.jpg").rename(folder / "color" / "2.JPG")
    (folder / "depth" / "2.png").rename(folder / "depth" / "2.PNG")
    frame = SCANNET.load(tmp_path, ID).frame(2)
    assert (frame.read().size, frame.depth.read().shape) == ((64, 48), (24, 32))
    assert folder / "color" / "2.JPG" in SCANNET.files(tmp_path, ID)
    (folder / "color" / "2.jpg").write_bytes((folder / "color" / "0.jpg").read_bytes())
    refusal(tmp_path, "has an image twice")


def test_only_what_can_be_loaded_is_listed(tmp_path):
    written(tmp_path)
    (tmp_path / "scans" / "my scene").mkdir()
    (tmp_path / "scans" / "my scene" / "my scene.txt").write_text("")
    assert list(SCANNET.ids(tmp_path)) == [ID]


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path):
    folder = written(tmp_path)
    table = "raw_category\tnyu40class\noffice chair\twall\nfloor\tfloor\n"
    (tmp_path / "scannetv2-labels.combined.tsv").write_text(table, encoding="utf-8-sig")
    (folder / AGGREGATION).write_text(grouped(), encoding="utf-8-sig")
    assert SCANNET.load(tmp_path, ID).instances == ()


def test_a_room_without_objects_is_a_room(tmp_path):
    folder = written(tmp_path)
    (folder / AGGREGATION).write_text('{"segGroups": []}')
    scene = SCANNET.load(tmp_path, ID)
    assert (scene.instances, scene.floor) == ((), None)
    assert len(scene.points) == len(VERTICES)


def test_a_group_without_segments_is_no_object(tmp_path):
    folder = written(tmp_path)
    (folder / AGGREGATION).write_text(grouped(segments=[]))
    assert SCANNET.load(tmp_path, ID).instances == ()


def test_a_label_that_the_table_lacks_is_an_object(tmp_path):
    written(tmp_path)
    table = "raw_category\tnyu40class\nfloor\tfloor\ncurtain\tcurtain\n"
    (tmp_path / "scannetv2-labels.combined.tsv").write_text(table)
    assert [each.label for each in SCANNET.load(tmp_path, ID).instances] == ["office chair"]


def overlapping(folder, *groups):
    """The vertex counts by id of the scene with these groups of id, label and segments."""
    keys = ("objectId", "label", "segments")
    content = {"segGroups": [dict(zip(keys, group, strict=True)) for group in groups]}
    (folder / AGGREGATION).write_text(json.dumps(content))
    scene = SCANNET.load(folder.parents[1], ID)
    return scene, {each.id: len(each.points) for each in scene.instances}


SOFA, CUSHION = (9, "sofa", [40, 55, 3]), (10, "cushion", [55])


@pytest.mark.parametrize("groups", [(SOFA, CUSHION), (CUSHION, SOFA)])
def test_a_segment_of_two_groups_belongs_to_the_smaller(tmp_path, groups):
    # Segment 40 has two vertices, 55 and 3 have one.
    assert overlapping(written(tmp_path), *groups)[1] == {9: 3, 10: 1}


@pytest.mark.parametrize("ids", [(1, 2), (2, 1)])
def test_of_two_equally_large_groups_the_lower_id_owns_a_shared_segment(tmp_path, ids):
    groups = [(at, "lamp", [55, own]) for at, own in zip(ids, (3, 100), strict=True)]
    folder = written(tmp_path)
    (folder / SEGS).write_text(json.dumps({"segIndices": [7, 7, 7, 40, 100, 55, 3]}))
    assert overlapping(folder, *groups)[1] == {1: 2, 2: 1}


def test_a_segment_named_twice_counts_once(tmp_path):
    groups = (1, "cushion", [55, 55, 55, 55]), (2, "sofa", [55, 40])
    assert overlapping(written(tmp_path), *groups)[1] == {1: 1, 2: 2}


def test_an_object_that_smaller_ones_leave_no_vertex_is_told(tmp_path):
    parts = (1, "door", [40]), (2, "drawer", [55, 3])
    scene, sizes = overlapping(written(tmp_path), (7, "cabinet", [40, 55, 3]), *parts)
    assert sizes == {1: 2, 2: 2}
    assert scene.left_out == ("object 7 'cabinet', which has no vertex of its own",)
    (finding,) = (each for each in scene.examine() if each.code == "objects.left_out")
    assert "object 7 'cabinet'" in finding.means


def many_objects(root, count):
    """The scene with so many vertices, each an object."""
    folder = written(root, frames=0)
    vertices = np.zeros((count, 3), np.float32)
    vertices[:, 0] = np.linspace(0, 5, count)
    (folder / MESH).write_bytes(ply(vertices))
    (folder / SEGS).write_text(json.dumps({"segIndices": list(range(count))}))
    groups = [
        {"objectId": at, "label": f"thing {at % 500}", "segments": [at]} for at in range(count)
    ]
    (folder / AGGREGATION).write_text(json.dumps({"segGroups": groups}))


@pytest.mark.parametrize(
    ("count", "seconds"), [(50_000, 2), pytest.param(1_000_000, 40, marks=pytest.mark.slow)]
)
def test_very_many_objects_take_time_in_proportion(tmp_path, count, seconds):
    many_objects(tmp_path, count)
    started = time.process_time()
    scene = SCANNET.load(tmp_path, ID)
    assert time.process_time() - started < seconds
    assert [each.id for each in scene.instances] == list(range(count))
    np.testing.assert_allclose(scene.instances[-1].points, [[10, 20 + 5, 30]])


@pytest.mark.parametrize(
    "world_id",
    [
        "../scans/scene0000_00",
        "..",
        ".",
        "",
        "/etc",
        "scans",
        "a/b",
        "scene0000_00/",
        "~",
        "a\0b",
        "scene0000_00\n",
        "..\\scans",
        "%2e%2e",
    ],
)
def test_an_id_never_leaves_the_folder(tmp_path, world_id):
    written(tmp_path)
    for call in (SCANNET.load, SCANNET.files):
        with pytest.raises(DataError, match="has no scene"):
            call(tmp_path, world_id)


LINKS = ("..", ".", "color", "color/0.jpg", f"{ID}.txt", "pose/2.txt", "intrinsic")


@pytest.mark.parametrize("name", LINKS)
def test_a_link_never_leaves_the_folder(tmp_path, name):
    """Whatever the scene is read from may be a link, but only to what lies in the folder."""
    root = tmp_path / "root"
    path = (written(root) / name).resolve()
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    with pytest.raises(DataError, match=r"leads out of .*expected files inside it"):
        SCANNET.load(root, ID)
    inside = elsewhere.rename(root / "inside")
    path.unlink()
    path.symlink_to(inside)
    assert len(SCANNET.load(root, ID).frames) == 2


def test_a_link_in_a_circle_is_a_missing_file(tmp_path):
    path = written(tmp_path) / SEGS
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(DataError, match=r"segs\.json cannot be read: Too many levels"):
        SCANNET.load(tmp_path, ID)


def test_a_folder_in_place_of_a_file_is_no_file(tmp_path):
    path = written(tmp_path) / AGGREGATION
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="is no regular file"):
        SCANNET.load(tmp_path, ID)


def test_an_unknown_scene_gets_a_suggestion_and_a_missing_root_a_remedy(tmp_path):
    written(tmp_path)
    with pytest.raises(DataError, match=r"'scene0000_01'; did you mean 'scene0000_00'\?"):
        SCANNET.load(tmp_path, "scene0000_01")
    with pytest.raises(DataError, match="scannet needs a folder; give it with --root"):
        SCANNET.ids(None)
    assert list(SCANNET.missing(tmp_path / "nowhere")) == [
        f"scannet: {tmp_path / 'nowhere'} is no folder"
    ]
    assert list(SCANNET.missing(tmp_path)) == []
