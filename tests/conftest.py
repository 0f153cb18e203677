"""Settings that all tests share."""

from hypothesis import settings

# A busy machine is no fault of the code, and the same commit gives the same result everywhere.
settings.register_profile("everywhere", deadline=None, derandomize=True)
settings.load_profile("everywhere")
