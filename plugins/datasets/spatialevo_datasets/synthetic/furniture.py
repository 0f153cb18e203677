"""What rooms are furnished with: some fifty kinds of things, with sizes as in homes and offices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from spatialevo_datasets.synthetic import shapes
from spatialevo_datasets.synthetic.shapes import Part, Parts
from spatialevo_datasets.synthetic.solids import Color, Vector

Span = tuple[float, float]
"""From, to; metres."""


@dataclass(frozen=True)
class Rest:
    """A level part of a thing on which smaller things can stand: its full width, in its frame."""

    height: float
    front: float
    """Where it begins along y."""
    back: float


@dataclass(frozen=True)
class Draft:
    """One thing with its measures, not yet put anywhere."""

    label: str
    size: Vector
    """Width, depth, height: the box that its parts fill."""
    parts: tuple[Part, ...]
    """In its own frame: see `shapes`."""
    rest: Rest | None


@dataclass(frozen=True)
class Design:
    """A kind of thing: how large it may be, its colour, and how it is put together."""

    label: str
    width: Span
    depth: Span | None
    """None: round, as deep as it is wide."""
    height: Span
    color: Color
    make: Callable[[float, float, float, Color], Parts]
    rest: Callable[[float, float], Rest] | None = None
    """From its depth and height; None if nothing stands on it."""

    def draw(self, rng: Random) -> Draft:
        """One of them; sizes are whole centimetres."""
        w, h = round(rng.uniform(*self.width), 2), round(rng.uniform(*self.height), 2)
        d = round(rng.uniform(*self.depth), 2) if self.depth else w
        tone = rng.uniform(0.92, 1.05)
        red, green, blue = (min(255, round(channel * tone)) for channel in self.color)
        parts = tuple(self.make(w, d, h, (red, green, blue)))
        return Draft(self.label, (w, d, h), parts, self.rest(d, h) if self.rest else None)


def _top(d: float, h: float) -> Rest:
    return Rest(h, -d / 2, d / 2)


def _mattress(d: float, _h: float) -> Rest:
    return Rest(0.52, -d / 2 + 0.02, d / 2 - 0.08)


def _hob(d: float, h: float) -> Rest:
    return Rest(h - 0.11, -d / 2, d / 2 - 0.06)


def _board(d: float, h: float) -> Rest:
    """The second board from below."""
    levels = max(2, round(h / 0.36))
    return Rest((h - 0.03) / (levels - 1) + 0.03, -d / 2, d / 2 - 0.02)


CATALOG: Mapping[str, Design] = MappingProxyType(
    {
        "bed": Design(
            "bed", (1.4, 1.8), (2.0, 2.1), (0.9, 1.1), (206, 214, 232), shapes.bed, _mattress
        ),
        "nightstand": Design(
            "nightstand",
            (0.4, 0.5),
            (0.38, 0.42),
            (0.48, 0.6),
            (196, 150, 104),
            shapes.drawers,
            _top,
        ),
        "wardrobe": Design(
            "wardrobe", (1.0, 1.6), (0.58, 0.62), (1.9, 2.1), (224, 200, 168), shapes.doors
        ),
        "dresser": Design(
            "dresser", (0.9, 1.3), (0.45, 0.5), (0.8, 0.95), (170, 112, 70), shapes.drawers, _top
        ),
        "desk": Design(
            "desk", (1.1, 1.5), (0.6, 0.75), (0.73, 0.76), (204, 168, 120), shapes.desk, _top
        ),
        "chair": Design(
            "chair", (0.42, 0.48), (0.44, 0.5), (0.85, 0.95), (214, 92, 58), shapes.chair
        ),
        "office chair": Design(
            "chair", (0.58, 0.64), (0.58, 0.64), (0.92, 1.05), (60, 96, 150), shapes.office_chair
        ),
        "dining table": Design(
            "dining table",
            (1.3, 1.8),
            (0.8, 0.95),
            (0.73, 0.77),
            (168, 108, 62),
            shapes.table,
            _top,
        ),
        "table": Design(
            "table", (0.8, 1.1), None, (0.72, 0.76), (222, 196, 150), shapes.round_table
        ),
        "coffee table": Design(
            "coffee table", (0.9, 1.2), (0.5, 0.6), (0.38, 0.45), (122, 84, 60), shapes.table, _top
        ),
        "sofa": Design("sofa", (1.7, 2.2), (0.85, 0.95), (0.8, 0.88), (74, 124, 142), shapes.sofa),
        "armchair": Design(
            "armchair", (0.8, 0.9), (0.8, 0.9), (0.8, 0.95), (158, 78, 98), shapes.sofa
        ),
        "ottoman": Design(
            "ottoman", (0.48, 0.58), (0.46, 0.54), (0.38, 0.44), (202, 160, 170), shapes.solid
        ),
        "bench": Design(
            "bench", (1.0, 1.3), (0.36, 0.4), (0.43, 0.47), (140, 120, 92), shapes.table
        ),
        "stool": Design("stool", (0.34, 0.4), None, (0.45, 0.62), (232, 178, 60), shapes.stool),
        "tv stand": Design(
            "tv stand", (1.3, 1.6), (0.4, 0.46), (0.45, 0.55), (92, 80, 74), shapes.doors, _top
        ),
        "tv": Design("tv", (0.95, 1.2), (0.18, 0.2), (0.6, 0.72), (34, 34, 40), shapes.screen),
        "bookshelf": Design(
            "bookshelf", (0.8, 1.2), (0.3, 0.35), (1.6, 2.0), (184, 134, 86), shapes.shelf, _board
        ),
        "cabinet": Design(
            "cabinet", (0.8, 1.1), (0.4, 0.45), (0.85, 1.2), (150, 164, 138), shapes.doors, _top
        ),
        "file cabinet": Design(
            "file cabinet",
            (0.42, 0.46),
            (0.5, 0.6),
            (0.7, 1.05),
            (148, 152, 160),
            shapes.drawers,
            _top,
        ),
        "refrigerator": Design(
            "refrigerator", (0.65, 0.8), (0.66, 0.72), (1.65, 1.85), (222, 226, 230), shapes.fridge
        ),
        "stove": Design(
            "stove", (0.58, 0.62), (0.6, 0.64), (1.0, 1.06), (206, 206, 204), shapes.stove, _hob
        ),
        "counter": Design(
            "counter", (1.2, 2.0), (0.6, 0.64), (0.88, 0.92), (118, 146, 166), shapes.counter, _top
        ),
        "dishwasher": Design(
            "dishwasher", (0.58, 0.6), (0.6, 0.62), (0.85, 0.88), (190, 196, 204), shapes.drawers
        ),
        "microwave": Design(
            "microwave", (0.45, 0.52), (0.35, 0.4), (0.27, 0.32), (216, 216, 214), shapes.microwave
        ),
        "coffee maker": Design(
            "coffee maker", (0.18, 0.22), (0.22, 0.26), (0.32, 0.38), (70, 58, 54), shapes.microwave
        ),
        "pot": Design("pot", (0.2, 0.26), None, (0.14, 0.2), (198, 70, 60), shapes.rimmed),
        "sink": Design("sink", (0.5, 0.6), (0.42, 0.5), (0.95, 1.0), (238, 240, 244), shapes.sink),
        "toilet": Design(
            "toilet", (0.38, 0.42), (0.65, 0.7), (0.75, 0.8), (244, 244, 240), shapes.toilet
        ),
        "bathtub": Design(
            "bathtub", (1.5, 1.7), (0.72, 0.8), (0.55, 0.6), (238, 242, 246), shapes.bathtub
        ),
        "washing machine": Design(
            "washing machine",
            (0.6, 0.62),
            (0.62, 0.66),
            (0.84, 0.88),
            (232, 232, 236),
            shapes.washer,
            _top,
        ),
        "dryer": Design(
            "dryer", (0.6, 0.62), (0.62, 0.66), (0.84, 0.88), (204, 208, 216), shapes.washer
        ),
        "laundry basket": Design(
            "laundry basket", (0.4, 0.48), None, (0.5, 0.62), (228, 206, 150), shapes.rimmed
        ),
        "floor lamp": Design("lamp", (0.36, 0.44), None, (1.4, 1.65), (250, 232, 170), shapes.lamp),
        "lamp": Design("lamp", (0.22, 0.28), None, (0.38, 0.5), (250, 226, 150), shapes.lamp),
        "plant": Design("plant", (0.4, 0.55), None, (0.8, 1.2), (66, 142, 70), shapes.plant),
        "trash can": Design(
            "trash can", (0.26, 0.32), None, (0.32, 0.45), (88, 104, 92), shapes.rimmed
        ),
        "box": Design("box", (0.3, 0.5), (0.3, 0.45), (0.25, 0.45), (198, 156, 104), shapes.solid),
        "suitcase": Design(
            "suitcase", (0.42, 0.5), (0.22, 0.28), (0.62, 0.72), (178, 60, 72), shapes.suitcase
        ),
        "backpack": Design(
            "backpack", (0.28, 0.34), (0.18, 0.24), (0.42, 0.5), (64, 84, 176), shapes.solid
        ),
        "monitor": Design(
            "monitor", (0.5, 0.6), (0.18, 0.2), (0.42, 0.48), (58, 60, 66), shapes.screen
        ),
        "keyboard": Design(
            "keyboard", (0.42, 0.46), (0.13, 0.16), (0.02, 0.03), (96, 98, 106), shapes.solid
        ),
        "laptop": Design(
            "laptop", (0.32, 0.36), (0.23, 0.25), (0.2, 0.23), (158, 164, 174), shapes.laptop
        ),
        "printer": Design(
            "printer", (0.42, 0.46), (0.36, 0.4), (0.24, 0.3), (120, 124, 132), shapes.microwave
        ),
        "pillow": Design(
            "pillow", (0.48, 0.58), (0.3, 0.36), (0.1, 0.14), (246, 236, 214), shapes.solid
        ),
        "book": Design(
            "book", (0.16, 0.22), (0.2, 0.25), (0.04, 0.09), (176, 48, 52), shapes.solid
        ),
        "vase": Design("vase", (0.14, 0.18), None, (0.28, 0.38), (58, 128, 178), shapes.vase),
        "shoe rack": Design(
            "shoe rack", (0.7, 0.9), (0.28, 0.32), (0.5, 0.7), (160, 130, 110), shapes.shelf
        ),
        "piano": Design(
            "piano", (1.4, 1.5), (0.56, 0.62), (1.15, 1.25), (52, 40, 40), shapes.piano
        ),
        "radiator": Design(
            "radiator", (0.8, 1.2), (0.1, 0.12), (0.5, 0.6), (230, 226, 216), shapes.drawers
        ),
        "door": Design(
            "door", (0.85, 0.95), (0.05, 0.06), (2.0, 2.05), (150, 106, 74), shapes.framed
        ),
        "window": Design(
            "window", (1.0, 1.4), (0.05, 0.06), (1.0, 1.2), (150, 200, 236), shapes.framed
        ),
        "mirror": Design(
            "mirror", (0.5, 0.7), (0.03, 0.04), (0.7, 0.9), (188, 214, 224), shapes.framed
        ),
        "painting": Design(
            "painting", (0.5, 0.9), (0.03, 0.04), (0.4, 0.6), (224, 150, 84), shapes.framed
        ),
        "whiteboard": Design(
            "whiteboard", (1.2, 1.8), (0.03, 0.04), (0.9, 1.1), (248, 248, 248), shapes.framed
        ),
        "clock": Design(
            "clock", (0.28, 0.34), (0.03, 0.04), (0.28, 0.34), (236, 226, 150), shapes.framed
        ),
        "towel": Design(
            "towel", (0.4, 0.5), (0.04, 0.06), (0.55, 0.7), (88, 168, 160), shapes.solid
        ),
    }
)
"""By name of the design; two designs may share a label."""
