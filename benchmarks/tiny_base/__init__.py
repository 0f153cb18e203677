"""The warm start of the tiny base checkpoint."""
