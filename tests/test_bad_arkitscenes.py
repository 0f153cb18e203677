"""Broken ARKitScenes folders: every fault is one error that names the file and the remedy."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from arkit_folders import ID, OBJECTS, PINCAM, annotation, mesh, pose_line, write_scan
from spatialevo_core.errors import DataError
from spatialevo_datasets.arkitscenes import ARKitScenes

ARKIT = ARKitScenes()
ANNOTATION, MESH, FRAMES = f"{ID}_3dod_annotation.json", f"{ID}_3dod_mesh.ply", f"{ID}_frames"
TRAJECTORY = f"{FRAMES}/lowres_wide.traj"
INTRINSICS = f"{FRAMES}/lowres_wide_intrinsics/{ID}_10.000.pincam"
COLOUR, DEPTH = (f"{FRAMES}/{name}/{ID}_10.000.png" for name in ("lowres_wide", "lowres_depth"))


def annotated(**changes: object) -> str:
    """The annotation with a change to the box of the first object."""
    content = json.loads(annotation(OBJECTS[:1]))
    content["data"][0]["segments"]["obbAligned"] |= changes
    return json.dumps(content)


FAULTS = {
    "truncated annotation": (ANNOTATION, annotation()[:-9], "is truncated or no JSON"),
    "annotation without objects": (ANNOTATION, "{}", "data: field required"),
    "annotation of a skipped scan": (
        ANNOTATION,
        annotation([], skipped=True),
        "skipped is true, so nobody annotated the scan",
    ),
    "label a number": (
        ANNOTATION,
        annotation([(7, *OBJECTS[0][1:])]),
        r"data\[0\]\.label: .*string",
    ),
    "no aligned box": (
        ANNOTATION,
        annotation().replace("obbAligned", "obb"),
        r"data\[0\]\.segments\.obbAligned: field required",
    ),
    "two coordinates": (ANNOTATION, annotated(centroid=[1, 2]), r"obbAligned\.centroid\[2\]"),
    "centre not finite": (
        ANNOTATION,
        annotated(centroid=[1, 2, float("nan")]),
        r"obbAligned\.centroid\[2\]: .*finite",
    ),
    "flat box": (
        ANNOTATION,
        annotated(axesLengths=[1, 0, 1]),
        r"axesLengths are \(1.0, 0.0, 1.0\); expected metres, 0.001 to 100",
    ),
    "hardly a box": (ANNOTATION, annotated(axesLengths=[1, 9e-4, 1]), "expected metres, 0.001"),
    "box in millimetres": (
        ANNOTATION,
        annotated(axesLengths=[1000, 500, 500]),
        "axesLengths are .*; expected metres, 0.001 to 100",
    ),
    "box beyond all numbers": (ANNOTATION, annotated(axesLengths=[1e300] * 3), "expected metres"),
    "box on another planet": (
        ANNOTATION,
        annotated(centroid=[0, 1e4, 0]),
        "centroid is 10000 m or more from the origin",
    ),
    "axes beyond all numbers": (
        ANNOTATION,
        annotated(normalizedAxes=[1e300] * 9),
        "normalizedAxes are not orthonormal",
    ),
    "axes that shear": (
        ANNOTATION,
        annotated(normalizedAxes=[1, 0.5, 0, 0, 1, 0, 0, 0, 1]),
        "normalizedAxes are not orthonormal",
    ),
    "axes of eight numbers": (ANNOTATION, annotated(normalizedAxes=[0] * 8), "normalizedAxes"),
    "truncated mesh": (MESH, mesh()[:-5], "is truncated"),
    "no mesh at all": (MESH, b"<html>", "has no PLY header"),
    "mesh of no vertices": (MESH, mesh([]), "has no vertices"),
    "vertex not finite": (MESH, mesh([(0, 0, np.inf)] * 50), "vertex 0 is not finite"),
    "pose without a shift": (
        TRAJECTORY,
        pose_line("10.000", 0) + "10.1 0 0 0\n",
        "line 2 holds 4 numbers; expected 7",
    ),
    "pose of words": (TRAJECTORY, "10 a b c d e f", "line 1: .*expected numbers"),
    "empty trajectory": (TRAJECTORY, "\n", "has no pose within 5 ms of any of 1 images"),
    "trajectory of another scan": (
        TRAJECTORY,
        pose_line("6845.706", 0),
        "has no pose within 5 ms of any of 1 images; expected that of the same scan",
    ),
    "trajectory no text": (TRAJECTORY, b"\xff\xfe", "no UTF-8 text at byte 0"),
    "five intrinsics": (INTRINSICS, "256 192 200 210 120", "holds 5 numbers; expected 6"),
    "intrinsics of zero": (INTRINSICS, "256 192 0 210 120 100", "is no camera; expected positive"),
    "intrinsics of larger images": (
        INTRINSICS,
        "256 192 400 420 240 200",
        "has its axis at pixel 240, 200, far from the middle of 256x192",
    ),
    "a stretched camera": (
        INTRINSICS,
        "256 192 200 401 120 100",
        "has focal lengths 200 and 401 for 256x192 pixels",
    ),
    "half a pixel": (INTRINSICS, "256.5 192 200 210 120 100", "is no camera: 256.5x192 pixels"),
    "more pixels than any camera has": (
        INTRINSICS,
        PINCAM.replace("256", "1e9"),
        "is no camera: 1e.09x192 pixels",
    ),
    "pose beyond all numbers": (
        TRAJECTORY,
        "9 0 0 0 0 0 0\n10 1e300 0 0 0 0 0\n",
        "line 2 is no pose; expected seconds",
    ),
    "moment beyond all numbers": (TRAJECTORY, "1e307 0 0 0 0 0 0\n", "line 1 is no pose"),
    "pose in millimetres": (
        TRAJECTORY,
        "10 0 0 0 0 20000 0\n",
        "line 1 is no pose; .* a shift of less than 10000 m",
    ),
    "intrinsics not finite": (INTRINSICS, PINCAM.replace("256", "inf"), "expected 6 finite ones"),
}


@pytest.mark.parametrize(("name", "content", "message"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_file_is_named_with_what_was_expected(tmp_path, name, content, message):
    path = write_scan(tmp_path) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        ARKIT.load(tmp_path, ID)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(ARKIT.missing(tmp_path)) == [str(caught.value)]


@pytest.mark.parametrize("name", [ANNOTATION, MESH, TRAJECTORY, INTRINSICS])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    path = write_scan(tmp_path) / name
    path.unlink()
    with pytest.raises(DataError, match="is missing") as caught:
        ARKIT.load(tmp_path, ID)
    assert str(path) in str(caught.value)
    assert list(ARKIT.missing(tmp_path)) == [str(caught.value)]


@pytest.mark.parametrize(
    "name", ["first.png", f"{ID}_10.png", f"{ID}_10.0001.png", f"{ID}_010.000.png", "9_10.000.png"]
)
def test_an_image_whose_name_tells_no_time_is_named(tmp_path, name):
    path = write_scan(tmp_path) / FRAMES / "lowres_wide" / name
    path.write_bytes(b"")
    with pytest.raises(DataError, match="expected names such as") as caught:
        ARKIT.load(tmp_path, ID)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", [MESH, TRAJECTORY, INTRINSICS])
def test_what_never_ends_is_not_read(tmp_path, name):
    path = write_scan(tmp_path) / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="is no regular file") as caught:
        ARKIT.load(tmp_path, ID)
    assert str(path) in str(caught.value)


def test_hidden_files_are_no_data(tmp_path):
    folder = write_scan(tmp_path)
    expected = ARKIT.files(tmp_path, ID)
    for name in (COLOUR, DEPTH, INTRINSICS):
        path = folder / name
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
    assert len(ARKIT.load(tmp_path, ID).frames) == 1
    assert ARKIT.files(tmp_path, ID) == expected


def test_labels_in_capitals_are_known_and_unknown_ones_are_told(tmp_path):
    box = OBJECTS[0][1:]
    objects = [("Table", *box), ("TV Monitor", *box), ("guitar", *box)]
    (write_scan(tmp_path) / ANNOTATION).write_text(annotation(objects))
    scene = ARKIT.load(tmp_path, ID)
    assert [(each.id, each.label) for each in scene.instances] == [(0, "Table"), (1, "TV Monitor")]
    assert scene.left_out == ("object 2 'guitar', which is of none of the owners' classes",)


BROKEN_IMAGES = {
    "colour of another size": (COLOUR, Image.new("RGB", (192, 256)), "is 192x256 pixels"),
    "depth of another size": (DEPTH, Image.new("I;16", (128, 96)), "is 128x96 pixels"),
    "depth in colours": (DEPTH, Image.new("RGB", (256, 192)), "expected 16-bit grey millimetres"),
    "depth of 8 bits": (DEPTH, Image.new("L", (256, 192)), "expected 16-bit grey millimetres"),
}


@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize(("name", "image", "message"), BROKEN_IMAGES.values(), ids=BROKEN_IMAGES)
def test_a_broken_image_is_named_when_it_is_read(tmp_path, name, image, message, turns):
    path = write_scan(tmp_path, turns=(turns,)) / name
    image.save(path)
    frame = ARKIT.load(tmp_path, ID).frames[0]
    with pytest.raises(DataError, match=message) as caught:
        (frame.read if name == COLOUR else frame.depth.read)()
    assert str(path) in str(caught.value)


def test_an_image_cut_short_is_named_when_it_is_read(tmp_path):
    path = write_scan(tmp_path) / COLOUR
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="truncated"):
        ARKIT.load(tmp_path, ID).frames[0].read()


def test_no_link_leads_out_of_the_folder(tmp_path):
    folder = write_scan(tmp_path / "here")
    outside = tmp_path / "secret.ply"
    (folder / MESH).rename(outside)
    (folder / MESH).symlink_to(outside)
    with pytest.raises(DataError, match="leads out of"):
        ARKIT.load(tmp_path / "here", ID)


def test_a_folder_without_scans_says_what_was_expected(tmp_path):
    assert list(ARKIT.missing(tmp_path)) == [
        f"{tmp_path} holds no scenes; expected 3dod/Training/<id>/ or raw/Training/<id>/ in it"
    ]
    assert list(ARKIT.missing(None)) == ["arkitscenes needs a folder; give it with --root"]
