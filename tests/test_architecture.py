"""What may depend on what, read from the code itself; each check is shown to be able to fail."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from spatialevo_core.plugins import FIRST_PARTY, load

PACKAGES = (
    "spatialevo_core",
    "spatialevo_tasks",
    "spatialevo_datasets",
    "spatialevo_parsers",
    "spatialevo_trainer",
)
HEAVY = {"numpy", "scipy", "torch", "transformers", "PIL", *PACKAGES} - {"spatialevo_core"}
LONGEST_FILE = 400


def folder(package):
    return Path(importlib.util.find_spec(package).origin).parent


def sources(*packages):
    return [path for package in packages for path in sorted(folder(package).rglob("*.py"))]


def heavy_imports(code):
    """Which heavy packages a fresh interpreter has loaded after running the code."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name.partition(".")[0] for name in shown.splitlines()[-1].split()} & HEAVY


def named(names, paths):
    """Where one of the names is a word of a file."""
    word = re.compile(rf"\b(?:{'|'.join(names)})\b")
    return [
        f"{path.name}: {found[0]}" for path in paths if (found := word.search(path.read_text()))
    ]


def built_in_tasks():
    plugins = load().plugins
    return [name for each in plugins if each.distribution == FIRST_PARTY for name in each.tasks]


def modules_of_the_core():
    root = folder("spatialevo_core")
    parts = (path.relative_to(root.parent).with_suffix("").parts for path in root.rglob("*.py"))
    return sorted(".".join(part for part in each if part != "__init__") for each in parts)


def test_the_core_imports_nothing_heavy_and_no_plugin():
    assert not heavy_imports("\n".join(f"import {name}" for name in modules_of_the_core()))


def test_that_check_can_fail():
    assert heavy_imports("import spatialevo_core, numpy") == {"numpy"}
    assert "spatialevo_core.cli.ask" in modules_of_the_core()


def test_no_example_is_named_in_the_code():
    examples = Path(__file__).parent.parent / "examples"
    projects = [tomllib.loads(each.read_text()) for each in examples.glob("*/pyproject.toml")]
    points = [each["project"]["entry-points"]["spatialevo.v1"] for each in projects]
    modules = {
        value.partition(":")[0].partition(".")[0] for each in points for value in each.values()
    }
    names = {*modules, *(name for each in points for name in each)}
    assert len(modules) >= 5
    assert not named(names, sources(*PACKAGES))
    assert named(names, sorted(examples.rglob("*.py")))


def test_no_task_is_named_in_the_core_or_the_trainer():
    assert not named(built_in_tasks(), sources("spatialevo_core", "spatialevo_trainer"))


def test_that_check_can_fail_too():
    for name in built_in_tasks():
        assert named([name], sources("spatialevo_tasks")), name
    assert len(built_in_tasks()) >= 6


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_has_grown_beyond_reading(package):
    long = {path.name: len(path.read_text().splitlines()) for path in sources(package)}
    assert not {name: lines for name, lines in long.items() if lines > LONGEST_FILE}


def test_faults_are_caught_in_two_places_only():
    broad = re.compile(r"except\s*(?::|\(?\s*(?:Base)?Exception\b)")
    found = [path.name for path in sources(*PACKAGES) if broad.search(path.read_text())]
    assert found == ["engine.py", "plugins.py"]
