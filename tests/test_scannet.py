import json

import numpy as np
import pytest

from scannet_files import (
    AGGREGATION,
    GROUPS,
    ID,
    MESH,
    SEGS,
    TEXT,
    VERTICES,
    ply,
    written,
)
from spatialevo_core.errors import DataError
from spatialevo_datasets.scannet import ScanNet

SCANNET = ScanNet()


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


def test_the_triangles_of_the_mesh_come_along_where_it_has_any(tmp_path):
    folder = written(tmp_path)
    assert SCANNET.load(tmp_path, ID).faces.tolist() == [[0, 1, 2]]
    (folder / MESH).write_bytes(ply(VERTICES, faces=0))
    assert SCANNET.load(tmp_path, ID).faces is None


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
