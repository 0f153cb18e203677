"""How things are put together from blocks, cylinders and balls.

Every maker takes width, depth, height and colour, and fills exactly that box: the origin in the
middle of its base, x to the right of someone who stands before it, y to its back, z up.
"""

from __future__ import annotations

from collections.abc import Iterable

from spatialevo_datasets.synthetic.solids import Block, Color, Cylinder, Sphere, Vector

Part = Block | Cylinder | Sphere
Parts = Iterable[Part]

WALNUT, WHITE = (112, 76, 52), (240, 240, 234)
STEEL, BLACK, GLASS = (172, 178, 186), (40, 42, 46), (150, 196, 224)


def _block(size: Vector, color: Color, x: float = 0.0, y: float = 0.0, base: float = 0.0) -> Block:
    return Block((x, y, base + size[2] / 2), size, color, 0)


def _post(
    radius: float, height: float, color: Color, x: float = 0.0, y: float = 0.0, *, base: float = 0.0
) -> Cylinder:
    return Cylinder((x, y, base + height / 2), radius, height, color, 0)


def _dark(color: Color, share: float = 0.62) -> Color:
    return (round(color[0] * share), round(color[1] * share), round(color[2] * share))


def _legs(w: float, d: float, h: float, thick: float, color: Color) -> Parts:
    for x in (-1, 1):
        for y in (-1, 1):
            at = (x * (w - thick) / 2, y * (d - thick) / 2)
            yield _block((thick, thick, h), color, *at)


def solid(w: float, d: float, h: float, color: Color) -> Parts:
    """A plain box."""
    yield _block((w, d, h), color)


def table(w: float, d: float, h: float, color: Color) -> Parts:
    """A top on four legs."""
    yield _block((w, d, 0.04), color, base=h - 0.04)
    yield from _legs(w, d, h - 0.04, 0.06, _dark(color))


def round_table(w: float, d: float, h: float, color: Color) -> Parts:
    """A round top on one foot."""
    yield _post(w / 2, 0.04, color, base=h - 0.04)
    yield _post(0.05, h - 0.07, _dark(color), base=0.03)
    yield _post(d / 3, 0.03, _dark(color))


def desk(w: float, d: float, h: float, color: Color) -> Parts:
    """A top on drawers and a side."""
    yield _block((w, d, 0.03), color, base=h - 0.03)
    yield _block((0.4, d - 0.06, h - 0.03), _dark(color, 0.8), x=(w - 0.4) / 2)
    yield _block((0.04, d - 0.06, h - 0.03), _dark(color, 0.8), x=-(w - 0.04) / 2)


def chair(w: float, d: float, h: float, color: Color) -> Parts:
    """A seat with a back on four legs."""
    yield _block((w, d, 0.05), color, base=0.42)
    yield from _legs(w, d, 0.42, 0.04, _dark(color))
    yield _block((w, 0.04, h - 0.47), color, y=(d - 0.04) / 2, base=0.47)


def office_chair(w: float, d: float, h: float, color: Color) -> Parts:
    """A seat with a back on one post, its feet a cross."""
    yield _block((w, 0.06, 0.05), BLACK)
    yield _block((0.06, d, 0.05), BLACK, base=0.05)
    yield _post(0.035, 0.3, STEEL, base=0.1)
    yield _block((w - 0.1, d - 0.1, 0.08), color, base=0.4)
    yield _block((w - 0.14, 0.07, h - 0.52), color, y=d / 2 - 0.085, base=0.52)


def sofa(w: float, d: float, h: float, color: Color) -> Parts:
    """A seat between arms before a back."""
    arm = 0.18
    yield _block((w - 2 * arm, d - 0.22, 0.42), color, y=-0.11)
    yield _block((w - 2 * arm, 0.22, h), _dark(color, 0.85), y=(d - 0.22) / 2)
    for side in (-1, 1):
        yield _block((arm, d, 0.6), _dark(color, 0.75), x=side * (w - arm) / 2)


def bed(w: float, d: float, h: float, color: Color) -> Parts:
    """A mattress on a frame, with a headboard."""
    yield _block((w, d - 0.06, 0.3), WALNUT, y=-0.03)
    yield _block((w - 0.04, d - 0.1, 0.22), color, y=-0.03, base=0.3)
    yield _block((w, 0.06, h), WALNUT, y=(d - 0.06) / 2)


def drawers(w: float, d: float, h: float, color: Color) -> Parts:
    """A body whose fronts stand out by 2 cm, one above another."""
    yield _block((w, d - 0.02, h), _dark(color, 0.75), y=0.01)
    rows = max(1, round(h / 0.28))
    for row in range(rows):
        size = (w - 0.06, 0.02, h / rows - 0.04)
        yield _block(size, color, y=-(d - 0.02) / 2, base=row * h / rows + 0.02)


def doors(w: float, d: float, h: float, color: Color) -> Parts:
    """A body whose fronts stand out by 2 cm, side by side."""
    yield _block((w, d - 0.02, h), _dark(color, 0.75), y=0.01)
    for side in (-1, 1):
        size = (w / 2 - 0.03, 0.02, h - 0.06)
        yield _block(size, color, x=side * w / 4, y=-(d - 0.02) / 2, base=0.03)


def shelf(w: float, d: float, h: float, color: Color) -> Parts:
    """Boards between two sides, open to the front."""
    for side in (-1, 1):
        yield _block((0.03, d, h), _dark(color), x=side * (w - 0.03) / 2)
    levels = max(2, round(h / 0.36))
    for level in range(levels):
        base = level * (h - 0.03) / (levels - 1)
        yield _block((w - 0.06, d, 0.03), color, base=base)
    yield _block((w - 0.06, 0.02, h - 0.06), _dark(color, 0.8), y=(d - 0.02) / 2, base=0.03)


def fridge(w: float, d: float, h: float, color: Color) -> Parts:
    """Two doors with handles, the smaller above."""
    yield _block((w, d - 0.06, h), _dark(color, 0.85), y=0.03)
    low = 0.62 * h
    yield _block((w, 0.04, low - 0.01), color, y=-(d - 0.08) / 2)
    yield _block((w, 0.04, h - low - 0.01), color, y=-(d - 0.08) / 2, base=low + 0.01)
    for base, height in ((low - 0.4, 0.35), (low + 0.06, 0.3)):
        yield _block((0.03, 0.02, height), BLACK, -w / 2 + 0.08, -(d - 0.02) / 2, base)


def stove(w: float, d: float, h: float, color: Color) -> Parts:
    """An oven under four plates."""
    yield _block((w, d - 0.04, h - 0.12), color, y=0.02)
    yield _block((w - 0.1, 0.04, 0.42), BLACK, y=-(d - 0.04) / 2, base=0.2)
    yield _block((w, 0.05, 0.12), _dark(color), y=(d - 0.05) / 2, base=h - 0.12)
    for x in (-1, 1):
        for y in (-1, 1):
            yield _post(0.09, 0.01, BLACK, x * w / 4, y * d / 4 - 0.04, base=h - 0.12)


def counter(w: float, d: float, h: float, color: Color) -> Parts:
    """A worktop on a row of doors."""
    yield _block((w, d, 0.04), (205, 200, 192), base=h - 0.04)
    yield from _fronts(w, d - 0.02, h - 0.04, color)


def _fronts(w: float, d: float, h: float, color: Color) -> Parts:
    yield _block((w, d - 0.02, h), _dark(color, 0.75), y=0.02)
    number = max(2, round(w / 0.45))
    for k in range(number):
        x = (k + 0.5) * w / number - w / 2
        yield _block((w / number - 0.03, 0.02, h - 0.14), color, x, -d / 2 + 0.02, 0.1)


def washer(w: float, d: float, h: float, color: Color) -> Parts:
    """A washing machine: a round window bulges from its front."""
    yield _block((w, d - 0.05, h), color, y=0.025)
    yield Sphere((0.0, -d / 2 + 0.3, h / 2), 0.3, _dark(GLASS, 0.55), 0)
    yield _block((w, 0.03, 0.1), _dark(color, 0.8), y=-d / 2 + 0.035, base=h - 0.1)


def microwave(w: float, d: float, h: float, color: Color) -> Parts:
    """A box with a dark window."""
    yield _block((w, d - 0.02, h), color, y=0.01)
    yield _block((0.68 * w, 0.02, h - 0.08), BLACK, -0.12 * w, -(d - 0.02) / 2, 0.04)


def sink(w: float, d: float, h: float, color: Color) -> Parts:
    """A basin with a tap on a pedestal."""
    rim = 0.05
    yield _post(0.09, h - 0.26, _dark(color, 0.9), y=0.05)
    yield _block((w, d, 0.03), color, base=h - 0.26)
    for side in (-1, 1):
        yield _block((rim, d, 0.13), color, x=side * (w - rim) / 2, base=h - 0.23)
        yield _block((w - 2 * rim, rim, 0.13), color, y=side * (d - rim) / 2, base=h - 0.23)
    yield _post(0.015, 0.1, STEEL, y=d / 2 - 0.03, base=h - 0.1)


def bathtub(w: float, d: float, h: float, color: Color) -> Parts:
    """A tub half full."""
    rim = 0.08
    yield _block((w, d, 0.15), color)
    for side in (-1, 1):
        yield _block((rim, d, h - 0.15), color, x=side * (w - rim) / 2, base=0.15)
        yield _block((w - 2 * rim, rim, h - 0.15), color, y=side * (d - rim) / 2, base=0.15)
    yield _block((w - 2 * rim, d - 2 * rim, 0.2), GLASS, base=0.15)


def toilet(w: float, d: float, h: float, color: Color) -> Parts:
    """A bowl before its tank."""
    yield _block((w, 0.2, h - 0.4), color, y=(d - 0.2) / 2, base=0.4)
    yield _block((0.24, d - 0.1, 0.36), _dark(color, 0.9), y=0.05)
    yield _block((w - 0.02, d, 0.04), _dark(color, 0.95), base=0.36)
    yield _post(0.15, 0.02, _dark(color, 0.8), y=-0.12, base=0.4)


def lamp(w: float, d: float, h: float, color: Color) -> Parts:
    """A shade on a thin pole."""
    shade = min(0.28, 0.45 * h)
    yield _post(d / 3, 0.03, BLACK)
    yield _post(0.015, h - shade - 0.03, BLACK, base=0.03)
    yield _post(w / 2, shade, color, base=h - shade)


def plant(w: float, d: float, h: float, color: Color) -> Parts:
    """A round crown in a pot."""
    pot, crown = 0.3 * h, w / 2
    yield _post(0.34 * d, pot, (168, 92, 62))
    yield _post(0.03, h - pot - crown, WALNUT, base=pot)
    yield Sphere((0.0, 0.0, h - crown), crown, color, 0)


def vase(w: float, d: float, h: float, color: Color) -> Parts:
    """A vase: a neck on a belly."""
    yield Sphere((0.0, 0.0, w / 2), w / 2, color, 0)
    yield _post(d / 5, h - 0.8 * w, color, base=0.8 * w)


def drum(w: float, _d: float, h: float, color: Color) -> Parts:
    """A drum."""
    yield _post(w / 2, h, color)


def rimmed(w: float, d: float, h: float, color: Color) -> Parts:
    """A round bin with a rim."""
    yield _post(d / 2 - 0.02, h - 0.05, color)
    yield _post(w / 2, 0.05, _dark(color), base=h - 0.05)


def stool(w: float, d: float, h: float, color: Color) -> Parts:
    """A round seat on four legs."""
    yield _post(w / 2, 0.05, color, base=h - 0.05)
    yield from _legs(0.7 * w, 0.7 * d, h - 0.05, 0.04, _dark(color))


def screen(w: float, d: float, h: float, color: Color) -> Parts:
    """A screen on a foot."""
    yield _block((0.4 * w, d, 0.02), _dark(color, 0.8))
    yield _block((0.06, 0.04, 0.1), _dark(color, 0.8), y=0.03, base=0.02)
    yield _block((w, 0.04, h - 0.1), color, y=-0.01, base=0.1)
    yield _block((w - 0.05, 0.01, h - 0.15), (58, 84, 128), y=-0.035, base=0.125)


def laptop(w: float, d: float, h: float, color: Color) -> Parts:
    """An open laptop."""
    yield _block((w, d, 0.02), color)
    yield _block((w, 0.015, h - 0.02), _dark(color), y=d / 2 - 0.0075, base=0.02)


def framed(w: float, d: float, h: float, color: Color) -> Parts:
    """A picture, mirror, window or door: a field in a frame that stands out by 1 cm."""
    bar = 0.05
    yield _block((w - 2 * bar, d - 0.01, h - 2 * bar), color, y=0.005, base=bar)
    for side in (-1, 1):
        yield _block((bar, d, h), _dark(color, 0.55), x=side * (w - bar) / 2)
    for base in (0.0, h - bar):
        yield _block((w - 2 * bar, d, bar), _dark(color, 0.55), base=base)


def piano(w: float, d: float, h: float, color: Color) -> Parts:
    """An upright piano."""
    yield _block((w, d - 0.25, h), color, y=0.125)
    yield _block((w, 0.25, 0.14), color, y=-(d - 0.25) / 2, base=0.58)
    yield _block((w - 0.1, 0.2, 0.02), WHITE, y=-(d - 0.27) / 2, base=0.72)
    for side in (-1, 1):
        yield _block((0.06, 0.06, 0.58), color, side * (w / 2 - 0.05), -d / 2 + 0.05)


def suitcase(w: float, d: float, h: float, color: Color) -> Parts:
    """A case with a handle."""
    yield _block((w, d, h - 0.08), color)
    for side in (-1, 1):
        yield _block((0.02, 0.02, 0.06), BLACK, x=side * 0.08, base=h - 0.08)
    yield _block((0.18, 0.02, 0.02), BLACK, base=h - 0.02)
