"""The tutorials are complete: who does what they say, and nothing else, gets what they promise."""

import ast
import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def follow():
    """The module docs/follow.py."""
    spec = spec_from_file_location("follow", ROOT / "docs" / "follow.py")
    module = module_from_spec(spec)
    sys.modules["follow"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["follow"]


def code(text):
    """What a module does, whatever its docstring and its spacing."""
    body = ast.parse(text).body
    return sorted(ast.dump(each) for each in body if not isinstance(each, ast.Expr))


@pytest.mark.parametrize(
    ("page", "module", "example"),
    [
        ("first-task", "spatialevo_height_comparison.py", "taller/spatialevo_taller.py"),
        ("new-domain", "spatialevo_pendulums.py", "pendulums/spatialevo_pendulums.py"),
    ],
)
def test_the_pieces_of_a_page_are_the_whole_example(follow, page, module, example):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    pieces = [piece for _, title, piece in follow.FENCE.findall(text) if Path(title).name == module]
    assert code("\n\n".join(pieces)) == code((ROOT / "examples" / example).read_text())


def test_what_a_page_shows_is_compared_and_what_fails_is_told(follow, tmp_path):
    environment = follow.environment_of(tmp_path)
    assert follow.said("$ a b\nc\n$ d\n") == [("a b", "c\n"), ("d", "")]
    follow.run("echo yes", "yes\n", tmp_path, environment)
    with pytest.raises(follow.Astray, match=r"printed:\nyes\nand not"):
        follow.run("echo yes", "no\n", tmp_path, environment)
    with pytest.raises(follow.Astray, match="ended with 3"):
        follow.run("exit 3", "", tmp_path, environment)


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A virtual environment that sees this one's packages, and into which pages install theirs."""
    venv = tmp_path_factory.mktemp("newcomer") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (packages,) = venv.glob("lib/python3*/site-packages")
    seen = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "shared.pth").write_text("\n".join(seen) + "\n")
    # pip finds it there, and so writes no script
    script = venv / "bin" / "pytest"
    script.write_text(
        f"#!{venv / 'bin' / 'python'}\nimport pytest\nraise SystemExit(pytest.main())\n"
    )
    script.chmod(0o755)
    pip = (venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    subprocess.run([*pip, "--no-build-isolation", ROOT], check=True, capture_output=True)
    return venv


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "task"), [("first-task", "height_comparison"), ("new-domain", "faster_pendulum")]
)
def test_a_page_followed_to_the_letter_ends_with_a_task_that_is_trained_on(
    follow, environment, tmp_path, page, task
):
    # packages are at hand, so that no index is needed
    shell = follow.environment_of(environment)
    shell |= {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1", "OMP_NUM_THREADS": "1"}
    account = follow.follow(page, tmp_path, shell)
    assert account.commands >= 8
    (run,) = (tmp_path / "runs").iterdir()
    rows = [json.loads(line) for line in (run / "questions.jsonl").read_text().splitlines()]
    assert {row["task"] for row in rows} == {task}
    assert {row["step"] for row in rows} == {1, 2, 3}
    assert list((run / "adapter").glob("*.safetensors"))
