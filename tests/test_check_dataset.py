"""The shipped check passes a good dataset and names what a bad one breaks."""

import pytest
from PIL import Image

from shelf_folders import Careless, Hashed, Raising, Trusting, Weights
from shelves import ShelfView
from spatialevo_core.testing import check_dataset
from spatialevo_datasets.synthetic import Synthetic, rooms
from spatialevo_datasets.synthetic.arkitscenes_writer import write_arkitscenes
from spatialevo_datasets.synthetic.scannet_writer import write_scannet
from spatialevo_datasets.synthetic.scannetpp_writer import write_scannetpp
from spatialevo_datasets.views import FrameView, PairView, SceneView


def broken(dataset, root, *kinds):
    report = check_dataset(dataset, root, kinds or [ShelfView])
    return {check.promise: check.broken for check in report.checks if check.broken}


def test_a_good_dataset_keeps_every_promise(catalogue):
    report = check_dataset(Weights(), catalogue, [ShelfView])
    report.require()
    assert (report.looked_at, report.remarks) == (2, ())


@pytest.mark.slow
def test_the_synthetic_rooms_keep_every_promise():
    check_dataset(Synthetic(), None, [SceneView, FrameView, PairView], worlds=1).require()


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_scannet, write_scannetpp, write_arkitscenes])
def test_the_readers_of_published_folders_keep_every_promise(write, tmp_path):
    from spatialevo_core.plugins import load

    write(rooms.room(0), tmp_path)
    dataset = load().datasets[write.__name__.removeprefix("write_")]
    report = check_dataset(dataset, tmp_path, [SceneView, FrameView, PairView], worlds=1)
    report.require()
    assert report.looked_at == 1


STABLE = "its ids are strings, each once, in a stable order"
ELSEWHERE = "it works in another process as here"
LOADS = "a world loads as the same twice, of the type it says"
BAD_ID = "an id that is none is a DataError"

BROKEN = {
    Hashed: {
        ELSEWHERE: "another process lists other ids, or in another order; sort what comes from a",
    },
    Careless: {
        STABLE: "an id is listed twice",
        LOADS: "a: two loads gave two worlds; draw from Random(world_id), sort files",
        "the files that it names are there, sorted": "a: files are not sorted",
        "a good folder is not complained of": "missing says of it: the README",
        "reading leaves its folder as it is": "files were written, removed or touched",
    },
    Trusting: {
        BAD_ID: "load gave a world for '', which is no id; raise DataError",
        "a split that is not there has no worlds": "split 'no such split' has 2 worlds; raise",
        "a folder without worlds is complained of, not raised on": "missing says nothing of an",
        "views are proposed alike, and a key names one of them": (
            "'shelf' is the key of views of a and of b; name the world"
        ),
    },
    Raising: {
        LOADS: "b: load gave str; `source` says Shelf",
        BAD_ID: "raised FileNotFoundError",
        ELSEWHERE: "in another process: ValueError: could not convert string to float",
    },
}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_promise_is_named_with_what_would_be_right(kind, catalogue):
    found = broken(kind(), catalogue)
    for promise, told in BROKEN[kind].items():
        assert any(told in why for why in found[promise]), found


def test_one_that_cannot_be_sent_to_another_process_is_named(catalogue):
    class Local(Weights):
        pass

    (why,) = broken(Local(), catalogue)[ELSEWHERE]
    assert why.startswith("it cannot be pickled: ")
    assert why.endswith("; make it a class of a module, of plain fields")


class GreyView(ShelfView):
    def images(self):
        return [Image.new("L", (4, 4))]


class NumberedView(ShelfView):
    frames = (1, 2)


class TornView(ShelfView):
    def images(self):
        raise OSError("no such picture")


def test_what_is_wrong_with_images_is_named(catalogue):
    found = broken(Weights(), catalogue, GreyView, NumberedView, TornView)
    assert found["images are RGB, one for each frame"][:3] == (
        "weights/a: an image is L; convert it to RGB",
        "weights/a has 1 images of 2 frames",
        "weights/a: images raised OSError: no such picture",
    )


class NoView(ShelfView):
    @classmethod
    def propose(cls, source, rng):
        return iter(())


def test_what_cannot_be_asked_about_is_remarked_on(catalogue):
    report = check_dataset(Weights(), catalogue, [NoView])
    assert report.ok
    (remark,) = report.remarks
    assert remark == "none of the worlds proposes a NoView; its tasks have no questions here"


def test_the_command_checks_the_code_where_it_is_asked_to(run, catalogue):
    result = run("datasets", "check", "shelf_catalogue", catalogue, "--promises")
    assert result.exit_code == 1
    assert "shelf_catalogue  broken  2 worlds\n" in result.stdout
    assert "an id that is none is a DataError: load of" in result.stdout
