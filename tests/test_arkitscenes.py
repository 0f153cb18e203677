"""ARKitScenes: its two layouts, its poses and images turned upright, its boxes."""

import shutil

import numpy as np
import pytest

from arkit_folders import (
    BESIDE,
    CHAIR,
    CX,
    CY,
    EYE,
    FLOOR,
    FX,
    FY,
    HEIGHT,
    ID,
    OBJECTS,
    TABLE,
    WIDTH,
    annotation,
    mesh,
    pose_line,
    write_image,
    write_scan,
)
from spatialevo_core.errors import DataError
from spatialevo_core.plugins import load
from spatialevo_datasets.arkitscenes import CLASSES, ARKitScenes
from spatialevo_datasets.arkitscenes_frames import upright_turns
from spatialevo_datasets.boxes import corners
from spatialevo_datasets.frames import in_camera, project
from spatialevo_datasets.labels import own_names, vocabulary

ARKIT = ARKitScenes()
POINT = EYE + np.array([0.3, 2.0, 0.2])
"""0.3 m to the right of the camera, 0.2 m above it, 2 m in front."""
SEEN = {
    0: ((CX + FX * 0.15, CY - FY * 0.1), (CX + FX * 0.15, CY - FY * 0.1)),
    1: ((CX + FX * 0.1, CY + FY * 0.15), (CY + FY * 0.15, WIDTH - CX - FX * 0.1)),
    2: ((CX - FX * 0.15, CY + FY * 0.1), (WIDTH - CX + FX * 0.15, HEIGHT - CY - FY * 0.1)),
    3: ((CX - FX * 0.1, CY - FY * 0.15), (HEIGHT - CY + FY * 0.15, CX - FX * 0.1)),
}
"""Its pixel in the stored image and in the upright one, by the turns between them."""


@pytest.mark.parametrize("turns", SEEN)
def test_a_point_lands_on_its_pixel_however_the_device_was_held(tmp_path, turns):
    (u, v), upright = SEEN[turns]
    write_scan(tmp_path, turns=(turns,), marks=[(int(u), int(v))])
    frame = ARKIT.load(tmp_path, ID).frame(10_000)
    pixel = project(frame.K, in_camera(frame, POINT[None]))[0]
    np.testing.assert_allclose(pixel, upright, atol=1e-9)
    column, row = (int(each) for each in pixel)
    image, depth = frame.read(), frame.depth.read()
    assert image.size == (frame.width, frame.height) == depth.shape[::-1]
    assert frame.width == (192 if turns % 2 else 256)
    assert image.getpixel((column, row)) == (255, 0, 0)
    assert depth[row, column] == 2.0
    assert (depth == 2.0).sum() == 1
    assert np.array_equal(frame.K, frame.depth.K)


@pytest.mark.parametrize("turns", SEEN)
def test_the_upright_camera_is_the_same_however_the_device_was_held(tmp_path, turns):
    write_scan(tmp_path, turns=(turns,))
    pose = ARKIT.load(tmp_path, ID).frame(10_000).T_world_camera
    expected = [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]]
    np.testing.assert_allclose(pose, expected, atol=1e-12)


@pytest.mark.parametrize(("roll_deg", "turns"), [(44, 0), (46, 1), (-44, 0), (-46, 3), (170, 2)])
def test_the_nearest_quarter_turn_is_taken(roll_deg, turns):
    # Rolled clockwise by an angle, as seen from behind, the camera has up to the left of its image.
    angle = -np.radians(roll_deg)
    right, down = np.array([1.0, 0, 0]), np.array([0, 0, -1.0])
    pose = np.eye(4)
    pose[:3, 0] = np.cos(angle) * right + np.sin(angle) * down
    pose[:3, 1] = -np.sin(angle) * right + np.cos(angle) * down
    pose[:3, 2] = (0, 1, 0)
    assert upright_turns(pose) == turns


@pytest.mark.parametrize("forward", [1, -1])
def test_an_image_taken_straight_up_or_down_stays(forward):
    pose = np.diag([1.0, forward, forward, 1.0])
    assert upright_turns(pose) == 0


@pytest.mark.parametrize("layout", ["3dod", "raw"])
@pytest.mark.parametrize("below", [".", "layout", "layout/Validation"])
def test_every_folder_of_a_download_may_be_named(tmp_path, layout, below):
    write_scan(tmp_path, layout, "Validation")
    root = tmp_path / below.replace("layout", layout)
    assert list(ARKIT.ids(root)) == [ID]
    assert list(ARKIT.missing(root)) == []
    for split in ("Validation", "validation", "val"):
        assert list(ARKIT.ids(root, split)) == [ID]
    assert list(ARKIT.ids(root, "train")) == []
    scene = ARKIT.load(root, ID)
    assert scene.key == f"arkitscenes/{ID}"
    assert [frame.index for frame in scene.frames] == [10_000]


def test_scans_have_numbers_and_3dod_comes_before_raw(tmp_path):
    write_scan(tmp_path, "raw")
    (write_scan(tmp_path) / f"{ID}_3dod_mesh.ply").write_bytes(mesh([(0, 0, 0), (1, 0, 0)] * 21))
    for name in ("50", "9", "notes"):
        folder = tmp_path / "raw" / "Training" / name
        folder.mkdir()
        (folder / f"{name}_3dod_mesh.ply").write_bytes(mesh())
    (tmp_path / "raw" / "Training" / "47429677").mkdir()
    assert list(ARKIT.ids(tmp_path)) == ["9", "50", ID]
    assert len(ARKIT.load(tmp_path, ID).points) == 42


@pytest.mark.parametrize("name", ["..", "../Training", "4075367", "", ".", "40753679/", "٤٠"])
def test_an_id_is_the_number_of_a_scan(tmp_path, name):
    write_scan(tmp_path)
    with pytest.raises(DataError, match="has no scene"):
        ARKIT.load(tmp_path, name)


def test_an_unknown_split_is_refused(tmp_path):
    write_scan(tmp_path)
    with pytest.raises(DataError, match="no split 'test'; it has Training, Validation"):
        ARKIT.ids(tmp_path, "test")


def test_images_without_a_pose_within_5_ms_are_left_out_and_counted(tmp_path):
    recording = write_scan(tmp_path, "raw")
    times = ("10.017", "10.033", "10.050", "10.067", "10.083", "10.095", "10.105", "10.106")
    for seconds in times:
        write_image(recording, seconds)
    poses = [pose_line("10.000004", 0), pose_line("10.1000", 2), pose_line("10.082", 0)]
    lost = pose_line("10.05", 0, EYE + np.nan)
    (recording / "lowres_wide.traj").write_text("".join([*poses, lost]))
    scene = ARKIT.load(tmp_path, ID)
    assert [frame.index for frame in scene.frames] == [10_000, 10_083, 10_095, 10_105]
    assert scene.dropped_poses == 5
    # The later pose was that of a device held the other way up.
    assert [frame.read.turns for frame in scene.frames] == [0, 0, 2, 2]


def test_files_of_one_moment_may_differ_by_a_millisecond(tmp_path):
    recording = write_scan(tmp_path, turns=(0, 0)) / f"{ID}_frames"
    for folder, ending, seconds in (
        ("lowres_wide_intrinsics", ".pincam", ("9.999", "10.101")),
        ("lowres_depth", ".png", ("10.001", "10.102")),
    ):
        for was, now in zip(("10.000", "10.100"), seconds, strict=True):
            path = recording / folder / f"{ID}_{was}{ending}"
            path.rename(path.with_name(f"{ID}_{now}{ending}"))
    first, second = ARKIT.load(tmp_path, ID).frames
    assert first.K[0, 0] == second.K[0, 0] == FX
    assert first.depth is not None
    assert second.depth is None


def test_each_image_has_its_own_intrinsics(tmp_path):
    recording = write_scan(tmp_path, turns=(0, 1)) / f"{ID}_frames"
    (recording / f"lowres_wide_intrinsics/{ID}_10.100.pincam").write_text("256 192 201 211 121 101")
    first, second = ARKIT.load(tmp_path, ID).frames
    np.testing.assert_array_equal(first.K, [[FX, 0, CX], [0, FY, CY], [0, 0, 1]])
    np.testing.assert_array_equal(second.K, [[211, 0, 101], [0, 201, 256 - 121], [0, 0, 1]])


def test_a_scan_without_images_is_a_room_of_boxes(tmp_path):
    folder = write_scan(tmp_path)
    shutil.rmtree(folder / f"{ID}_frames")
    assert ARKIT.load(tmp_path, ID).frames == ()


def test_objects_are_those_of_the_17_classes_by_their_place_in_the_file(tmp_path):
    write_scan(tmp_path)
    scene = ARKIT.load(tmp_path, ID)
    found = [(each.id, each.label) for each in scene.instances]
    assert found == [(0, "table"), (2, "chair"), (3, "cabinet")]
    assert len(CLASSES) == 17


def test_rows_of_the_stored_axes_are_those_of_the_box(tmp_path):
    write_scan(tmp_path)
    scene = ARKIT.load(tmp_path, ID)
    cabinet = scene.instances[2]
    assert scene.obb(cabinet) is cabinet.box
    # 0.25 m along (0.8, 0.6), 0.5 m along (-0.6, 0.8) and 1 m up from (-3, 0, 1)
    corner = (-3 + 0.25 * 0.8 - 0.5 * 0.6, 0.25 * 0.6 + 0.5 * 0.8, 2)
    assert np.abs(corners(cabinet.box) - corner).max(axis=1).min() < 1e-12


def test_a_box_of_which_the_axes_are_a_mirror_image_is_still_a_box(tmp_path):
    folder = write_scan(tmp_path)
    flipped = [("sofa", (3, 0, 0.4), (1, 2, 0.8), (0, 1, 0, 1, 0, 0, 0, 0, 1))]
    (folder / f"{ID}_3dod_annotation.json").write_text(annotation(flipped))
    scene = ARKIT.load(tmp_path, ID)
    np.testing.assert_allclose(scene.aabb(scene.instances[0]).size, (2, 1, 0.8))


def test_scanned_points_go_to_the_smallest_box_and_the_floor_to_none(tmp_path):
    write_scan(tmp_path)
    table, chair, cabinet = ARKIT.load(tmp_path, ID).instances
    assert (table.points, chair.points, cabinet.points) == (None, None, None)
    # The table top and the point 0.9 cm beside the box; the one 1.1 cm beside it is too far away.
    assert len(table.scanned) == 11 * 21 + 1
    assert table.scanned[:, 0].max() == np.float32(3.509)
    assert len(chair.scanned) == 25
    assert len(cabinet.scanned) == 0


def test_the_order_of_vertices_and_boxes_decides_nothing(tmp_path):
    folder = write_scan(tmp_path)
    before = ARKIT.load(tmp_path, ID).instances
    (folder / f"{ID}_3dod_mesh.ply").write_bytes(mesh([*BESIDE, *CHAIR, *TABLE, *FLOOR][::-1]))
    (folder / f"{ID}_3dod_annotation.json").write_text(annotation(OBJECTS[::-1]))
    after = ARKIT.load(tmp_path, ID).instances[::-1]
    for one, other in zip(before, after, strict=True):
        assert one.label == other.label
        assert set(map(tuple, one.scanned)) == set(map(tuple, other.scanned))


def test_objects_are_measured_by_their_boxes_and_seen_by_what_was_scanned_in_them(tmp_path):
    write_scan(tmp_path)
    scene = ARKIT.load(tmp_path, ID)
    table, _, cabinet = scene.instances
    np.testing.assert_array_equal(scene.obb(table).size, (1, 2, 0.8))
    assert scene.gap(table, cabinet).point_a[0] == 2.5
    assert scene.nearest(table, EYE).distance_m == pytest.approx(np.hypot(2.5, 0.7))
    # The camera looks past all of them.
    assert scene.sight(table, 10_000).share == 0
    assert scene.sight(cabinet, 10_000) is None


def test_what_nobody_scanned_cannot_be_asked_about(tmp_path):
    folder = write_scan(tmp_path)
    eye = np.array([3.0, -3.0, 2.0])
    recording = folder / f"{ID}_frames"
    (recording / "lowres_wide.traj").write_text(pose_line("10.000", 0, eye))
    (recording / f"lowres_depth/{ID}_10.000.png").unlink()
    scene, registry = ARKIT.load(tmp_path, ID), load()
    assert scene.sight(scene.instances[0], 10_000).visible
    asked = "How far is the {} from the camera, in meters?"
    near = registry.ask_about(asked.format("table"), scene, (10_000,)).verdict
    # From (3, -3, 2) to the edge of the top at (3, -1, 0.8).
    assert near.answer.value == pytest.approx(np.hypot(2, 1.2), abs=0.005)
    assert near.answer.evidence.source == "annotated box"
    for thing in ("chair", "cabinet"):
        verdict = registry.ask_about(asked.format(thing), scene, (10_000,)).verdict
        assert not verdict.legal, thing
        assert verdict.reasons[0].code in {"object.sparse", "object.unseen"}


def test_the_files_of_a_scan_are_listed(tmp_path):
    for layout, frames in (("3dod", 6), ("raw", 3)):
        folder = write_scan(tmp_path / layout, layout, turns=(0,) * (frames // 3))
        (folder / "confidence.zip").write_bytes(b"")
        found = list(ARKIT.files(tmp_path / layout, ID))
        assert found == sorted(found)
        assert len(found) == 3 + frames
        assert all(path.is_file() for path in found)


def test_every_class_is_a_word_that_can_be_asked_about():
    names = own_names(CLASSES)
    words = vocabulary(names.values())
    for each in CLASSES:
        assert words.find(each.replace("_", " ")) == names[each] == each.replace("_", " ")
    assert words.find("tv") is None
    assert words.find("washing machine") == "washer"
