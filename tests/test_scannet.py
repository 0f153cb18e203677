import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialevo_core.errors import DataError
from spatialevo_datasets.scannet import ScanNet

ID = "scene0000_00"
SCANNET = ScanNet()
VERTICES = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 1], [2, 1, 1], [2, 2, 1], [3, 3, 2]], dtype=np.float32
)
SEGMENTS = [7, 7, 7, 40, 40, 55, 3]
GROUPS = [
    {"id": 0, "objectId": 4, "label": "floor", "segments": [7]},
    {"id": 1, "objectId": 2, "label": "office chair", "segments": [40, 55]},
]
TURN = [0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1]
"""A quarter turn to the left, then a shift."""
POSE = [[1, 0, 0, 0.5], [0, 0, 1, 1.5], [0, -1, 0, 1.2], [0, 0, 0, 1]]
COLOUR_K = [[50, 0, 32, 0], [0, 50, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
DEPTH_K = [[25, 0, 16, 0], [0, 25, 12, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def ply(vertices: np.ndarray, *, faces: int = 1) -> bytes:
    table = np.zeros(len(vertices), dtype=[("xyz", "<f4", 3), ("rgba", "u1", 4)])
    table["xyz"] = vertices
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {channel}" for channel in ("red", "green", "blue", "alpha")]
    header += [f"element face {faces}", "property list uchar int vertex_indices", "end_header", ""]
    corners = np.array([0, 1, 2], dtype="<i4").tobytes()
    return "\n".join(header).encode() + table.tobytes() + (b"\3" + corners) * faces


def matrix(rows: object) -> str:
    return "\n".join(" ".join(map(str, row)) for row in rows)


def written(root: Path, frames: int = 3) -> Path:
    """A scene of seven vertices in the official layout; the pose of frame 1 is lost."""
    folder = root / "scans" / ID
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    (folder / f"{ID}_vh_clean_2.ply").write_bytes(ply(VERTICES))
    (folder / f"{ID}_vh_clean_2.0.010000.segs.json").write_text(
        json.dumps({"sceneId": ID, "segIndices": SEGMENTS})
    )
    (folder / f"{ID}.aggregation.json").write_text(json.dumps({"segGroups": GROUPS}))
    (folder / f"{ID}.txt").write_text(f"axisAlignment = {' '.join(map(str, TURN))}\nfx_color = 1\n")
    (folder / "intrinsic" / "intrinsic_color.txt").write_text(matrix(COLOUR_K))
    (folder / "intrinsic" / "intrinsic_depth.txt").write_text(matrix(DEPTH_K))
    for at in range(frames):
        Image.new("RGB", (64, 48), (200, 10, 10)).save(folder / "color" / f"{at}.jpg")
        millimetres = np.full((24, 32), 1500, dtype=np.uint16)
        millimetres[0, 0] = 0
        Image.fromarray(millimetres).save(folder / "depth" / f"{at}.png")
        lost = [["-inf"] * 4] * 4
        (folder / "pose" / f"{at}.txt").write_text(matrix(lost if at == 1 else POSE))
    return folder


def test_a_folder_becomes_a_room_in_its_aligned_frame(tmp_path):
    written(tmp_path)
    scene = SCANNET.load(tmp_path, ID)
    assert scene.key == f"scannet/{ID}"
    (chair,) = scene.instances
    assert (chair.id, chair.label) == (2, "office chair")
    # A quarter turn takes (x, y) to (-y, x).
    np.testing.assert_allclose(chair.points, [[10, 22, 31], [9, 22, 31], [8, 22, 31]])
    np.testing.assert_allclose(scene.floor, [[10, 20, 30], [10, 21, 30], [9, 20, 30]])
    assert scene.points.shape == (7, 3)
    assert scene.points.dtype == np.float32


def test_cameras_move_with_the_mesh_and_lost_poses_are_counted(tmp_path):
    written(tmp_path)
    scene = SCANNET.load(tmp_path, ID)
    assert [each.index for each in scene.frames] == [0, 2]
    assert scene.dropped_poses == 1
    pose = scene.frame(2).T_world_camera
    np.testing.assert_allclose(pose[:3, 3], (10 - 1.5, 20 + 0.5, 30 + 1.2))
    np.testing.assert_allclose(pose[:3, 2], (-1, 0, 0))


def test_images_are_read_when_asked_for_and_depth_has_its_own_camera(tmp_path):
    written(tmp_path)
    frame = SCANNET.load(tmp_path, ID).frame(0)
    assert (frame.width, frame.height, frame.K[0, 0]) == (64, 48, 50)
    assert (frame.depth.width, frame.depth.height, frame.depth.K[0, 0]) == (32, 24, 25)
    assert frame.read().mode == "RGB"
    metres = frame.depth.read()
    assert metres.dtype == np.float32
    assert metres[0, 0] == 0
    assert metres[5, 5] == pytest.approx(1.5)


def test_without_an_alignment_the_room_stays_as_stored(tmp_path):
    folder = written(tmp_path)
    (folder / f"{ID}.txt").write_text("numDepthFrames = 3\n")
    np.testing.assert_array_equal(SCANNET.load(tmp_path, ID).points, VERTICES)


def test_a_mesh_alone_is_a_room_without_frames(tmp_path):
    folder = written(tmp_path, frames=0)
    (folder / "intrinsic" / "intrinsic_color.txt").unlink()
    assert SCANNET.load(tmp_path, ID).frames == ()


def test_colour_without_depth_and_matrices_beside_the_mesh_are_read(tmp_path):
    folder = written(tmp_path)
    for path in (folder / "depth").iterdir():
        path.unlink()
    (folder / "intrinsic" / "intrinsic_color.txt").rename(folder / "intrinsic_color.txt")
    frame = SCANNET.load(tmp_path, ID).frame(0)
    assert frame.depth is None
    assert frame.K[0, 2] == 32


def test_the_text_file_has_intrinsics_where_none_are_exported(tmp_path):
    folder = written(tmp_path)
    (folder / "intrinsic" / "intrinsic_color.txt").unlink()
    values = "fx_color = 60\nfy_color = 61\nmx_color = 31\nmy_color = 23\n"
    (folder / f"{ID}.txt").write_text(values)
    np.testing.assert_array_equal(
        SCANNET.load(tmp_path, ID).frame(0).K, [[60, 0, 31], [0, 61, 23], [0, 0, 1]]
    )


def test_the_label_table_says_which_raw_labels_are_structure(tmp_path):
    folder = written(tmp_path)
    groups = [{**GROUPS[0], "label": "tiled ground"}, GROUPS[1]]
    (folder / f"{ID}.aggregation.json").write_text(json.dumps({"segGroups": groups}))
    assert [each.label for each in SCANNET.load(tmp_path, ID).instances] == [
        "tiled ground",
        "office chair",
    ]
    (tmp_path / "scannetv2-labels.combined.tsv").write_text(
        "id\traw_category\tnyu40class\n1\ttiled ground\tfloor\n2\toffice chair\tchair\n"
    )
    scene = SCANNET.load(tmp_path, ID)
    assert [each.label for each in scene.instances] == ["office chair"]
    assert len(scene.floor) == 3


def test_both_layouts_and_splits_list_the_scenes(tmp_path):
    folder = written(tmp_path)
    folder.with_name(ID).rename(tmp_path / ID)
    written(tmp_path).rename(tmp_path / "scans" / "scene0001_00")
    other = tmp_path / "scans" / "scene0001_00"
    (other / f"{ID}.txt").rename(other / "scene0001_00.txt")
    (tmp_path / "scannetv2_val.txt").write_text("scene0001_00\nscene0707_00\n")
    assert list(SCANNET.ids(tmp_path)) == [ID, "scene0001_00"]
    assert list(SCANNET.ids(tmp_path, "val")) == ["scene0001_00"]
    assert SCANNET.load(tmp_path, ID).key == f"scannet/{ID}"
    with pytest.raises(DataError, match=r"scannetv2_train\.txt is missing"):
        SCANNET.ids(tmp_path, "train")


MESH, SEGS = f"{ID}_vh_clean_2.ply", f"{ID}_vh_clean_2.0.010000.segs.json"
AGGREGATION, TEXT = f"{ID}.aggregation.json", f"{ID}.txt"


def grouped(**changes: object) -> str:
    group = {key: each for key, each in (GROUPS[1] | changes).items() if each is not None}
    return json.dumps({"segGroups": [GROUPS[0], group]})


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
        "names segment 99, which no vertex has",
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
}


@pytest.mark.parametrize(("name", "content", "message"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_file_is_named_with_what_was_expected(tmp_path, name, content, message):
    path = written(tmp_path) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        SCANNET.load(tmp_path, ID)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(SCANNET.missing(tmp_path)) == [str(caught.value)]


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


@pytest.mark.parametrize("world_id", ["../scans/scene0000_00", "..", "", "/etc", "scans", "a/b"])
def test_an_id_never_leaves_the_folder(tmp_path, world_id):
    written(tmp_path)
    with pytest.raises(DataError, match="has no scene"):
        SCANNET.load(tmp_path, world_id)


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


def test_files_are_all_that_a_scene_is_read_from(tmp_path):
    folder = written(tmp_path)
    (tmp_path / "scannetv2-labels.combined.tsv").write_text(
        "raw_category\tnyu40class\nchair\tchair\n"
    )
    for name in (f"{ID}.sens", f"{ID}_vh_clean.aggregation.json", "notes.txt"):
        (folder / name).write_bytes(b"")
    found = SCANNET.files(tmp_path, ID)
    assert found == sorted(found)
    images = [f"{kind}/{at}" for kind in ("color", "depth", "pose") for at in range(3)]
    ending = {"color": "jpg", "depth": "png", "pose": "txt"}
    expected = {MESH, SEGS, AGGREGATION, TEXT}
    expected |= {f"{each}.{ending[each.partition('/')[0]]}" for each in images}
    expected |= {f"intrinsic/intrinsic_{camera}.txt" for camera in ("color", "depth")}
    assert {str(each.relative_to(folder)) for each in found[1:]} == expected
    assert found[0] == tmp_path / "scannetv2-labels.combined.tsv"


def test_without_exported_images_the_stream_is_among_the_files(tmp_path):
    folder = written(tmp_path, frames=0)
    (folder / f"{ID}.sens").write_bytes(b"")
    assert folder / f"{ID}.sens" in SCANNET.files(tmp_path, ID)
