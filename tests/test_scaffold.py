"""What `tasks new` and `datasets new` write is installed, listed, and passes its own tests."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from spatialevo_core.cli import main

ROOT = Path(__file__).parent.parent
FILES = {
    "pyproject.toml",
    "README.md",
    "spatialevo_{name}.py",
    "tests/test_{name}.py",
}


def new(kind, name, parent):
    return CliRunner().invoke(main, [f"{kind}s", "new", name, "--dir", str(parent)])


def texts(folder):
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Both scaffolds, and a folder beside the environment into which they are installed."""
    folder = tmp_path_factory.mktemp("scaffold")
    for kind in ("task", "dataset"):
        assert new(kind, f"brand_new_{kind}", folder).exit_code == 0
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    command = [*pip, "--no-deps", "--no-build-isolation", "--target", folder / "site"]
    subprocess.run([*command, *folder.glob("spatialevo-*")], check=True, capture_output=True)
    return folder / "site"


def with_site(site, *command):
    return subprocess.run(
        [*map(str, command)],
        env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", ["task", "dataset"])
def test_everything_is_written_and_named(kind, tmp_path):
    result = new(kind, "shelf_height", tmp_path / "not" / "there")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "not" / "there" / "spatialevo-shelf-height"
    assert f"pip install --editable {folder}\n" in result.stdout
    written = texts(folder)
    assert {*written} == {each.format(name="shelf_height") for each in FILES}
    assert not [text for text in written.values() if f"my_{kind}" in text or f"my-{kind}" in text]
    (scaffold,) = ROOT.glob(f"plugins/{kind}s/*/scaffold")
    assert texts(scaffold) == {
        name.replace("shelf_height", f"my_{kind}"): text.replace(
            "shelf_height", f"my_{kind}"
        ).replace("shelf-height", f"my-{kind}")
        for name, text in written.items()
    }


REFUSED = {
    "Shelf": "'Shelf' cannot name a task; expected a Python name in snake_case, such as",
    "shelf-height": "'shelf-height' cannot name a task",
    "2nd": "'2nd' cannot name a task",
    "lambda": "'lambda' cannot name a task",
    "../up": "'../up' cannot name a task",
    "object_size": "there is a task 'object_size' already; choose another name",
    "tasks": "there is a module spatialevo_tasks already; choose another name",
}


@pytest.mark.parametrize(("name", "told"), REFUSED.items())
def test_a_name_that_cannot_be_used_is_refused(name, told, tmp_path):
    result = new("task", name, tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {told}")
    assert not list(tmp_path.iterdir())


def test_a_dataset_may_not_take_the_name_of_another(tmp_path):
    told = new("dataset", "scannet", tmp_path).stderr
    assert told == "Error: there is a dataset 'scannet' already; choose another name\n"


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    mine = tmp_path / "spatialevo-shelf-height" / "README.md"
    mine.parent.mkdir()
    mine.write_text("mine")
    result = new("task", "shelf_height", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {mine.parent} is already there; choose another name, or another --dir\n"
    )
    assert texts(mine.parent) == {"README.md": "mine"}


def test_plugins_without_a_scaffold_are_said_to_have_none(run, tmp_path):
    result = run("tasks", "new", "shelf_height", "--dir", tmp_path)
    assert result.stderr == (
        "Error: none of the plugins that bring tasks has a folder 'scaffold'; is one disabled?\n"
    )


def test_what_was_written_is_installed_and_listed(site):
    spatialevo = Path(sys.executable).parent / "spatialevo"
    told = json.loads(with_site(site, spatialevo, "plugins", "--json", "--strict").stdout)
    found = {each["name"]: each for each in told["plugins"] if "brand_new" in each["name"]}
    assert found["brand_new_task"]["distribution"] == "spatialevo-brand-new-task"
    assert found["brand_new_task"]["tasks"] == ["brand_new_task"]
    assert found["brand_new_dataset"]["datasets"] == ["brand_new_dataset"]
    assert not told["problems"]


@pytest.mark.slow
def test_the_new_question_is_asked_of_a_room(site):
    question = "Which covers more floor, the lamp or the sofa?"
    spatialevo = Path(sys.executable).parent / "spatialevo"
    asked = ("ask", question, "--dataset", "synthetic", "--scene", "room-0", "--json")
    verdict = json.loads(with_site(site, spatialevo, *asked).stdout)
    assert verdict["task"] == "brand_new_task"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["task", "dataset"])
def test_its_own_tests_pass_before_a_line_is_edited(site, kind):
    folder = site.parent / f"spatialevo-brand-new-{kind}"
    shown = with_site(site, sys.executable, "-m", "pytest", "-q", "-W", "error", folder)
    assert shown.returncode == 0, shown.stdout
    assert " passed" in shown.stdout


@pytest.mark.slow
def test_scaffolds_are_in_the_wheel(tmp_path):
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for kind in ("task", "dataset"):
        for each in FILES:
            assert f"spatialevo_{kind}s/scaffold/{each.format(name=f'my_{kind}')}" in names
