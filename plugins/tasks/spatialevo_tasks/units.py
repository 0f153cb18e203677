"""The units in which lengths and areas are asked for, and how finely they are answered."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from spatialevo_core.numbers import UNITS
from spatialevo_core.slots import Choice

LengthUnit = Annotated[
    Literal["m", "cm", "ft", "in"],
    Choice(
        {
            "m": ("meters", "metres", "meter", "metre", "m"),
            "cm": ("centimeters", "centimetres", "cm"),
            "ft": ("feet", "foot", "ft"),
            "in": ("inches", "inch"),
        }
    ),
]
AreaUnit = Annotated[
    Literal["m^2", "ft^2"],
    Choice(
        {
            "m^2": ("square meters", "square metres", "sq m", "m^2", "m2"),
            "ft^2": ("square feet", "sq ft", "ft^2", "ft2"),
        }
    ),
]

DECIMALS = {"m": 2, "cm": 0, "ft": 2, "in": 1, "m^2": 1, "ft^2": 0}
"""To which an answer is rounded in each unit."""


def answered(value: float, unit: str) -> float:
    """Metres or square metres in the unit, as float32, rounded as an answer in it is."""
    return round(float(np.float32(value / UNITS[unit].factor)), DECIMALS[unit])
