"""Settings and rooms that all tests share."""

import pytest
from click.testing import CliRunner
from hypothesis import settings

from jars import installer
from shelf_plugin import plugged
from shelves import TASK
from spatialevo_core.cli import main
from spatialevo_datasets.scene import Scene
from spatialevo_datasets.synthetic import Synthetic

# A busy machine is no fault of the code, and the same commit gives the same result everywhere.
settings.register_profile("everywhere", deadline=None, derandomize=True)
settings.load_profile("everywhere")


@pytest.fixture(scope="session")
def room() -> Scene:
    """A furnished rectangular room; scenes are immutable."""
    return Synthetic().load(None, "room-0")


@pytest.fixture(scope="session")
def lroom() -> Scene:
    """A furnished L-shaped room."""
    return Synthetic().load(None, "lroom-0")


@pytest.fixture
def run(monkeypatch):
    """Run the command line with the shelf plugin, or with other entry points."""
    own = plugged(monkeypatch, TASK)

    def call(*args, points=own):
        return CliRunner().invoke(main, [str(arg) for arg in args], obj=points)

    return call


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A builder of distributions of one module."""
    yield from installer(tmp_path, monkeypatch)


@pytest.fixture
def catalogue(tmp_path):
    (tmp_path / "a.txt").write_text("cup 0.2\npan 1.5\n")
    (tmp_path / "b.txt").write_text("cup 0.2\npan 0.3\nlamp 4\n")
    return tmp_path
