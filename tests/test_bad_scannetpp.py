"""A broken ScanNet++ folder gives one error that names file, field and remedy."""

import os
import shutil

import numpy as np
import pytest

from scannetpp_folder import (
    ANNOTATION,
    CAMERAS,
    COLMAP,
    DSLR,
    IMAGES,
    IPHONE,
    POINTS,
    POSES,
    SCANS,
    SEGMENTS_FILE,
    TRANSFORMS,
    change,
    grey,
    listed,
    registered,
    write,
)
from spatialevo_core.errors import DataError
from spatialevo_datasets.scannetpp import spatialevo_datasets
from spatialevo_datasets.synthetic.layouts import write_ply

CAMERA_SET, PHONE_SET = spatialevo_datasets()
MESH = f"{SCANS}/mesh_aligned_0.05.ply"
PICTURE, PHOTO = f"{DSLR}/resized_undistorted_images/DSC00007.JPG", f"{IPHONE}/rgb/frame_000007.jpg"
DEPTH = f"{IPHONE}/depth/frame_000007.png"


def deleted(*names):
    return lambda root: [(root / name).unlink() for name in names]


def text(name, content):
    return lambda root: (root / name).write_text(content)


def edited(name, edit):
    return lambda root: change(root / name, edit)


def transforms(**values):
    return edited(TRANSFORMS, lambda content: content.update(values))


def group(at, **values):
    return edited(ANNOTATION, lambda content: content["segGroups"][at].update(values))


def phone(**values):
    return edited(POSES, lambda content: content["frame_000007"].update(values))


def cut(name):
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:-9])


def renamed(old, new):
    return lambda root: (root / old).rename(root / new)


def both(*breaks):
    return lambda root: [each(root) for each in breaks]


SCAN = {
    "no mesh": (deleted(MESH), f"{MESH} is missing"),
    "mesh cut short": (
        cut(MESH),
        f"{MESH} is truncated: its header announces 3 x face, and fewer bytes follow",
    ),
    "millimetres": (
        lambda root: write_ply(
            root / MESH,
            1000 * np.array(POINTS, np.float32),
            np.zeros((len(POINTS), 3), np.uint8),
            np.array([(0, 1, 2), (1, 2, 3), (4, 5, 6)], np.int32),
        ),
        f"{MESH} spans 4050 m; expected a room of at most 200, in metres",
    ),
    "no annotation": (deleted(ANNOTATION), f"{ANNOTATION} is missing"),
    "annotation cut short": (cut(ANNOTATION), f"{ANNOTATION} is truncated or no JSON: "),
    "segments of another mesh": (
        edited(SEGMENTS_FILE, lambda x: x["segIndices"].append(3)),
        f"{SEGMENTS_FILE}: segIndices has 8 entries; mesh_aligned_0.05.ply has 7 vertices",
    ),
    "no segments": (
        edited(SEGMENTS_FILE, lambda x: x.pop("segIndices")),
        f"{SEGMENTS_FILE}: segIndices: field required",
    ),
    "unknown segment": (
        group(1, segments=[12, 99]),
        f"{ANNOTATION}: segGroups[1].segments names segment 99, which no vertex has; "
        "expected segments of segments.json",
    ),
    "segment beyond 64 bits": (
        edited(SEGMENTS_FILE, lambda x: x.update(segIndices=[2**70] * 7)),
        f"{SEGMENTS_FILE}: segIndices[0]: input should be less than",
    ),
    "object's segment beyond 64 bits": (
        group(1, segments=[2**70]),
        f"{ANNOTATION}: segGroups[1].segments[0]: input should be less than",
    ),
    "id twice": (
        group(1, objectId=1),
        f"{ANNOTATION}: segGroups[1].objectId 1 repeats; expected each once",
    ),
    "no label": (
        group(0, label=" "),
        f"{ANNOTATION}: segGroups[0].label is empty; expected what the object is called",
    ),
}
PICTURES = {
    "no undistorted images": (
        renamed(f"{DSLR}/resized_undistorted_images", f"{DSLR}/resized_images"),
        f"{DSLR}/resized_undistorted_images is missing; download it, or make undistorted_images "
        "with the owners' tool dslr.undistort",
    ),
    "listed image missing": (deleted(PICTURE), f"{PICTURE} is missing"),
    "later image missing": (
        both(
            edited(TRANSFORMS, lambda x: x["frames"].append(listed("DSC00009.JPG"))),
            text(IMAGES, registered(1, "DSC00007.JPG") + registered(2, "DSC00009.JPG")),
        ),
        f"{DSLR}/resized_undistorted_images/DSC00009.JPG is missing; the owners list it",
    ),
    "image of another size": (
        lambda root: grey(root / PICTURE, (32, 24)),
        f"{PICTURE} is 32x24 pixels; its intrinsics are those of 64x48",
    ),
    "fisheye": (
        transforms(camera_model="OPENCV_FISHEYE", k1=0.1),
        f"{TRANSFORMS}: the camera is OPENCV_FISHEYE with k = 0.1, 0.0, 0.0, 0.0; "
        "expected PINHOLE without distortion",
    ),
    "pinhole with distortion": (
        transforms(k3=0.02),
        f"{TRANSFORMS}: the camera is PINHOLE with k = 0.0, 0.0, 0.02, 0.0; "
        "expected PINHOLE without distortion",
    ),
    "no focal length": (
        transforms(fl_x=0),
        f"{TRANSFORMS} is no camera; expected positive focal lengths and a row 0 0 1",
    ),
    "intrinsics of larger images": (
        transforms(cx=64, cy=48, fl_x=64, fl_y=64),
        f"{TRANSFORMS} has its axis at pixel 64, 48, far from the middle of 64x48; ",
    ),
    "focal length in millimetres": (
        transforms(fl_x=4.2, fl_y=4.2),
        f"{TRANSFORMS} has focal lengths 4.2 and 4.2 for 64x48 pixels; ",
    ),
    "images of no pixels": (transforms(w=0), f"{TRANSFORMS} has images of 0x48 pixels; "),
    "undistorted camera unknown": (
        deleted(TRANSFORMS),
        f"{CAMERAS}: line 2: the camera is OPENCV_FISHEYE; expected PINHOLE, or ",
    ),
    "no cameras at all": (
        deleted(TRANSFORMS, IMAGES),
        f"{TRANSFORMS} is missing; the images have no cameras without it",
    ),
    "camera cut short": (
        both(deleted(TRANSFORMS), text(CAMERAS, "1 PINHOLE 64 48 32 32\n")),
        f"{CAMERAS}: line 1: expected WIDTH HEIGHT FX FY CX CY after PINHOLE",
    ),
    "camera of half a pixel": (
        both(deleted(TRANSFORMS), text(CAMERAS, "1 PINHOLE 64.5 48 32 32 32 24\n")),
        f"{CAMERAS}: line 1: expected WIDTH HEIGHT FX FY CX CY after PINHOLE",
    ),
    "camera of another number": (
        both(deleted(TRANSFORMS), text(CAMERAS, "2 PINHOLE 64 48 32 32 32 24\n")),
        f"{IMAGES}: DSC00007.JPG has camera 1, which colmap/cameras.txt lacks",
    ),
    "pose cut short": (
        text(IMAGES, "1 1 0 0 0 1 2\n\n"),
        f"{IMAGES}: line 1 has 7 words; expected IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME",
    ),
    "pose of letters": (
        text(IMAGES, "1 1 0 0 0 1 2 x 1 DSC00007.JPG\n\n"),
        f"{IMAGES}: line 1: could not convert string to float: 'x'; expected numbers",
    ),
    "no rotation": (
        text(IMAGES, "1 0 0 0 0 1 2 3 1 DSC00007.JPG\n\n"),
        f"{IMAGES}: line 1: the quaternion is no rotation; expected one of length 1",
    ),
    "hardly a rotation": (
        text(IMAGES, "1 1e-300 0 0 0 1 2 3 1 DSC00007.JPG\n\n"),
        f"{IMAGES}: line 1: the quaternion is no rotation; expected one of length 1",
    ),
    "rotation beyond all numbers": (
        text(IMAGES, "1 1e300 0 0 0 1 2 3 1 DSC00007.JPG\n\n"),
        f"{IMAGES}: line 1: the quaternion is no rotation; expected one of length 1",
    ),
    "shift beyond all numbers": (
        text(IMAGES, "1 1 0 0 0 1e308 1e308 3 1 DSC00007.JPG\n\n"),
        f"{IMAGES}: line 1 shifts by 10000 m or more; expected metres in a room",
    ),
    "one line for each image": (
        text(IMAGES, f"1 {COLMAP} 1 DSC00007.JPG\n2 {COLMAP} 1 DSC00008.JPG\n"),
        f"{IMAGES}: line 2 lists no points X Y POINT3D_ID; expected two lines for each image",
    ),
    "other images registered": (
        text(IMAGES, registered(1, "IMG_7.JPG")),
        f"{DSLR}: none of 1 listed images has a pose; expected their names in colmap/images.txt",
    ),
    "registered twice": (
        text(IMAGES, 2 * registered(1, "DSC00007.JPG")),
        f"{IMAGES}: line 3: DSC00007.JPG is registered twice; expected each image once",
    ),
    "listed differently": (
        transforms(test_frames=[listed("DSC00007.JPG", transform_matrix=[[1.0]])]),
        f"{TRANSFORMS}: frames[0]: DSC00007.JPG is listed twice, and differently",
    ),
    "matrix cut short": (
        both(
            deleted(IMAGES),
            transforms(frames=[listed("DSC00007.JPG", transform_matrix=[[1, 0, 0, 0]])]),
        ),
        f"{TRANSFORMS}: frames[0].transform_matrix is not 4x4",
    ),
    "matrix no motion": (
        both(
            deleted(IMAGES),
            transforms(frames=[listed("DSC00007.JPG", transform_matrix=[[0, 0, 0, 1]] * 4)]),
        ),
        f"{TRANSFORMS}: frames[0].transform_matrix is no rigid motion; ",
    ),
    "image without number": (
        transforms(frames=[listed("front.JPG")]),
        f"{DSLR}: image front.JPG has no number; expected DSC01234.JPG",
    ),
    "two images of one number": (
        transforms(frames=[listed("DSC00007.JPG"), listed("DSC7.JPG")]),
        f"{DSLR}: DSC00007.JPG and DSC7.JPG have the same number",
    ),
}
PHONE = {
    "video only": (
        both(deleted(PHOTO), lambda root: (root / IPHONE / "rgb.mkv").write_bytes(b"video")),
        f"{IPHONE}/rgb holds no images of rgb.mkv; "
        "extract it with the owners' tool iphone.prepare_iphone_data",
    ),
    "no poses": (deleted(POSES), f"{POSES} is missing"),
    "poses of other frames": (
        edited(POSES, lambda x: x.update(frame_000001=x.pop("frame_000007"))),
        f"{POSES} has no finite aligned_pose for any image of ",
    ),
    "not aligned": (phone(aligned_pose=None), f"{POSES} has no finite aligned_pose for any image "),
    "pose cut short": (
        phone(aligned_pose=[[1, 0, 0, 0]]),
        f"{POSES}: frame_000007.aligned_pose holds 4 numbers; expected a 4x4 matrix",
    ),
    "pose no motion": (
        phone(aligned_pose=[1.0] * 16),
        f"{POSES}: frame_000007.aligned_pose is no rigid motion; ",
    ),
    "no intrinsics": (
        edited(POSES, lambda x: x["frame_000007"].pop("intrinsic")),
        f"{POSES}: frame_000007.intrinsic: field required",
    ),
    "no camera": (
        phone(intrinsic=[[0, 0, 1], [0, 0, 1], [0, 0, 1]]),
        f"{POSES}: frame_000007.intrinsic is no camera; "
        "expected positive focal lengths and a row 0 0 1",
    ),
    "intrinsics of larger images": (
        phone(intrinsic=[[64, 0, 64], [0, 64, 48], [0, 0, 1]]),
        f"{POSES}: frame_000007.intrinsic has its axis at pixel 64, 48, far from the middle of ",
    ),
    "skewed camera": (
        phone(intrinsic=[[32, 1, 32], [0, 32, 24], [0, 0, 1]]),
        f"{POSES}: frame_000007.intrinsic skews the image; ",
    ),
    "names of another tool": (
        renamed(PHOTO, f"{IPHONE}/rgb/7.jpg"),
        f"{IPHONE}/rgb/7.jpg is not named as the others; expected frame_000000.jpg",
    ),
    "a depth image missing": (
        both(
            lambda root: grey(root / f"{IPHONE}/rgb/frame_000008.jpg"),
            edited(POSES, lambda x: x.update(frame_000008=x["frame_000007"])),
        ),
        f"{IPHONE}/depth/frame_000008.png is missing; its colour image is there",
    ),
    "empty image": (text(PHOTO, ""), f"{PHOTO} is truncated or no image"),
}


def message(dataset, root):
    with pytest.raises(DataError) as caught:
        dataset.load(root, "a1b2")
    assert list(dataset.missing(root)) == [str(caught.value)]
    return str(caught.value).replace(f"{root}/", "")


@pytest.mark.parametrize(("broken", "told"), SCAN.values(), ids=SCAN)
@pytest.mark.parametrize("dataset", [CAMERA_SET, PHONE_SET], ids=["dslr", "iphone"])
def test_a_broken_scan_is_told(tmp_path, dataset, broken, told):
    broken(write(tmp_path))
    assert message(dataset, tmp_path).startswith(told)


@pytest.mark.parametrize(("broken", "told"), PICTURES.values(), ids=PICTURES)
def test_a_broken_recording_of_the_camera_is_told_and_spoils_no_other(tmp_path, broken, told):
    broken(write(tmp_path))
    assert message(CAMERA_SET, tmp_path).startswith(told)
    assert len(PHONE_SET.load(tmp_path, "a1b2").frames) == 1


@pytest.mark.parametrize(("broken", "told"), PHONE.values(), ids=PHONE)
def test_a_broken_recording_of_the_phone_is_told_and_spoils_no_other(tmp_path, broken, told):
    broken(write(tmp_path))
    assert message(PHONE_SET, tmp_path).startswith(told)
    assert len(CAMERA_SET.load(tmp_path, "a1b2").frames) == 1


@pytest.mark.parametrize(
    ("dataset", "name", "read"),
    [
        (CAMERA_SET, PICTURE, lambda frame: frame.read()),
        (PHONE_SET, PHOTO, lambda frame: frame.read()),
        (PHONE_SET, DEPTH, lambda frame: frame.depth.read()),
    ],
    ids=["picture", "photo", "depth"],
)
def test_an_image_that_is_cut_short_is_told_when_it_is_read(tmp_path, dataset, name, read):
    write(tmp_path)
    (frame,) = dataset.load(tmp_path, "a1b2").frames
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=f"{name} is truncated"):
        read(frame)


@pytest.mark.parametrize("name", [MESH, TRANSFORMS, IMAGES, PICTURE])
def test_what_never_ends_is_not_read(tmp_path, name):
    root = write(tmp_path)
    (root / name).unlink()
    os.mkfifo(root / name)
    assert message(CAMERA_SET, root).startswith(f"{name} is no regular file")


def test_hidden_files_are_no_data(tmp_path):
    root = write(tmp_path)
    expected = [dataset.files(root, "a1b2") for dataset in (CAMERA_SET, PHONE_SET)]
    for name in (PICTURE, PHOTO, DEPTH, "splits/nvs_sem_train.txt"):
        path = root / name
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
    for dataset, files in zip((CAMERA_SET, PHONE_SET), expected, strict=True):
        assert len(dataset.load(root, "a1b2").frames) == 1
        assert dataset.files(root, "a1b2") == files
    with pytest.raises(DataError, match=r"it has nvs_sem_train$"):
        CAMERA_SET.ids(root, "other")


def test_only_what_can_be_loaded_is_listed(tmp_path):
    root = write(tmp_path)
    shutil.copytree(root / "data/a1b2", root / "data/my scene")
    assert list(CAMERA_SET.ids(root)) == ["a1b2"]


@pytest.mark.parametrize("name", ["../a1b2", "a1b2/../a1b2", "", ".", "/etc"])
def test_an_id_leads_nowhere_else(tmp_path, name):
    write(tmp_path / "root")
    with pytest.raises(DataError, match="has no scene"):
        CAMERA_SET.load(tmp_path / "root", name)


def test_no_link_leads_out_of_the_folder(tmp_path):
    root = write(tmp_path / "root")
    (root / MESH).rename(tmp_path / "mesh.ply")
    (root / MESH).symlink_to(tmp_path / "mesh.ply")
    with pytest.raises(DataError, match="leads out of"):
        CAMERA_SET.load(root, "a1b2")


def test_a_name_in_a_list_leads_nowhere_else(tmp_path):
    write(tmp_path)
    change(tmp_path / TRANSFORMS, lambda x: x["frames"][0].update(file_path="../../DSC00007.JPG"))
    (frame,) = CAMERA_SET.load(tmp_path, "a1b2").frames
    assert frame.read.path == tmp_path / PICTURE
