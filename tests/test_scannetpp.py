"""ScanNet++: poses, intrinsics and instances against what was written by hand."""

import json

import numpy as np
import pytest
from scipy.spatial import cKDTree

from scannetpp_folder import (
    ANNOTATION,
    CAMERA,
    CAMERAS,
    DSLR,
    GROUPS,
    IMAGES,
    IPHONE,
    PIXEL,
    POINT,
    POINTS,
    POSES,
    SCANS,
    SEGMENTS_FILE,
    TRANSFORMS,
    change,
    grey,
    listed,
    registered,
    save,
    write,
)
from spatialevo_core.errors import DataError
from spatialevo_core.plugins import load
from spatialevo_datasets.frames import in_camera, project
from spatialevo_datasets.scannetpp import spatialevo_datasets
from spatialevo_datasets.scannetpp_dslr import from_nerfstudio
from spatialevo_datasets.synthetic.scannetpp_writer import to_nerfstudio

CAMERA_SET, PHONE_SET = spatialevo_datasets()


@pytest.fixture
def root(tmp_path):
    return write(tmp_path)


def dslr(root):
    return CAMERA_SET.load(root, "a1b2")


def iphone(root):
    return PHONE_SET.load(root, "a1b2")


def pixel(frame, point=POINT):
    return project(frame.K, in_camera(frame, np.array([point])))[0]


def owned(scene):
    """The numbers of the vertices of each object."""
    number = {np.float32(point).tobytes(): at for at, point in enumerate(POINTS)}
    return {
        each.label: sorted(number[point.tobytes()] for point in each.points)
        for each in scene.instances
    }


def group(number, label, *segments):
    return {"objectId": number, "label": label, "segments": list(segments)}


def test_both_datasets_come_in_by_one_entry_point():
    known = load().datasets
    assert known["scannetpp"] == CAMERA_SET
    assert known["scannetpp_iphone"] == PHONE_SET


def test_a_point_lands_on_its_pixel_by_the_pose_of_colmap(root):
    (frame,) = dslr(root).frames
    np.testing.assert_allclose(frame.T_world_camera, CAMERA, atol=1e-12)
    assert pixel(frame) == pytest.approx(PIXEL)
    assert (frame.index, frame.width, frame.height) == (7, 64, 48)
    assert frame.depth is None
    assert frame.read().size == (64, 48)


def test_a_point_lands_on_its_pixel_by_the_pose_of_nerfstudio(root):
    (root / IMAGES).unlink()
    (frame,) = dslr(root).frames
    np.testing.assert_allclose(frame.T_world_camera, CAMERA, atol=1e-12)
    assert pixel(frame) == pytest.approx(PIXEL)


def test_a_point_lands_on_its_pixel_by_the_aligned_pose_of_the_phone(root):
    (frame,) = iphone(root).frames
    assert np.array_equal(frame.T_world_camera, CAMERA)
    assert pixel(frame) == pytest.approx(PIXEL)
    # The depth image has a quarter of the pixels each way, and the same view.
    assert project(frame.depth.K, in_camera(frame, np.array([POINT])))[0] == pytest.approx((10, 7))
    assert frame.depth.read() == pytest.approx(np.full((12, 16), 2.0))


def test_colmap_is_believed_rather_than_nerfstudio(root):
    elsewhere = np.eye(4).tolist()
    change(root / TRANSFORMS, lambda x: x["frames"][0].update(transform_matrix=elsewhere))
    assert pixel(dslr(root).frames[0]) == pytest.approx(PIXEL)


def test_a_nerfstudio_pose_taken_as_it_is_would_show_nothing_of_the_view():
    naive, true = np.array(listed("a")["transform_matrix"], float), np.array(CAMERA, float)
    ahead = np.random.default_rng(0).uniform((-1, -0.7, 1), (1, 0.7, 5), (500, 3))
    world = ahead @ true[:3, :3].T + true[:3, 3]
    seen = (world - naive[:3, 3]) @ naive[:3, :3]
    inside = (seen[:, 2] > 0) & (np.abs(seen[:, :2]) < seen[:, 2:]).all(axis=1)
    assert inside.mean() == 0


def test_undoing_nerfstudio_is_the_inverse_of_doing_it():
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn * np.linalg.det(turn), (1, -2, 3)
    assert np.array_equal(from_nerfstudio(to_nerfstudio(pose)), pose)


def test_the_intrinsics_are_those_of_the_undistorted_images_and_not_of_the_fisheye(root):
    assert np.array_equal(dslr(root).frames[0].K, [[32, 0, 32], [0, 32, 24], [0, 0, 1]])


def test_a_pinhole_camera_of_colmap_serves_where_nerfstudio_is_not_there(root):
    (root / TRANSFORMS).unlink()
    (root / CAMERAS).write_text("1 PINHOLE 64 48 32 32 32 24\n")
    assert pixel(dslr(root).frames[0]) == pytest.approx(PIXEL)


def test_bad_unregistered_and_withheld_images_are_left_out_and_test_images_are_not(root):
    names = [f"DSC{at:05}.JPG" for at in range(5)]
    for name in names[:4]:
        grey(root / DSLR / "resized_undistorted_images" / name)
    (root / IMAGES).write_text("".join(registered(at, names[at]) for at in (0, 1, 2, 4)))

    def edit(transforms):
        transforms["frames"] = [listed(names[0]), listed(names[1], is_bad=True), listed(names[3])]
        transforms["test_frames"] = [listed(names[2]), listed(names[4])]
        # As the owners' undistortion leaves it: test images among the others, too.
        transforms["frames"] += transforms["test_frames"]

    change(root / TRANSFORMS, edit)
    scene = dslr(root)
    assert [frame.index for frame in scene.frames] == [0, 2]
    assert scene.dropped_poses == 1


def test_lines_of_points_may_be_empty_or_full(root):
    grey(root / DSLR / "resized_undistorted_images/DSC00008.JPG")
    first = registered(1, "dslr/DSC00008.JPG").rstrip("\n") + "\n1.5 2.5 -1 3.5 4.5 12\n"
    (root / IMAGES).write_text(first + registered(2, "DSC00007.JPG"))
    change(root / TRANSFORMS, lambda x: x["frames"].append(listed("DSC00008.JPG")))
    assert [frame.index for frame in dslr(root).frames] == [7, 8]


def test_a_pose_that_is_not_finite_is_dropped_and_counted(root):
    grey(root / f"{IPHONE}/rgb/frame_000008.jpg")
    (root / f"{IPHONE}/depth/frame_000008.png").write_bytes(
        (root / f"{IPHONE}/depth/frame_000007.png").read_bytes()
    )
    text = json.loads((root / POSES).read_text())
    text["frame_000008"] = text["frame_000007"] | {"aligned_pose": [float("nan")] * 16}
    save(root / POSES, text)
    scene = iphone(root)
    assert [frame.index for frame in scene.frames] == [7]
    assert scene.dropped_poses == 1


def test_frames_that_were_not_extracted_are_none(root):
    change(root / POSES, lambda x: x.update(frame_000009=x["frame_000007"]))
    assert [frame.index for frame in iphone(root).frames] == [7]


def test_a_matrix_may_be_stored_flat(root):
    def flatten(poses):
        entry = poses["frame_000007"]
        for name in ("aligned_pose", "intrinsic"):
            entry[name] = [number for row in entry[name] for number in row]

    change(root / POSES, flatten)
    assert pixel(iphone(root).frames[0]) == pytest.approx(PIXEL)


def test_a_shared_vertex_belongs_to_the_smallest_object(root):
    assert owned(dslr(root)) == {"table": [0, 1, 2], "cup": [3]}
    save(root / ANNOTATION, {"segGroups": GROUPS[::-1]})
    assert owned(dslr(root)) == {"table": [0, 1, 2], "cup": [3]}


def test_of_two_equally_large_objects_the_lower_id_wins(root):
    for number in (1, 9):
        groups = [group(number, "lamp", 10, 11), group(5, "vase", 11, 12), GROUPS[2]]
        for order in (groups, groups[::-1]):
            save(root / ANNOTATION, {"segGroups": order})
            winner = owned(dslr(root))
            assert winner == (
                {"lamp": [0, 1, 2], "vase": [3]} if number < 5 else {"lamp": [0], "vase": [1, 2, 3]}
            )


def test_what_is_to_be_removed_claims_nothing(root):
    save(root / ANNOTATION, {"segGroups": [*GROUPS, group(8, "REMOVE", 10)]})
    assert owned(dslr(root)) == {"table": [0, 1, 2], "cup": [3]}


def test_structure_is_no_object_and_the_floor_is_known(root):
    scene = dslr(root)
    assert scene.labels == ("cup", "table")
    assert scene.floor[:3].tolist() == [list(map(float, point)) for point in POINTS[4:]]
    assert np.array_equal(scene.points[: len(POINTS)], np.array(POINTS, np.float32))
    assert scene.faces.tolist() == [[0, 1, 2], [1, 2, 3], [4, 5, 6]]


def test_a_large_triangle_is_filled_with_points_of_its_object(root):
    """The owners' mesh has few vertices where it is flat."""
    scene = dslr(root)
    # Of 50 x 50 parts each has a point, beside the three corners.
    assert len(scene.floor) == 50 * 50 + 3
    assert len(scene.points) == len(POINTS) + 50 * 50
    x, y, z = scene.floor[3:].T
    assert ((x > 0) & (y > 0) & (x / 3 + y / 4 < 1) & (z == 0)).all()
    # The parts measure 6 by 8 by 10 cm; their centres lie within 5.7 cm of what is in them.
    corner = np.random.default_rng(0).dirichlet((1, 1, 1), 2000) @ np.array(POINTS[4:])
    assert cKDTree(scene.floor).query(corner)[0].max() < 0.06
    assert scene.whole_floor.area_m2 == pytest.approx(6, rel=0.05)


def test_what_fills_a_triangle_between_objects_is_of_none(root):
    save(root / SEGMENTS_FILE, {"segIndices": [10, 11, 11, 12, 20, 20, 10]})
    scene = dslr(root)
    assert len(scene.floor) == 2
    assert len(scene.instances[0].points) == 4
    assert len(scene.points) == len(POINTS) + 50 * 50


def test_a_scene_without_the_recording_has_objects_and_no_frames(root):
    (root / IPHONE).rename(root / "elsewhere")
    scene = iphone(root)
    assert scene.frames == ()
    assert owned(scene) == {"table": [0, 1, 2], "cup": [3]}
    (told,) = PHONE_SET.missing(root)
    assert told == f"{root / IPHONE} is missing; without it there are no images"


def test_ids_are_those_of_a_split_where_one_is_given(root):
    (root / "data/0c0c/scans").mkdir(parents=True)
    (root / "data/0c0c/scans/segments.json").write_text("{}")
    assert list(CAMERA_SET.ids(root)) == ["0c0c", "a1b2"]
    assert list(CAMERA_SET.ids(root, "nvs_sem_train")) == ["a1b2"]
    assert list(CAMERA_SET.ids(root / "data")) == ["0c0c", "a1b2"]
    with pytest.raises(DataError, match=r"splits/val.txt is missing; it has nvs_sem_train"):
        CAMERA_SET.ids(root, "val")


def test_files_are_what_the_scene_is_read_from(root):
    scans = [f"{SCANS}/mesh_aligned_0.05.ply", SEGMENTS_FILE, ANNOTATION]
    own = [TRANSFORMS, IMAGES, CAMERAS, f"{DSLR}/resized_undistorted_images/DSC00007.JPG"]
    assert list(CAMERA_SET.files(root, "a1b2")) == sorted(root / each for each in scans + own)
    own = [POSES, f"{IPHONE}/rgb/frame_000007.jpg", f"{IPHONE}/depth/frame_000007.png"]
    assert list(PHONE_SET.files(root, "a1b2")) == sorted(root / each for each in scans + own)


def test_nothing_is_missing_from_a_whole_folder(root):
    assert list(CAMERA_SET.missing(root)) == []
    assert list(PHONE_SET.missing(root)) == []
