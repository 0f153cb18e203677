"""Each finding is provoked by damaging a room in ScanNet's layout; a sound one gives none."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from noise import point_noise, surface_noise
from sceneries import frame, looking, plane
from sceneries import room as scenery
from spatialevo_core import checking
from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.cli import main
from spatialevo_core.preparing import prepare_world
from spatialevo_core.worlds import Examinable, Severity
from spatialevo_datasets import doctor, doctor_frames, planes
from spatialevo_datasets.arkitscenes import ARKitScenes
from spatialevo_datasets.boxes import aabb
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.scannetpp import spatialevo_datasets as scannetpp_datasets
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.synthetic import rooms
from spatialevo_datasets.synthetic.arkitscenes_writer import write_arkitscenes
from spatialevo_datasets.synthetic.layouts import write_matrix
from spatialevo_datasets.synthetic.scannet_writer import write_scannet
from spatialevo_datasets.synthetic.scannetpp_writer import write_scannetpp

ID = "room-0"
BLUEPRINT = rooms.room(0)
BLUEPRINT = replace(BLUEPRINT, cameras=BLUEPRINT.cameras[::4])
AGGREGATION = f"{ID}.aggregation.json"
SEGMENTS = f"{ID}_vh_clean_2.0.010000.segs.json"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder of ScanNet with one room of six frames."""
    root = tmp_path_factory.mktemp("sound")
    write_scannet(BLUEPRINT, root)
    return root


@pytest.fixture
def folder(sound, tmp_path):
    """A copy of the room to damage."""
    return Path(shutil.copytree(sound / "scans" / ID, tmp_path / "scans" / ID))


def found(folder):
    """The findings about the damaged room, by code."""
    return {each.code: each for each in ScanNet().load(folder.parents[1], ID).examine()}


def checked(*args):
    return CliRunner().invoke(main, ["datasets", "check", *map(str, args)])


def turn(axis, deg):
    """A rotation about x or z."""
    c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    matrix = np.eye(4)
    at = {"x": (1, 2), "z": (0, 1)}[axis]
    matrix[np.ix_(at, at)] = [[c, -s], [s, c]]
    return matrix


def align(folder, matrix):
    """Let the scene's text file state this axis alignment."""
    path = folder / f"{ID}.txt"
    lines = path.read_text().splitlines()
    rows = [each for each in lines if not each.startswith("axisAlignment")]
    path.write_text("\n".join([f"axisAlignment = {' '.join(map(str, matrix.ravel()))}", *rows]))


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def keep(folder, wanted):
    """Leave only some groups in the annotation."""

    def change(content):
        content["segGroups"] = [each for each in content["segGroups"] if wanted(each["label"])]

    rewrite(folder / AGGREGATION, change)


def relabel(folder, *labels):
    """Give the first objects other labels."""

    def change(content):
        for group, label in zip(content["segGroups"], labels, strict=False):
            group["label"] = label

    rewrite(folder / AGGREGATION, change)


def scale_depth(folder, factor):
    for path in folder.glob("depth/*.png"):
        millimetres = np.asarray(Image.open(path)) * factor
        Image.fromarray(np.rint(millimetres).astype(np.uint16)).save(path)


def pose(folder, index):
    return np.loadtxt(folder / f"pose/{index}.txt")


def test_a_room_is_examinable():
    assert isinstance(scenery(plane((0, 0, 0), (1, 0, 0), (0, 1, 0))), Examinable)


def test_a_sound_room_gives_nothing_to_do(sound):
    severe = [each for each in found(sound / "scans" / ID).values() if each.severity != "note"]
    assert severe == []
    result = checked("scannet", sound)
    assert result.exit_code == 0
    assert "worlds: 1, errors: 0, warnings: 0" in result.stderr


@pytest.mark.parametrize("noise", [surface_noise, point_noise])
def test_noise_is_no_finding(room, noise):
    noisy = noise(replace(room, frames=room.frames[::4]), 1)
    assert [str(each) for each in noisy.examine() if each.severity != "note"] == []


@pytest.mark.slow
def test_a_sound_room_gives_no_error_in_the_other_layouts(tmp_path):
    few = replace(BLUEPRINT, cameras=BLUEPRINT.cameras[::2])
    write_scannetpp(few, tmp_path / "pp", pictures=False)
    write_arkitscenes(few, tmp_path / "arkit")
    datasets = [(each, tmp_path / "pp") for each in scannetpp_datasets()]
    for dataset, root in (*datasets, (ARKitScenes(), tmp_path / "arkit")):
        (world_id,) = dataset.ids(root)
        findings = list(dataset.load(root, world_id).examine())
        assert [str(each) for each in findings if each.severity is Severity.ERROR] == []


@pytest.mark.slow
def test_damage_is_found_in_the_other_layouts_too(tmp_path):
    few = replace(BLUEPRINT, cameras=BLUEPRINT.cameras[:4])
    write_scannetpp(few, tmp_path / "pp")
    phone = next(each for each in scannetpp_datasets() if each.name == "scannetpp_iphone")
    still = tmp_path / f"pp/data/{ID}/iphone/pose_intrinsic_imu.json"
    first = next(iter(json.loads(still.read_text()).values()))["aligned_pose"]

    def freeze(content):
        for each in content.values():
            each["aligned_pose"] = first

    rewrite(still, freeze)
    codes = {each.code for each in phone.load(tmp_path / "pp", ID).examine()}
    assert "pose.frozen" in codes
    folder = write_arkitscenes(few, tmp_path / "arkit")
    for path in folder.rglob("lowres_depth/*.png"):
        Image.fromarray(np.asarray(Image.open(path)) * np.uint16(2)).save(path)
    arkit = ARKitScenes()
    (world_id,) = arkit.ids(tmp_path / "arkit")
    found = {each.code: each for each in arkit.load(tmp_path / "arkit", world_id).examine()}
    assert found["depth.scale"].severity is Severity.ERROR
    told = float(re.search(r"they measure ([\d.]+) times", found["depth.scale"].means)[1])
    assert told == pytest.approx(2.0, rel=0.02)


def test_a_missing_file_is_an_error_and_all_that_miss_are_told(folder):
    (folder / f"{ID}_vh_clean_2.ply").unlink()
    (folder / SEGMENTS).unlink()
    result = checked("scannet", folder.parents[1])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{ID}: error: world.unreadable: ")
    assert lines[1].startswith("scannet: error: folder.fault: ")
    for line, name in zip(lines, (f"{ID}_vh_clean_2.ply", SEGMENTS), strict=True):
        assert f"{folder / name} is missing" in line


@pytest.mark.parametrize("name", [f"{ID}_vh_clean_2.ply", SEGMENTS, AGGREGATION])
def test_a_truncated_file_is_an_error_that_names_it(folder, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    result = checked("scannet", folder.parents[1], "--limit", 1)
    assert result.exit_code == 1
    assert f"{ID}: error: world.unreadable: files: {folder / name}" in result.stdout


@pytest.mark.parametrize("name", ["color/3.jpg", "depth/3.png"])
def test_a_truncated_image_is_an_error_that_names_file_and_frame(folder, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    finding = found(folder)["image.unreadable"]
    assert finding.severity is Severity.ERROR
    assert finding.where == "frame 3"
    assert str(folder / name) in finding.means


def test_findings_are_printed_as_json(folder):
    scale_depth(folder, 0.5)
    result = checked("scannet", folder.parents[1], "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["dataset"], told["worlds"], told["errors"]) == ("scannet", 1, 1)
    (error,) = (each for each in told["findings"] if each["severity"] == "error")
    assert (error["world"], error["code"]) == (ID, "depth.scale")
    assert error["remedy"].startswith("look for the units")


def test_warnings_alone_are_no_failure(folder):
    align(folder, turn("x", 4.0))
    result = checked("scannet", folder.parents[1])
    assert result.exit_code == 0
    assert "warning: axis.up" in result.stdout


def test_a_folder_that_is_none_is_an_error(tmp_path):
    result = checked("scannet", tmp_path)
    assert result.exit_code == 1
    assert "scannet: error: folder.fault" in result.stdout
    assert "holds no scenes" in result.stdout


def test_a_cache_is_checked_for_files_that_changed(folder, tmp_path):
    root, out = folder.parents[1], tmp_path / "cache"
    prepare_world(CacheWriter.at(out, "scannet"), ScanNet(), root, ID)
    assert checked("scannet", out).exit_code == 0
    write_matrix(folder / "pose/1.txt", pose(folder, 2))
    for options in ((), ("--limit", 1)):
        result = checked("scannet", out, *options)
        assert result.exit_code == 1
        assert (
            f"{ID}: error: cache.outdated: cache: {folder / 'pose/1.txt'} changed" in result.stdout
        )
        assert result.stdout.count("changed since") == 1


def test_a_pose_that_is_not_finite_is_counted(folder):
    write_matrix(folder / "pose/2.txt", np.full((4, 4), -np.inf))
    finding = found(folder)["pose.dropped"]
    assert finding.severity is Severity.WARNING  # one of six is more than a tenth
    assert finding.means.startswith("1 of 6 have no usable pose")


def test_a_frozen_tracker_is_an_error(folder):
    for index in (4, 5):
        write_matrix(folder / f"pose/{index}.txt", pose(folder, 3))
    finding = found(folder)["pose.frozen"]
    assert finding.severity is Severity.ERROR
    assert finding.where == "frames 3, 4, 5"


def test_a_camera_that_stands_still_is_no_frozen_tracker(folder):
    for name in ("pose/{}.txt", "color/{}.jpg", "depth/{}.png"):
        shutil.copy(folder / name.format(3), folder / name.format(4))
    assert "pose.frozen" not in found(folder)


@pytest.mark.parametrize(("moved_m", "frozen"), [(0.0, True), (0.001, False)])
def test_a_camera_that_moved_by_a_millimetre_is_not_frozen(moved_m, frozen):
    frames = [frame(looking((1 + at * moved_m, -2, 1), 90.0), at) for at in range(2)]
    night = replace(frames[1], read=lambda: Image.new("RGB", (640, 480), "black"))
    findings = scenery(WALL, frames=[frames[0], night]).examine()
    assert any(each.code == "pose.frozen" for each in findings) == frozen


def test_a_tilted_floor_is_measured(folder):
    align(folder, turn("x", 14.0))
    finding = found(folder)["axis.up"]
    assert finding.severity is Severity.ERROR
    tilt = float(re.search(r"labelled floor is tilted by ([\d.]+) degrees", finding.means)[1])
    assert tilt == pytest.approx(14.0, abs=0.2)


def test_an_upside_down_room_is_an_error(folder):
    align(folder, turn("x", 180.0))
    finding = found(folder)["axis.up"]
    assert finding.severity is Severity.ERROR
    assert "upside down" in finding.means


def test_without_a_labelled_floor_level_cameras_tell_what_is_up(folder):
    keep(folder, lambda label: label != "floor")
    assert "axis.up" not in found(folder)
    align(folder, turn("x", 90.0))
    finding = found(folder)["axis.up"]
    assert finding.severity is Severity.ERROR
    assert "the vertical of the cameras" in finding.means


def test_without_a_labelled_floor_what_is_nearly_level_is_measured(folder):
    keep(folder, lambda label: label != "floor")
    align(folder, turn("x", 6.0))
    tilt = re.search(r"nearly level is tilted by ([\d.]+)", found(folder)["axis.up"].means)
    assert float(tilt[1]) == pytest.approx(6.0, abs=0.5)


def test_the_turn_of_the_walls_is_measured(folder):
    align(folder, turn("z", 20.0))
    told = re.search(r"turned by ([+-][\d.]+) degrees", found(folder)["axis.walls"].means)
    assert float(told[1]) == pytest.approx(20.0, abs=1.0)


@pytest.mark.parametrize(("deg", "shown"), [(0, 0), (20, 20), (65, -25), (-30, -30), (180, 0)])
def test_walls_turn_from_the_nearest_axis(deg, shown):
    sides = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 1]]) @ turn("z", deg)[:3, :3].T
    found = planes.wall_turn(planes.Facets(sides, np.array([4.0, 3, 4, 9])))
    assert (found.deg, found.clear) == pytest.approx((shown, 1.0), abs=1e-9)


def test_walls_of_all_directions_have_no_turn():
    angles = np.radians(np.arange(360))
    round_room = np.stack([np.cos(angles), np.sin(angles), np.zeros(360)], axis=1)
    assert planes.wall_turn(planes.Facets(round_room, np.ones(360))).clear < 1e-9


@pytest.mark.parametrize(
    ("factor", "severity"),
    [(1.01, None), (1.07, Severity.WARNING), (3.0, Severity.ERROR)],
)
def test_the_scale_of_depth_is_measured_against_the_mesh(folder, factor, severity):
    scale_depth(folder, factor)
    finding = found(folder).get("depth.scale")
    assert (finding and finding.severity) == severity
    if finding is not None:
        told = float(re.search(r"they measure ([\d.]+) times", finding.means)[1])
        assert told == pytest.approx(factor, rel=0.02)


def test_poses_of_other_images_disagree_with_the_scan(folder):
    one, other = pose(folder, 1), pose(folder, 5)
    write_matrix(folder / "pose/1.txt", other)
    write_matrix(folder / "pose/5.txt", one)
    assert found(folder)["pose.disagrees"].where == "frames 1, 5"


def test_frames_of_which_nothing_can_be_known_are_told(folder):
    Image.fromarray(np.zeros((120, 160), np.uint16)).save(folder / "depth/4.png")
    Image.new("RGB", (320, 240), "navy").save(folder / "color/5.jpg")
    moved = pose(folder, 0)
    moved[0, 3] += 50.0
    write_matrix(folder / "pose/0.txt", moved)
    findings = found(folder)
    assert findings["depth.unknown"].where == "frames 4"
    assert findings["image.blank"].where == "frames 5"
    assert findings["pose.outside"].where == "frames 0"


def test_a_frame_that_shows_no_object_is_told(folder):
    up = looking((0, 0, BLUEPRINT.outline.height - 0.4), 0.0, 90.0)
    write_matrix(folder / "pose/2.txt", up)
    finding = found(folder)["frame.sees_nothing"]
    assert (finding.where, finding.severity) == ("frames 2", Severity.NOTE)
    assert "in 1 of 6 frames" in finding.means


def test_objects_that_no_frame_shows_are_listed(folder):
    for name in ("color/{}.jpg", "depth/{}.png"):
        for index in range(1, 6):
            (folder / name.format(index)).unlink()
    scene = ScanNet().load(folder.parents[1], ID)
    hidden = [each.id for each in scene.instances if not scene.sight(each, 0).visible]
    assert hidden
    listed = found(folder)["object.unseen"].where
    assert listed.startswith(f"objects {hidden[0]} '")


def test_a_room_without_images_is_told(folder):
    for name in ("color", "depth", "pose"):
        shutil.rmtree(folder / name)
    assert found(folder)["frames.none"].severity is Severity.WARNING


def test_a_room_without_objects_is_told(folder):
    keep(folder, lambda label: label in {"wall", "floor", "ceiling"})
    assert found(folder)["objects.none"].severity is Severity.WARNING


def test_an_object_without_a_vertex_of_its_own_is_told(folder):
    assert "objects.left_out" not in found(folder)
    lost = {"objectId": 900, "label": "curtain", "segments": []}
    rewrite(folder / AGGREGATION, lambda content: content["segGroups"].append(lost))
    assert "object 900 'curtain'" in found(folder)["objects.left_out"].means


def test_labels_that_are_not_known_are_told_with_what_may_be_meant(folder):
    relabel(folder, "bookshlef", "gizmotron", "couches", "Trash_Can")
    findings = found(folder)
    assert findings["label.spelling"].where == "label 'bookshlef'"
    assert "misspelt 'bookshelf'" in findings["label.spelling"].means
    assert "1 have no synonyms here (gizmotron)" in findings["label.unknown"].means


def test_the_share_of_unlabelled_vertices_is_measured(folder):
    walls = {
        segment
        for each in json.loads((folder / AGGREGATION).read_text())["segGroups"]
        for segment in each["segments"]
        if each["label"] == "wall"
    }
    of_vertex = json.loads((folder / SEGMENTS).read_text())["segIndices"]
    share = sum(each in walls for each in of_vertex) / len(of_vertex)
    assert "labels.gaps" not in found(folder)
    keep(folder, lambda label: label != "wall")
    finding = found(folder)["labels.gaps"]
    assert finding.means.startswith(f"{share:.0%} of the scan")
    assert finding.severity is (Severity.WARNING if share > 0.3 else Severity.NOTE)


def test_objects_of_few_points_are_noted(folder):
    groups = json.loads((folder / AGGREGATION).read_text())["segGroups"]
    own = set(groups[0]["segments"])

    def thin(content):
        at = [n for n, segment in enumerate(content["segIndices"]) if segment in own]
        for index in at[20:]:
            content["segIndices"][index] = 10**6

    rewrite(folder / SEGMENTS, thin)
    rewrite(
        folder / AGGREGATION,
        lambda content: content["segGroups"][0].update(
            segments=sorted(own & set(json.loads((folder / SEGMENTS).read_text())["segIndices"]))
        ),
    )
    expected = f"objects {groups[0]['objectId']} '{groups[0]['label']}'"
    assert expected in found(folder)["object.sparse"].where


WALL = plane((0, 0, 0), (2, 0, 0), (0, 0, 2))
TWISTED = looking((1, -2, 1), 90.0) @ np.diag([2.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("scene", "code", "severity"),
    [
        (scenery(WALL * 1000), "scan.size", Severity.ERROR),
        (scenery(WALL * 0.1), "scan.size", Severity.ERROR),
        (scenery(np.append(WALL, [[np.nan, 0, 0]], 0)), "scan.not_finite", Severity.ERROR),
        (scenery(WALL, frames=[frame(TWISTED)]), "pose.not_rigid", Severity.ERROR),
        (scenery(WALL, frames=[frame(TWISTED * np.nan)]), "pose.not_rigid", Severity.ERROR),
        (scenery(WALL), "floor.none", Severity.NOTE),
        (
            Scene("test/box", (Instance(0, "bed", box=aabb(WALL), scanned=WALL[:0]),), points=WALL),
            "object.unscanned",
            Severity.NOTE,
        ),
    ],
)
def test_rooms_that_no_loader_lets_through_are_told_as_well(scene, code, severity):
    assert [each.severity for each in scene.examine() if each.code == code] == [severity]


def test_a_room_of_boxes_alone_is_sound():
    assert list(Scene("test/box", (Instance(0, "bed", box=aabb(WALL)),)).examine()) == []


@pytest.mark.parametrize("deg", [0.0, 7.0, 33.0])
def test_a_plane_is_as_tilted_as_it_was_made(deg):
    floor = plane((0, 0, 0), (2, 0, 0), (0, 3, 0), 0.05) @ turn("x", deg)[:3, :3].T
    off = floor[::20] + np.array([0, 0, 0.4])
    assert planes.tilt_deg(planes.fitted_normal(np.concatenate([floor, off]))) == pytest.approx(
        deg, abs=0.1
    )


def test_every_finding_is_provoked_here():
    sources = "".join(Path(each.__file__).read_text() for each in (doctor, doctor_frames))
    codes = set(re.findall(r'code="([^"]+)"', sources))
    told = set(re.findall(r'"([a-z]+\.[a-z_]+)"', Path(__file__).read_text()))
    assert len(codes) > 20
    assert codes <= told


def test_every_finding_is_explained():
    modules = (doctor, doctor_frames, checking)
    sources = "".join(Path(each.__file__).read_text() for each in modules)
    codes = set(re.findall(r'(?:code=|_error\()"([^"]+)"', sources))
    page = Path(__file__).parents[1] / "docs/datasets.md"
    assert codes == set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page.read_text(), re.MULTILINE))
