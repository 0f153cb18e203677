"""A room that is written and read back: two cubes of 1 m, whose corners lie 3 m and 4 m apart."""

import json

import numpy as np
import pytest
from PIL import Image
from spatialevo_my_dataset import Recordings

from spatialevo_core.errors import DataError
from spatialevo_core.plugins import load
from spatialevo_core.testing import check_dataset

K = [[32.0, 0.0, 32.0], [0.0, 32.0, 24.0], [0.0, 0.0, 1.0]]
FAR = "Measuring from the closest point of each, how far is the sofa from the table, in meters?"


def cube(x, y):
    """Points on the surface of a cube of 1 m that stands on the floor."""
    steps = np.linspace(0, 1, 21)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return grid[((grid == 0) | (grid == 1)).any(axis=1)] + (x, y, 0)


def camera(x):
    """A level camera 1.5 m high that looks along +y."""
    return [[1, 0, 0, x], [0, 0, 1, -5], [0, -1, 0, 1.5], [0, 0, 0, 1]]


@pytest.fixture
def root(tmp_path):
    """A folder with one room."""
    folder = tmp_path / "studio"
    folder.mkdir()
    sofa, table = cube(0, 0), cube(4, 5)
    owner = np.repeat([1, 2], [len(sofa), len(table)])
    np.savez(folder / "scan.npz", points=np.concatenate([sofa, table]), object=owner)
    frames = [{"file": f"{at}.png", "K": K, "T_world_camera": camera(2 + at)} for at in range(2)]
    room = {"objects": {"1": "sofa", "2": "table"}, "frames": frames}
    (folder / "room.json").write_text(json.dumps(room))
    for each in frames:
        Image.new("RGB", (64, 48), "white").save(folder / each["file"])
    return tmp_path


def test_the_room_is_what_was_written(root):
    room = load().dataset("my_dataset").load(root, "studio")
    answer = load().ask_about(FAR, room).verdict.answer
    assert answer.value == pytest.approx(5.0)  # 3, 4, 5
    assert [frame.read().size for frame in room.frames] == [(64, 48)] * 2


def test_it_keeps_the_promises_of_every_dataset(root):
    dataset = Recordings()
    view_types = [task.world for task in load().tasks_on(dataset)]
    check_dataset(dataset, root, view_types).require()


def test_a_damaged_scan_is_one_line_that_names_it(root):
    (root / "studio" / "scan.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"scan\.npz"):
        Recordings().load(root, "studio")
    (told,) = Recordings().missing(root)
    assert "expected the arrays points and object" in told


def test_it_is_plugged_in():
    """If not: pip install --editable . and see spatialevo plugins."""
    assert "my_dataset" in load().datasets
