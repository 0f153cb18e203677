"""Settings and rooms that all tests share."""

import pytest
from hypothesis import settings

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
