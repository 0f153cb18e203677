"""Runs beside each other: which form an arm, what is told of them, and what is left out."""

import json
from random import Random

import pytest
from PIL import Image

from shelf_school import settings
from spatialevo_core.errors import ConfigError
from spatialevo_trainer.comparing import compare
from spatialevo_trainer.comparing_report import HEAD, rows, write_comparison
from spatialevo_trainer.comparison import Comparison

STEPS = 40


def written(folder, *, seed, start=0.3, end=0.9, steps=STEPS, held_out=True, **changes):
    """A run's folder as training leaves it: accuracy goes from start to end in a line."""
    folder.mkdir(parents=True)
    config = settings(**{"model": "base", "seed": seed, "steps": STEPS, **changes})
    (folder / "config.toml").write_text(config.toml())
    noise = Random(seed)
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(1, steps + 1):
            value = start + (end - start) * (step - 1) / (steps - 1) + noise.gauss(0, 0.01)
            row = {"step": step, "solver/accuracy": value, "solver/reward": 0.5, "loss": None}
            file.write(json.dumps(row) + "\n")
    if held_out:
        with (folder / "held_out.jsonl").open("w") as file:
            for step in range(0, steps + 1, 10):
                share = start + (end - start) * step / steps + 0.01 * seed
                row = {"step": step, "sampled/a/b c": share, "greedy/a/b c": share, "legal": 0.5}
                file.write(json.dumps(row) + "\n")
    return folder


@pytest.fixture
def two_arms(tmp_path):
    """Five seeds of oracle and of consensus."""
    return [
        written(tmp_path / f"{arm}-{seed}", seed=seed, end=end, reward=arm)
        for seed in range(5)
        for arm, end in (("oracle", 0.9), ("consensus", 0.1))
    ]


def test_runs_that_differ_in_their_seed_alone_are_one_arm(two_arms):
    found = compare(two_arms)
    assert [arm.name for arm in found.arms] == ["reward=oracle", "reward=consensus"]
    assert [[run.seed for run in arm.runs] for arm in found.arms] == [[0, 1, 2, 3, 4]] * 2
    assert dict(found.differing) == {
        "reward": {"reward=oracle": "oracle", "reward=consensus": "consensus"}
    }
    assert found.remarks == ()


def test_start_and_end_are_of_the_first_and_last_steps_and_examinations(two_arms):
    oracle = compare(two_arms).arm("reward=oracle")
    trained, held_out = oracle.training["solver/accuracy"], oracle.held_out["sampled/a/b c"]
    slope = 0.6 / (STEPS - 1)
    assert trained.start.mean == pytest.approx(0.3 + 4.5 * slope, abs=0.01)
    assert trained.end.mean == pytest.approx(0.9 - 4.5 * slope, abs=0.01)
    assert held_out.start.mean == pytest.approx(0.32)
    assert held_out.end.mean == pytest.approx(0.92)
    # the ends are 0.90, 0.91, ... 0.94: Student's t of 4 degrees of freedom is 2.776
    assert held_out.end.half_width == pytest.approx(2.776445 * 0.0158114 / 5**0.5, rel=1e-4)
    assert held_out.change.mean == pytest.approx(0.6)
    assert held_out.change.half_width == pytest.approx(0, abs=1e-9)


def test_arms_are_paired_seed_by_seed(two_arms):
    pairs = {(p.figure.held_out, p.held_out): p for p in compare(two_arms).pairs}
    pair = pairs["sampled/a/b c", True]
    assert (pair.arm, pair.against) == ("reward=consensus", "reward=oracle")
    assert pair.paired.difference.mean == pytest.approx(-0.8)
    assert pair.paired.difference.n == 5
    assert (pair.paired.higher, pair.paired.lower, pair.paired.p) == (0, 5, 2 / 32)
    assert pairs["legal", True].paired.p == 1


def test_a_held_out_figure_stands_beside_what_training_measures_alike(two_arms):
    figures = {each.held_out: each for each in compare(two_arms).figures}
    assert figures["sampled/a/b c"].training == "solver/accuracy"
    assert figures["greedy/a/b c"].training is None
    assert figures["legal"].training is None, "these runs did not measure it"
    assert [each.training for each in compare(two_arms).figures if not each.held_out] == [
        "solver/reward"
    ]


def test_one_task_of_a_group_stands_beside_its_own_training_curve(tmp_path):
    run = written(tmp_path / "run", seed=0)
    (run / "metrics.jsonl").write_text(
        '{"step": 1, "solver/accuracy": 0.1, "solver/accuracy/near": 0.7}\n'
    )
    (run / "held_out.jsonl").write_text(
        '{"step": 0, "sampled/a": 0.5, "sampled/a/near": 0.6, "sampled/a/far": 0.4}\n'
    )
    beside = {each.held_out: each.training for each in compare([run]).figures}
    assert beside == {
        "sampled/a": "solver/accuracy",
        "sampled/a/near": "solver/accuracy/near",
        "sampled/a/far": "solver/accuracy",
    }


def test_arms_can_be_named(two_arms):
    given = {"ours": two_arms[::2], "theirs": two_arms[1::2]}
    found = compare(given)
    assert [arm.name for arm in found.arms] == ["ours", "theirs"]
    assert found.pairs[0].against == "ours"
    mixed = compare({"all": [two_arms[0], two_arms[3]]})
    assert mixed.remarks == ("all: its runs differ in reward, beside the seed",)


def test_a_report_holds_table_picture_and_settings(two_arms, tmp_path):
    found = compare(two_arms)
    paths = write_comparison(found, tmp_path / "out")
    assert sorted(path.name for path in paths) == [
        f"comparison.{kind}" for kind in ("html", "json", "md", "png")
    ]
    markdown, page, data, picture = paths
    assert Comparison.model_validate_json(data.read_text()) == found
    with Image.open(picture) as image:
        assert image.width > 1000
    assert page.read_text().count("data:image/png;base64,") == 1
    for text in (markdown.read_text(), page.read_text()):
        assert "0.92 ± 0.02" in text
        assert "-0.80 ± 0.00, higher in 0 of 5" in text
        assert "reward=consensus" in text
        assert "How to read this" in text
    cells = dict(zip(HEAD[:3], rows(found)[0], strict=False))
    assert cells == {
        "quantity": "solver: accuracy of sampled answers, a/b c",
        "arm": "reward=oracle",
        "seeds": "5",
    }


def test_runs_of_any_state_are_compared_or_left_out_with_a_word(tmp_path):
    good = [written(tmp_path / f"good-{seed}", seed=seed) for seed in (0, 1)]
    stopped = written(tmp_path / "stopped", seed=2, steps=25)
    with (stopped / "metrics.jsonl").open("a") as file:
        file.write('{"step": 26, "solver/acc')
    alone = written(tmp_path / "alone", seed=9, held_out=False, lora={"rank": 8})
    twin = written(tmp_path / "twin", seed=1)
    (tmp_path / "empty").mkdir()
    (broken := written(tmp_path / "broken", seed=3)).joinpath("metrics.jsonl").write_text("{\n")
    (odd := written(tmp_path / "odd", seed=3)).joinpath("metrics.jsonl").write_text('["step"]\n')
    (blind := written(tmp_path / "blind", seed=3)).joinpath("metrics.jsonl").write_bytes(b"\xff\n")
    (new := written(tmp_path / "new", seed=4)).joinpath("metrics.jsonl").write_text("")
    (no_toml := written(tmp_path / "toml", seed=4)).joinpath("config.toml").write_text("a = \n")
    (no_seed := written(tmp_path / "seed", seed=4)).joinpath("config.toml").write_text("steps = 3")
    left_out = [tmp_path / "empty", tmp_path / "gone", broken, odd, blind, new, no_toml, no_seed]
    found = compare([*good, stopped, alone, twin, *left_out])
    assert [arm.name for arm in found.arms] == ["lora.rank=4", "lora.rank=8"]
    assert [run.folder for run in found.arms[0].runs] == [*good, stopped]
    told = dict.fromkeys(found.remarks)
    for start in (
        f"left out: {tmp_path / 'empty'} holds no run; expected config.toml in it",
        f"left out: {tmp_path / 'gone'} holds no run",
        f"left out: {broken / 'metrics.jsonl'}:1: not JSON",
        f"left out: {odd / 'metrics.jsonl'}:1: says no step",
        f"left out: {blind / 'metrics.jsonl'} is no text",
        f"left out: {new / 'metrics.jsonl'} has no step yet",
        f"left out: {no_toml / 'config.toml'} is not TOML",
        f"left out: {no_seed / 'config.toml'} says no seed",
        f"left out: {twin} has the seed of {good[1]}, 1, in the same arm",
        "lora.rank=4: runs of 25 to 40 steps",
        f"{stopped}: unfinished, 25 of 40 steps",
        "lora.rank=8: one run, so there is no interval",
        f"{alone}: not examined on held-out worlds",
        "lora.rank=8 and lora.rank=4 have no seed in common",
    ):
        (line,) = [each for each in told if each.startswith(start)]
        del told[line]
    assert not told
    assert found.pairs == ()
    assert write_comparison(found, tmp_path / "out")


def test_a_single_run_of_one_step_is_shown(tmp_path):
    run = written(tmp_path / "only-0", seed=0, held_out=False)
    (run / "metrics.jsonl").write_text('{"step": 1, "solver/accuracy": 0.25}\n')
    found = compare([run, run])
    assert [arm.name for arm in found.arms] == ["only-0"]
    assert rows(found)[0][3:] == ("0.25", "0.25", "+0.00", "-", "-", "-")
    assert write_comparison(found, tmp_path / "out")


def test_nothing_to_compare_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="holds no run"):
        compare([tmp_path])
    with pytest.raises(ConfigError, match="no run is given"):
        compare({})


def test_one_arm_has_the_name_that_its_folders_share(tmp_path):
    seeds = [written(tmp_path / "oracle" / f"seed-{seed}", seed=seed) for seed in range(2)]
    assert compare(seeds).arms[0].name == "oracle"
    seeds = [written(tmp_path / f"first try-{seed}", seed=seed) for seed in range(2)]
    assert compare(seeds).arms[0].name == "first try"


def test_long_settings_are_named_by_their_end_and_never_alike(tmp_path):
    names = [f"{'x' * 50}/{end}" for end in ("base", "base")]
    names[1] = "y" + names[1]
    runs = [
        written(tmp_path / str(number), seed=0, model=name) for number, name in enumerate(names)
    ]
    first, second = (arm.name for arm in compare(runs).arms)
    assert first.endswith("xxx/base")
    assert second == f"{first} (2)"


def test_the_command_prints_a_table_and_writes_the_report(two_arms, tmp_path, run):
    done = run("compare", *two_arms, tmp_path / "gone", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    first, *_ = done.stdout.splitlines()
    assert first.split() == " ".join(HEAD).split()
    assert "higher in 0 of 5" in done.stdout
    assert str(tmp_path / "out" / "comparison.html") in done.stdout
    assert "gone holds no run" in done.stderr
    as_json = run("compare", *two_arms, "--out", tmp_path / "out", "--json")
    assert json.loads(as_json.stdout)["arms"][0]["name"] == "reward=oracle"
    nothing = run("compare", tmp_path / "gone", "--out", tmp_path / "out2")
    assert nothing.exit_code == 1
    assert not (tmp_path / "out2").exists()
