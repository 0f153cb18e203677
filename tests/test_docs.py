"""The documents say what the code does."""

import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from spatialevo_core import hooks

ROOT = Path(__file__).parent.parent
PLUGINS = (ROOT / "docs" / "plugins.md").read_text()
README = (ROOT / "README.md").read_text()
EXAMPLE = "".join(
    path.read_text()
    for path in sorted((ROOT / "examples" / "pendulums").iterdir())
    if path.suffix in {".py", ".toml"}
)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_generated_pages_are_as_the_code_is():
    checked = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("hook", [name for name in vars(hooks) if name.startswith("spatialevo_")])
def test_every_hook_is_a_heading_with_its_arguments(hook):
    arguments = ", ".join(signature(getattr(hooks, hook)).parameters)
    assert f"\n### `{hook}({arguments})`\n" in PLUGINS


@pytest.mark.parametrize("snippet", [*blocks(PLUGINS, "python"), *blocks(PLUGINS, "toml")])
def test_the_snippets_are_cut_from_the_example(snippet):
    assert snippet in EXAMPLE


def test_the_task_in_the_readme_is_the_example():
    task = blocks(README, "python")[1]
    assert all(piece in EXAMPLE for piece in task.split("\n\n\n"))
    assert any(snippet in EXAMPLE for snippet in blocks(README, "toml"))


def test_the_reward_in_the_readme_scores_as_it_says():
    reward, _ = blocks(README, "python")
    told = re.search(r"^reward\((.*)\)  # (.*)$", reward, flags=re.MULTILINE)
    names = {}
    exec(reward, names)
    assert names["reward"](eval(told[1])) == eval(told[2])


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
