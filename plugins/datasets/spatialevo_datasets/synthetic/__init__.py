"""Rooms made of simple solids, with exact geometry: a world for every seed."""
