"""Rooms as worlds for spatial questions, and the datasets that they come from."""
