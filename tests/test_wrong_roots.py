"""A root that is a folder too high or too low: the message says which one was meant."""

import pytest

import arkit_folders
import scannet_files
import scannetpp_folder
from spatialevo_core.errors import DataError
from spatialevo_datasets.arkitscenes import ARKitScenes
from spatialevo_datasets.scannet import ScanNet
from spatialevo_datasets.scannetpp import spatialevo_datasets as scannetpp_datasets

LAYOUTS = {
    "scannet": (ScanNet(), scannet_files.written, f"scans/{scannet_files.ID}"),
    "scannetpp": (scannetpp_datasets()[0], scannetpp_folder.write, "data/a1b2"),
    "arkitscenes": (
        ARKitScenes(),
        arkit_folders.write_scan,
        f"3dod/Training/{arkit_folders.ID}",
    ),
}


@pytest.mark.parametrize(("dataset", "write", "scene"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_root_that_is_too_high_or_too_low_gets_a_suggestion(tmp_path, dataset, write, scene):
    root = tmp_path / "root"
    root.mkdir()
    write(root)
    folder = root / scene
    inner = next(each for each in folder.iterdir() if each.is_dir())
    for given, meant in ((tmp_path, root), (folder, folder.parent), (inner, folder.parent)):
        (told,) = dataset.missing(given)
        assert told.startswith(f"{given} holds no scenes; expected ")
        assert told.endswith(f" in it; did you mean {meant}?")
        assert list(dataset.ids(meant)) == [folder.name]
        with pytest.raises(DataError) as caught:
            dataset.load(given, folder.name)
        assert str(caught.value) == told


@pytest.mark.parametrize("name", LAYOUTS)
def test_where_nothing_is_near_nothing_is_suggested(tmp_path, name):
    (told,) = LAYOUTS[name][0].missing(tmp_path)
    assert told.endswith(" in it")
