"""Worlds are prepared once, whole or not at all, whatever becomes of the program."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from random import Random

import pytest

import pantries
from pantries import Hidden, Pantries, Unstorable, filled, tree
from shelves import TASK
from spatialevo_core import cache_writer, engines
from spatialevo_core.cache import MARKER, Cache, reading_caches
from spatialevo_core.cache_writer import CacheWriter
from spatialevo_core.engines import in_processes, on_ray
from spatialevo_core.errors import ConfigError, DataError
from spatialevo_core.hooks import GROUP, hookimpl
from spatialevo_core.preparing import Outcome, prepare, prepare_world
from spatialevo_core.worlds import Benchmark

PANTRIES = Pantries()
READER = reading_caches(PANTRIES)


def at_once(work, items, jobs):
    """An engine for tests: in this process, faults and all."""
    for each in items:
        yield engines.Done(each, work(each))


def failing_at_once(work, items, jobs):
    """As `at_once`; what cannot be read fails, and the others go on."""
    for each in items:
        try:
            yield engines.Done(each, work(each))
        except DataError as error:
            yield engines.Done(each, fault=str(error))


def prepared(root, out, *ids, dataset=PANTRIES):
    """What was newly prepared."""
    ids = ids or dataset.ids(root)
    done = list(prepare(dataset, root, out, ids, engine=at_once))
    return [each.item for each in done if each.value is Outcome.PREPARED]


def outcomes(root, out):
    """What became of each world, and what was said of it where it failed."""
    done = list(prepare(PANTRIES, root, out, PANTRIES.ids(root), engine=failing_at_once))
    return {each.item: each.fault or each.value for each in done}


def test_a_cache_will_do_where_the_folder_does(tmp_path):
    root = filled(tmp_path / "root", a="tea jam", b="rice")
    out = tmp_path / "out"
    assert prepared(root, out) == ["a", "b"]
    assert list(READER.ids(out)) == list(READER.ids(root)) == ["a", "b"]
    assert READER.load(out, "a").goods == ("jam", "tea")
    assert READER.load(out, "a").opened_from == root
    assert list(READER.ids(out, "b")) == ["b"]
    assert list(READER.missing(out)) == []
    assert isinstance(READER, Benchmark)
    assert next(READER.questions(out)) == next(PANTRIES.questions(root))


def test_what_is_prepared_is_left_alone(tmp_path):
    root, out = filled(tmp_path / "root", a="tea", b="rice"), tmp_path / "out"
    prepared(root, out)
    before = tree(out)
    assert prepared(root, out) == []
    assert tree(out) == before


def test_a_changed_file_is_noticed_by_its_contents(tmp_path):
    root, out = filled(tmp_path / "root", a="tea", b="rice"), tmp_path / "out"
    prepared(root, out)
    os.utime(root / "b.txt", ns=(1, 1))
    (root / "a.txt").write_text("jam")
    (told,) = READER.missing(out)
    assert told.startswith(f"{root / 'a.txt'} changed since a was prepared; run 'spatialevo")
    assert READER.load(out, "a").goods == ("tea",)
    assert prepared(root, out) == ["a"]
    assert READER.load(out, "a").goods == ("jam",)
    assert list(READER.missing(out)) == []
    assert len(list((out / "data").iterdir())) == 2
    (root / "b.txt").unlink()
    assert list(READER.missing(out)) == [f"{root / 'b.txt'} is gone; b was prepared from it"]


def test_a_moved_folder_is_found_again_without_work(tmp_path):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    prepared(root, out)
    moved = root.rename(tmp_path / "moved")
    assert prepared(moved, out) == []
    assert READER.load(out, "a").opened_from == moved


def test_one_world_that_fails_does_not_stop_the_others(tmp_path):
    root = filled(tmp_path / "root", a="tea", b="dust", c="bug", d="bomb", e="jam")
    done = prepare(PANTRIES, root, tmp_path / "out", "abcde?", engine=in_processes, jobs=1)
    outcome = {each.item: each.fault for each in done}
    assert outcome == {
        "a": None,
        "b": "b holds dust; expected goods",
        "c": "KeyError: 'bug'",
        "d": "its process died; out of memory, or a crash in a library",
        "e": None,
        "?": "pantries: '?' cannot name a file; expected letters, digits, '.', '_' and '-'",
    }
    assert list(READER.ids(tmp_path / "out")) == ["a", "e"]


def test_processes_do_not_grow_old(monkeypatch):
    monkeypatch.setattr(engines, "ITEMS_PER_PROCESS", 2)
    pids = [each.value for each in in_processes(pantries.pid_of, "abcdef", 1)]
    assert len(set(pids)) == 3
    assert os.getpid() not in pids


@pytest.mark.slow
def test_ray_does_the_same(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    root = filled(tmp_path / "root", a="tea", b="dust", c="bug", d="bomb", e="jam")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}},
    )
    try:
        done = list(prepare(PANTRIES, root, tmp_path / "out", "abcde", engine=on_ray, jobs=2))
    finally:
        ray.shutdown()
    faults = {each.item: each.fault for each in done}
    assert [each for each, fault in faults.items() if fault is None] in (["a", "e"], ["e", "a"])
    assert faults["b"] == "b holds dust; expected goods"
    assert faults["c"] == "KeyError: 'bug'"
    assert faults["d"]
    prepared(root, tmp_path / "alone", "a", "e")
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


def test_without_ray_its_engine_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'spatialevo\[ray\]'"):
        list(on_ray(len, ["a"], 1))


RUN = """
import sys
from pathlib import Path
from pantries import Pantries
from spatialevo_core.engines import in_processes
from spatialevo_core.preparing import prepare
if __name__ == "__main__":
    root, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    ids = Pantries().ids(root)
    print(sum(each.value is None for each in prepare(
        Pantries(), root, out, ids, engine=in_processes, jobs=jobs)))
"""


def started(tmp_path, root, out, jobs=2):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(
        [sys.executable, script, root, out, str(jobs)], env=environment, stdout=subprocess.PIPE
    )


def many(tmp_path, count):
    contents = {f"w{number:03}": f"honey honey tea{number}" for number in range(count)}
    return filled(tmp_path / "root", **contents)


def survives(tmp_path, kills, worlds):
    root, out, calm = many(tmp_path, worlds), tmp_path / "out", tmp_path / "calm"
    prepared(root, calm)
    rng, finished = Random(0), []
    for _ in range(kills):
        run = started(tmp_path, root, out)
        time.sleep(rng.uniform(0.2, 2.0))
        finished.append(run.poll() is not None)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    last = started(tmp_path, root, out)
    assert last.communicate()[0].strip() == b"0"
    assert tree(out) == tree(calm)
    return finished


def test_a_killed_run_is_completed_to_the_same_bytes(tmp_path):
    assert not all(survives(tmp_path, kills=2, worlds=60))


@pytest.mark.slow
def test_twenty_killed_runs_are_completed_to_the_same_bytes(tmp_path):
    finished = survives(tmp_path, kills=20, worlds=400)
    assert not any(finished[:5])


def test_two_runs_at_once_do_no_harm(tmp_path):
    root, out = many(tmp_path, 20), tmp_path / "out"
    runs = [started(tmp_path, root, out, jobs=1) for _ in range(2)]
    assert [run.communicate()[0].strip() for run in runs] == [b"0", b"0"]
    prepared(root, tmp_path / "calm")
    assert tree(out) == tree(tmp_path / "calm")


def test_what_another_program_is_writing_is_not_tidied_away(tmp_path):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    prepared(root, out)
    writer = CacheWriter.at(out, "pantries")
    manifest = writer.cache.manifest("a").model_copy(update={"world": "b"})
    with writer.folder(manifest) as folder:
        (folder / "half").write_text("tea")
        writer.tidy()
        assert (folder / "half").exists()
        (left,) = (out / "partial").glob("*.lock")
    assert (writer.cache.data(manifest) / "half").exists()
    (out / "partial" / "dead").mkdir()
    (out / "partial" / "dead.lock").touch()
    writer.tidy()
    assert list((out / "partial").iterdir()) == []
    assert not left.exists()


def test_a_file_that_changes_meanwhile_is_no_world(tmp_path, monkeypatch):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    load = Pantries.load

    def changing(self, folder, world_id):
        found = load(self, folder, world_id)
        (folder / "a.txt").write_text("something else")
        return found

    monkeypatch.setattr(Pantries, "load", changing)
    with pytest.raises(DataError, match="changed while it was read"):
        prepared(root, out)
    assert READER.ids(out) == []


def rewritten(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}) + "\n")


def test_what_other_software_prepared_is_refused_and_prepared_anew(tmp_path):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    prepared(root, out)
    manifest = out / "worlds" / "a.json"
    for changes, told in (
        ({"version": "0.0.9"}, "a was prepared by version 0.0.9 as pantry/1; this is"),
        ({"form": "pantry/0"}, "as pantry/0; this is"),
        ({"schema": "spatialevo.prepared/0"}, "schema is 'spatialevo.prepared/0', expected"),
    ):
        rewritten(manifest, **changes)
        with pytest.raises(DataError, match=told) as caught:
            READER.load(out, "a")
        assert f"run 'spatialevo datasets prepare pantries ROOT --out {out}'" in str(caught.value)
        assert list(READER.missing(out)) == [str(caught.value)]
        prepared(root, out)
        assert READER.load(out, "a").goods == ("tea",)
    rewritten(out / MARKER, schema="spatialevo.cache/0")
    with pytest.raises(DataError, match="prepare the dataset anew, into another folder"):
        READER.ids(out)


def stored_file(out, world_id):
    cache = Cache.at(out)
    return cache.data(cache.manifest(world_id)) / "0.txt"


@pytest.mark.parametrize(
    ("harm", "told", "opens"),
    [
        (lambda path: path.write_text("tee"), "contents are not those that were stored", True),
        (lambda path: path.write_text(""), "is damaged: 0 bytes, expected 3", False),
        (lambda path: path.unlink(), "is missing", False),
    ],
)
def test_a_damaged_world_is_told_and_prepared_anew(tmp_path, harm, told, opens):
    root, out = filled(tmp_path / "root", a="tea", b="rice"), tmp_path / "out"
    prepared(root, out)
    before = tree(out)
    path = stored_file(out, "a")
    harm(path)
    (flaw,) = READER.outdated(out, "a")
    assert flaw.startswith(f"{path} ")
    assert told in flaw
    assert flaw.endswith(f"run 'spatialevo datasets prepare pantries ROOT --out {out}'")
    assert list(READER.outdated(out, "b")) == []
    if not opens:
        with pytest.raises(DataError, match=told):
            READER.load(out, "a")
    assert outcomes(root, out) == {"a": Outcome.REPAIRED, "b": Outcome.KEPT}
    assert tree(out) == before
    assert list(READER.outdated(out, "a")) == []


def test_json_is_compared_byte_for_byte_whenever_a_world_is_opened(tmp_path, monkeypatch):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    store = pantries.Pantry.store

    def with_json(self, folder, source):
        store(self, folder, source)
        (folder / "list.json").write_text('["tea"]')

    monkeypatch.setattr(pantries.Pantry, "store", with_json)
    prepared(root, out)
    READER.load(out, "a")
    stored_file(out, "a").with_name("list.json").write_text('["jam"]')
    with pytest.raises(DataError, match=r"list\.json is damaged: its contents"):
        READER.load(out, "a")


def test_a_new_manifest_is_there_before_what_the_old_one_names_is_gone(tmp_path, monkeypatch):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    prepared(root, out)
    (root / "a.txt").write_text("jam")
    removed = []

    def rmtree(path, ignore_errors=False):
        if Path(path).parent.name == "data":
            removed.append(READER.load(out, "a").goods)
        remove(path, ignore_errors=ignore_errors)

    remove = cache_writer.shutil.rmtree
    monkeypatch.setattr(cache_writer.shutil, "rmtree", rmtree)
    assert prepared(root, out) == ["a"]
    assert removed == [("jam",)]


def test_all_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    root, out, flushed, renamed = filled(tmp_path / "root", a="tea"), tmp_path / "out", set(), []
    fsync, rename, put = os.fsync, Path.rename, Path.replace

    def recorded(descriptor):
        flushed.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def checked(move):
        def moved(self, goal):
            renamed.append(goal.name)
            inside = [self, *self.rglob("*")] if self.is_dir() else [self]
            assert {str(each) for each in inside} <= flushed
            return move(self, goal)

        return moved

    monkeypatch.setattr(os, "fsync", recorded)
    monkeypatch.setattr(Path, "rename", checked(rename))
    monkeypatch.setattr(Path, "replace", checked(put))
    prepared(root, out)
    assert renamed[0] == MARKER
    assert renamed[2] == "a.json"
    assert {str(out / "data"), str(out / "worlds"), str(out)} <= flushed


def test_a_world_that_fails_now_answers_no_longer(tmp_path):
    root, out = filled(tmp_path / "root", a="tea", b="rice", c="dust"), tmp_path / "out"
    prepared(root, out, "a", "b")
    (root / "a.txt").write_text("dust")
    assert outcomes(root, out) == {
        "a": "a holds dust; expected goods; what was prepared of it before is removed",
        "b": Outcome.KEPT,
        "c": "c holds dust; expected goods",
    }
    assert READER.ids(out) == ["b"]
    assert len(list((out / "data").iterdir())) == 1
    with pytest.raises(DataError, match="has no prepared world 'a'"):
        READER.load(out, "a")


def test_a_world_that_another_run_is_at_is_left_to_it(tmp_path):
    root, out = filled(tmp_path / "root", a="tea", b="rice"), tmp_path / "out"
    with CacheWriter.at(out, "pantries").alone("a") as alone:
        assert alone
        assert outcomes(root, out) == {"a": Outcome.ELSEWHERE, "b": Outcome.PREPARED}
    assert outcomes(root, out) == {"a": Outcome.PREPARED, "b": Outcome.KEPT}


def test_folders_are_told_apart(tmp_path):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    prepared(root, out)
    with pytest.raises(ConfigError, match="is a cache already; give the folder of the dataset"):
        prepared(out, tmp_path / "other")
    with pytest.raises(ConfigError, match="holds other files; give a new folder, or a cache"):
        prepared(root, root)
    with pytest.raises(ConfigError, match="is a cache of 'pantries', not of 'larders'"):
        prepared(root, out, dataset=Pantries(name="larders"))
    with pytest.raises(DataError, match="is a cache of 'pantries', not of 'larders'"):
        reading_caches(Pantries(name="larders")).ids(out)
    with pytest.raises(DataError, match=r"has no prepared world 'b'; run 'spatialevo"):
        READER.load(out, "b")
    with pytest.raises(DataError, match=r"'\.\./a' cannot name a file"):
        READER.load(out, "../a")


def test_what_cannot_be_prepared_says_why(tmp_path):
    root, out = filled(tmp_path / "root", a="tea"), tmp_path / "out"
    with pytest.raises(ConfigError, match="a str of dataset 'pantries' cannot be stored"):
        prepared(root, out, dataset=Unstorable())
    with pytest.raises(ConfigError, match="does not name the files of a world"):
        prepared(root, out, dataset=Hidden())


@pytest.fixture
def pantry_points(monkeypatch):
    module = types.ModuleType("pantry_plugin")
    module.spatialevo_datasets = hookimpl(lambda: [PANTRIES], specname="spatialevo_datasets")
    module.spatialevo_tasks = hookimpl(lambda: [TASK], specname="spatialevo_tasks")
    monkeypatch.setitem(sys.modules, "pantry_plugin", module)
    return [EntryPoint("pantries", "pantry_plugin", GROUP)]


def test_the_command_prepares_and_reports(tmp_path, run, pantry_points):
    root, out = filled(tmp_path / "root", a="tea", b="dust", c="jam"), tmp_path / "out"
    command = ("datasets", "prepare", "pantries", root, "--out", out)
    result = run(*command, points=pantry_points)
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "prepared: 2, already there: 0, failed: 1\n"
        f"b: b holds dust; expected goods\n{out / 'failures.jsonl'} lists all that failed\n"
    )
    (failure,) = (out / "failures.jsonl").read_text().splitlines()
    assert json.loads(failure)["world"] == "b"
    (root / "b.txt").write_text("rice")
    result = run(*command, "--jobs", 2, points=pantry_points)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        0,
        "prepared: 1, already there: 2, failed: 0",
    )
    assert not (out / "failures.jsonl").exists()
    ids = run("datasets", "ids", "pantries", out, points=pantry_points)
    assert ids.stdout.split() == ["a", "b", "c"]
    (root / "a.txt").write_text("milk")
    checked = run("datasets", "check", "pantries", out, points=pantry_points)
    assert checked.exit_code == 1
    assert "a.txt changed since a was prepared" in checked.stdout


def test_a_part_can_be_prepared(tmp_path, run, pantry_points):
    root, out = filled(tmp_path / "root", a="tea", b1="rice", b2="jam"), tmp_path / "out"
    command = ("datasets", "prepare", "pantries", root, "--out", out, "--split", "b")
    assert run(*command, "--limit", 1, points=pantry_points).exit_code == 0
    assert Cache.at(out).ids() == ["b1"]


def test_no_world_is_prepared_by_two_digests(tmp_path):
    """The digest follows from contents: neither from the folder's place nor from times."""
    digests = set()
    for name in ("one", "two"):
        root = filled(tmp_path / name, a="tea")
        os.utime(root / "a.txt", ns=(len(name), len(digests)))
        writer = CacheWriter.at(tmp_path / f"{name}-out", "pantries")
        prepare_world(writer, PANTRIES, root, "a")
        digests.add(writer.cache.manifest("a").digest)
    assert len(digests) == 1


def test_the_command_says_what_was_damaged_and_what_is_no_longer_there(
    tmp_path, run, pantry_points
):
    root, out = filled(tmp_path / "root", a="tea", b="rice", c="jam"), tmp_path / "out"
    command = ("datasets", "prepare", "pantries", root, "--out", out)
    run(*command, points=pantry_points)
    (root / "c.txt").unlink()
    stored_file(out, "a").write_text("tee")
    checked = run("datasets", "check", "pantries", out, points=pantry_points)
    assert checked.exit_code == 1
    assert "a: error: cache.outdated: cache: " in checked.stdout
    result = run(*command, points=pantry_points)
    assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
        0,
        [
            "prepared: 0, damaged and prepared anew: 1, already there: 1, failed: 0",
            f"in {out} but no longer in {root}: 1",
        ],
    )
    result = run(
        "datasets", "prepare", "pantries", out, "--out", tmp_path / "x", points=pantry_points
    )
    assert result.exit_code != 0
    assert f"{out} is a cache already; give the folder of the dataset" in result.stderr
