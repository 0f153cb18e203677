"""Pictures of a plane in metres, drawn by Pillow: no GPU and no display is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from PIL import Image, ImageDraw

PIXELS = 224
Point = tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """A white square picture of the part of a plane from `low` to `low + side_m` on both axes."""

    low: Point
    side_m: float
    image: Image.Image

    @classmethod
    def blank(cls, low: Point, side_m: float) -> Sheet:
        """Nothing yet."""
        return cls(low, side_m, Image.new("RGB", (PIXELS, PIXELS), "white"))

    def disc(self, center: Point, radius_m: float, colour: str, *, filled: bool = True) -> None:
        """A disc, or its rim alone."""
        radius_px = radius_m / self.side_m * PIXELS
        fill = colour if filled else None
        self._draw.circle(self._pixel(center), radius_px, fill=fill, outline=colour, width=2)

    def box(self, center: Point, size_m: Point, colour: str, turn_deg: float = 0.0) -> None:
        """A rectangle, turned clockwise."""
        c, s = cos(radians(turn_deg)), sin(radians(turn_deg))
        halves = [(x * size_m[0] / 2, y * size_m[1] / 2) for x, y in _CORNERS]
        corners = [(center[0] + c * x + s * y, center[1] - s * x + c * y) for x, y in halves]
        self._draw.polygon([self._pixel(each) for each in corners], fill=colour)

    def line(self, points: Sequence[Point], colour: str = "black") -> None:
        """A line from point to point."""
        self._draw.line([self._pixel(each) for each in points], fill=colour, width=2)

    @property
    def _draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def _pixel(self, point: Point) -> Point:
        right, up = ((at - low) / self.side_m for at, low in zip(point, self.low, strict=True))
        return right * PIXELS, (1 - up) * PIXELS


_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
