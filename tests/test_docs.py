"""The documents say what the code does."""

import doctest
import re
import runpy
import subprocess
import sys
from functools import cache, partial
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner

from spatialevo_core import hooks
from spatialevo_core.cli import main
from spatialevo_datasets.synthetic import Synthetic
from spatialevo_trainer.config import load_config

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PLAYED = ("index", "concepts", "new-dataset", "new-parser", "judges", "reward")
"""Pages whose Python is run as a reader would."""
FENCE = re.compile(r'```(\w+)(?: title="(.*?)")?\n(.*?)```', flags=re.DOTALL)
PLUGINS = (ROOT / "docs" / "plugins.md").read_text()
README = (ROOT / "README.md").read_text()
EXAMPLE = "".join(
    path.read_text()
    for path in sorted((ROOT / "examples" / "pendulums").iterdir())
    if path.suffix in {".py", ".toml"}
)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_generated_pages_are_as_the_code_is(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert runpy.run_path(str(DOCS / "generate.py"))["stale"]() == []


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


@pytest.fixture(autouse=True, scope="module")
def rooms_are_furnished_once():
    """All pages ask about the same few rooms; scenes are immutable."""
    furnished = cache(partial(Synthetic.load, Synthetic()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Synthetic, "load", lambda _, root, world_id: furnished(root, world_id))
        yield


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in, from which modules can be imported, and forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def play(page, desk):
    """Write the page's files, generate what it generates, and compare what its sessions print."""
    session = doctest.DocTestRunner()
    names, told = {}, []
    for language, title, code in FENCE.findall((DOCS / f"{page}.md").read_text()):
        if title:
            (desk / title).parent.mkdir(exist_ok=True)
            (desk / title).write_text(code)
        elif language == "pycon":
            test = doctest.DocTestParser().get_doctest(code, names, page, None, None)
            session.run(test, out=told.append, clear_globs=False)
            names = test.globs
        elif code.startswith("$ spatialevo generate"):
            CliRunner().invoke(main, code.split()[2:], catch_exceptions=False)
    assert session.summarize(verbose=False).attempted > 0
    assert not told, "".join(told)


@pytest.mark.parametrize("page", PLAYED)
def test_sessions_print_what_the_page_says(page, desk):
    play(page, desk)


@pytest.mark.parametrize("page", [each for each in DOCS.rglob("*.md") if each.stem not in PLAYED])
def test_no_other_page_shows_a_session(page):
    assert "```pycon" not in page.read_text()


def test_the_settings_in_the_documents_are_settings(desk):
    pages = ("README.md", "docs/training.md")
    runs = [
        b for page in pages for b in blocks((ROOT / page).read_text(), "toml") if "[[data]]" in b
    ]
    assert len(runs) == len(pages)
    for at, text in enumerate(runs):
        (desk / f"{at}.toml").write_text(text)
        assert load_config(desk / f"{at}.toml", preset="qwen2.5-vl-3b").data[0].dataset == "scannet"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_trl_trains_with_the_reward_of_the_page(desk):
    from spatialevo_trainer.tiny_model import build

    play("reward", desk)
    from train_trl import trainer

    trained = trainer(
        str(build(desk / "model")),
        "questions.jsonl",
        output_dir=str(desk / "run"),
        max_steps=2,
        per_device_train_batch_size=2,
        num_generations=2,
        max_completion_length=4,
        report_to=[],
        use_cpu=True,
    )
    trained.train()
    assert trained.state.global_step == 2
    assert all("rewards/trl_reward/mean" in row for row in trained.state.log_history[:-1])


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    command = (Path(sys.executable).parent / "mkdocs", "build", "--strict", "--site-dir", tmp_path)
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    loaded = [
        found
        for page in tmp_path.rglob("*.html")
        for found in re.findall(r'(?:src|rel="stylesheet" href)="(https?:[^"]+)', page.read_text())
    ]
    assert loaded == []


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
