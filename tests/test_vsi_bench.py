import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from spatialevo_core.errors import DataError
from spatialevo_core.worlds import Benchmark
from spatialevo_datasets.vsi_bench import VsiBench

VSI = VsiBench()
SHARED = Path(os.environ.get("SPATIALEVO_SHARED", Path(__file__).parents[2] / "shared" / "data"))
ROOT = SHARED / "vsi_bench"
published = pytest.mark.skipif(not ROOT.is_dir(), reason="the benchmark's metadata is not here")

HALF = float(np.sqrt(0.5))
BED = {
    "label": "bed",
    "center": [1, 2, 0.5],
    "size": [2, 1, 1],
    "axes": [[HALF, HALF, 0], [-HALF, HALF, 0], [0, 0, 1]],
}
CHAIR = {"label": "chair", "center": [0, 0, 0], "size": [1, 1, 1], "axes": np.eye(3).tolist()}
QUESTION = {
    "id": 7,
    "dataset": "scannet",
    "scene": "room_a",
    "question_type": "object_rel_direction_easy",
    "question": "Is the bed to my left or right?",
    "options": ["A. right", "B. left"],
    "answer": "B",
}


def written(root: Path, *objects: object, questions: object = (QUESTION,)) -> Path:
    room = {"dataset": "scannet", "room_size_m2": 12.5, "object_counts": {}, "objects": objects}
    (root / "scenes.json").write_text(json.dumps({"room_a": room}))
    (root / "questions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
    return root


def test_the_rows_of_axes_are_the_sides_of_the_box(tmp_path):
    scene = VSI.load(written(tmp_path, BED), "room_a")
    bed = scene.instances[0]
    box = scene.obb(bed)
    np.testing.assert_allclose(box.axes[0], (HALF, HALF, 0))
    np.testing.assert_allclose(scene.aabb(bed).size, (3 * HALF, 3 * HALF, 1))
    tip = np.array([1, 2, 0.5]) + np.array([HALF, HALF, 0])
    assert scene.nearest(bed, tip).distance_m == pytest.approx(0)
    assert scene.nearest(bed, 2 * tip - box.center).distance_m == pytest.approx(1)


def test_objects_are_numbered_as_listed_and_structure_is_left_out(tmp_path):
    wall = {**CHAIR, "label": "wall"}
    scene = VSI.load(written(tmp_path, CHAIR, wall, BED, CHAIR), "room_a")
    assert [(each.id, each.label) for each in scene.instances] == [
        (0, "chair"),
        (2, "bed"),
        (3, "chair"),
    ]
    assert [each.id for each in scene.labelled("chair")] == [0, 3]
    assert (scene.key, scene.room_size_m2, scene.frames) == ("vsi_bench/room_a", 12.5, ())
    assert scene.points is None


def test_an_option_letter_is_replaced_by_its_words(tmp_path):
    (asked,) = VSI.questions(written(tmp_path, BED))
    assert (asked.id, asked.world_id, asked.answer) == ("7", "room_a", "left")
    assert asked.options == ("right", "left")
    assert isinstance(VSI, Benchmark)


FAULTS = {
    "size of zero": ({"size": [0, 1, 1]}, r"room_a\.objects\[1\]\.size is .*expected positive"),
    "two axes": (
        {"axes": [[1, 0, 0], [0, 1, 0]]},
        r"room_a\.objects\[1\]\.axes\[2\]: field required",
    ),
    "skewed axes": (
        {"axes": [[1, 0, 0], [1, 0, 0], [0, 0, 1]]},
        r"objects\[1\]\.axes are not orthonormal",
    ),
    "infinite centre": ({"center": [0, 1, float("inf")]}, r"objects\[1\]\.center\[2\]: .*finite"),
    "label missing": ({"label": None}, r"objects\[1\]\.label: .*string"),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_object_is_named(tmp_path, change, message):
    written(tmp_path, CHAIR, BED | change)
    with pytest.raises(DataError, match=message):
        VSI.load(tmp_path, "room_a")
    assert len(list(VSI.missing(tmp_path))) == 1


def test_a_faulty_question_is_named_by_its_line(tmp_path):
    written(tmp_path, BED, questions=(QUESTION, QUESTION | {"answer": "C"}))
    with pytest.raises(DataError, match=r"questions\.jsonl, line 2: answer 'C' is none of A, B"):
        list(VSI.questions(tmp_path))
    (tmp_path / "questions.jsonl").write_text('{"id": 3')
    assert [
        f"{tmp_path / 'questions.jsonl'}, line 1 is truncated" in each
        for each in VSI.missing(tmp_path)
    ] == [True]


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"scenes\.json is missing"):
        VSI.ids(tmp_path)
    written(tmp_path, BED)
    with pytest.raises(DataError, match=r"did you mean 'room_a'\?"):
        VSI.load(tmp_path, "room_b")
    with pytest.raises(DataError, match="no split 'val'; known: scannet"):
        VSI.ids(tmp_path, "val")


def test_a_changed_file_is_read_again(tmp_path):
    written(tmp_path, BED)
    assert len(VSI.load(tmp_path, "room_a").instances) == 1
    written(tmp_path, BED, CHAIR)
    os.utime(tmp_path / "scenes.json", (1, 1))
    assert len(VSI.load(tmp_path, "room_a").instances) == 2


@published
def test_the_published_files_are_whole():
    assert list(VSI.missing(ROOT)) == []
    assert len(list(VSI.ids(ROOT))) == 123
    assert len(list(VSI.ids(ROOT, "scannetpp"))) == 28
    asked = list(VSI.questions(ROOT))
    assert len(asked) == 2383
    assert {each.world_id for each in asked} <= set(VSI.ids(ROOT))
    assert not [each for each in asked if len(each.answer) == 1 and each.answer.isalpha()]


@published
def test_published_counts_are_those_of_the_boxes():
    asked = [each for each in VSI.questions(ROOT) if each.kind == "object_counting"]
    rooms = {each: VSI.load(ROOT, each) for each in VSI.ids(ROOT)}
    agree = 0
    for each in asked:
        label = each.text.split(" many ")[1].split("(s)")[0]
        counts = Counter(instance.label for instance in rooms[each.world_id].instances)
        agree += counts[label] == int(each.answer)
    assert agree / len(asked) >= 0.96


@published
def test_published_sizes_are_the_longest_sides_of_the_boxes():
    errors = []
    for each in VSI.questions(ROOT):
        if each.kind == "object_size_estimation":
            scene = VSI.load(ROOT, each.world_id)
            label = each.text.split(" of the ")[2].split(",")[0]
            longest = [100 * scene.obb(own).size.max() for own in scene.labelled(label)]
            errors.append(min((abs(cm - float(each.answer)) for cm in longest), default=np.inf))
    assert np.mean(np.array(errors) <= 1) >= 0.95
