"""What reinforcement by the oracle does to a tiny model, and what consensus does instead."""
