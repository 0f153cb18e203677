"""What a dataset offers is counted as it is drawn, and views cover what a room holds."""

import json
from collections import Counter
from itertools import combinations
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner

from spatialevo_core.cli import main
from spatialevo_core.plugins import load
from spatialevo_core.records import QuestionRecord, read_records
from spatialevo_core.stats import Stats, TaskStats, stats_of
from spatialevo_datasets.coverage import LEAST_FRAMES, MOST_FRAMES
from spatialevo_datasets.synthetic import Synthetic
from spatialevo_datasets.views import FrameView, PairView, SceneView

TINY = "tiny-0"


@pytest.fixture(scope="module")
def counted():
    """The statistics of one tiny room."""
    tasks = tuple(load().tasks.values())
    return stats_of("synthetic", Synthetic().load(None, TINY), TINY, tasks, seed=0).model_dump()


@pytest.fixture(scope="module")
def tiny():
    """That room."""
    return Synthetic().load(None, TINY)


def test_things_are_counted_by_name(counted, tiny):
    assert counted["worlds"] == 1
    assert counted["counts"]["objects"] == len(tiny.instances)
    assert counted["counts"]["frames"] == len(tiny.frames)
    assert sum(counted["names"].values()) == len(tiny.instances)
    assert all(len(tiny.labelled(name)) == many for name, many in counted["names"].items())
    assert list(counted["names"].values()) == sorted(counted["names"].values(), reverse=True)


def test_views_are_counted_by_kind(counted, tiny):
    kinds = {"SceneView": SceneView, "FrameView": FrameView, "PairView": PairView}
    expected = {name: len(list(kind.propose(tiny, Random(5)))) for name, kind in kinds.items()}
    assert counted["views"] == expected


def test_questions_are_those_that_generate_draws(counted, tmp_path):
    out = tmp_path / "q.jsonl"
    most = ("--per-scene", "100000", "--ids", TINY, "--out", str(out))
    assert CliRunner().invoke(main, ["generate", "--dataset", "synthetic", *most]).exit_code == 0
    rows = list(read_records(out, QuestionRecord))
    asked = Counter(row.task for row in rows)
    shown = Counter(task for task, _ in {(row.task, row.frames) for row in rows})
    assert set(counted["tasks"]) == set(load().tasks)
    assert sum(asked.values()) > 50
    for name, found in counted["tasks"].items():
        assert (found["questions"], found["views"]) == (asked[name], shown[name]), name
        assert found["worlds"] == (asked[name] > 0)
        assert found["faults"] == 0
        assert found["views"] <= found["questions"] <= 2 * found["views"]


def test_counts_add_up():
    one = Stats(dataset="d", worlds=1, counts={"objects": 2}, names={"cup": 2}, views={"V": 1})
    other = Stats(
        dataset="d",
        worlds=1,
        counts={"objects": 4, "frames": 7},
        names={"pan": 3, "cup": 1},
        tasks={"heavier": TaskStats(worlds=1, views=2, questions=3)},
    )
    both = one.plus(other).plus(other)
    assert both.worlds == 3
    assert both.counts == {"objects": 10, "frames": 14}
    assert list(both.names.items()) == [("pan", 6), ("cup", 4)]
    assert both.views == {"V": 1}
    assert both.tasks == {"heavier": TaskStats(worlds=2, views=4, questions=6)}


def test_a_world_that_is_no_room_is_counted_too(run):
    told = json.loads(run("datasets", "stats", "shelves", "--json").stdout)
    assert told["counts"] == told["names"] == {}
    assert told["worlds"] >= 1
    assert told["tasks"]["heavier"]["questions"] > 0
    shown = run("datasets", "stats", "shelves").stdout
    assert "task     worlds  views  questions  faults" in shown


def test_a_world_that_cannot_be_read_is_told_and_left_out(tmp_path):
    scan = tmp_path / "scans" / "scene0000_00"
    scan.mkdir(parents=True)
    (scan / "scene0000_00.txt").write_text("axisAlignment = 1\n")
    result = CliRunner().invoke(main, ["datasets", "stats", "scannet", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert "scene0000_00: " in result.stderr
    assert "axisAlignment holds 1 numbers" in result.stderr
    assert json.loads(result.stdout)["worlds"] == 0


@pytest.mark.parametrize("world_id", ["room-0", "lroom-0"])
def test_a_greedy_choice_of_frames_shows_more_objects_than_a_random_one(world_id):
    room = Synthetic().load(None, world_id)
    indices = [frame.index for frame in room.frames]
    shown = {index: room.shares(index).visible for index in indices}
    rng = Random(1)
    for view in SceneView.propose(room, Random(0)):
        greedy = len(frozenset().union(*(shown[index] for index in view.frames)))
        drawn = (rng.sample(indices, len(view.frames)) for _ in range(50))
        random = [len(frozenset().union(*(shown[index] for index in each))) for each in drawn]
        assert greedy > np.mean(random)
        assert greedy >= np.quantile(random, 0.9)


@pytest.mark.parametrize("world_id", ["room-1", "lroom-0", "tiny-0"])
def test_scene_views_are_of_four_to_eight_frames_and_cover_what_can_be_seen(world_id):
    room = Synthetic().load(None, world_id)
    shown = {frame.index: room.shares(frame.index).visible for frame in room.frames}
    visible = frozenset().union(*shown.values())
    least = min(LEAST_FRAMES, len(room.frames))
    for view in SceneView.propose(room, Random(0)):
        assert least <= len(view.frames) <= MOST_FRAMES
        assert len(set(view.frames)) == len(view.frames)
        seen = frozenset().union(*(shown[index] for index in view.frames))
        # It stops short of covering all only where eight frames are not enough.
        assert seen == visible or len(view.frames) == MOST_FRAMES
        assert len(seen) >= 0.9 * len(visible)


@pytest.mark.parametrize("kind", [SceneView, FrameView, PairView])
def test_views_depend_on_the_seed_and_on_nothing_else(kind, room):
    again = Synthetic().load(None, "room-0")
    one, same = ([view.frames for view in kind.propose(r, Random(3))] for r in (room, again))
    other = [view.frames for view in kind.propose(room, Random(4))]
    assert one == same
    assert one != other
    if kind is not SceneView:  # another order of the same views
        assert sorted(one) == sorted(other)


def test_single_frames_show_two_objects_and_none_is_left_out(room):
    proposed = {view.frames[0] for view in FrameView.propose(room, Random(0))}
    several = {f.index for f in room.frames if len(room.shares(f.index).visible) >= 2}
    assert proposed == several


def test_pairs_overlap_and_differ_by_move_or_turn_and_none_is_left_out(room):
    proposed = {view.frames for view in PairView.propose(room, Random(0))}
    for one, two in combinations(room.frames, 2):
        moved_m = np.linalg.norm(one.position - two.position)
        axes = [each.T_world_camera[:3, :3] for each in (one, two)]
        vector = axes[0].T @ axes[1] - axes[1].T @ axes[0]
        sine = np.linalg.norm(vector) / np.sqrt(8)
        turned_deg = np.degrees(np.arctan2(sine, (np.sum(axes[0] * axes[1]) - 1) / 2))
        useful = room.overlap(one.index, two.index) >= 0.1 and (moved_m >= 0.2 or turned_deg >= 15)
        assert ((one.index, two.index) in proposed) == useful
        assert ((two.index, one.index) in proposed) == useful
