"""The units in which lengths and areas are asked for, and how finely they are answered."""

from __future__ import annotations

from math import ceil, log10
from typing import Annotated, Literal, TypeVar

import numpy as np

from spatialevo_core.numbers import UNITS
from spatialevo_core.question import Answer, Evidence
from spatialevo_core.slots import Choice

E = TypeVar("E", bound=Evidence)

LengthUnit = Annotated[
    Literal["m", "cm", "mm", "km", "ft", "in", "yd"],
    Choice(
        {
            "m": ("meters", "metres", "meter", "metre", "m"),
            "cm": ("centimeters", "centimetres", "centimeter", "centimetre", "cm"),
            "mm": ("millimeters", "millimetres", "millimeter", "millimetre", "mm"),
            "km": ("kilometers", "kilometres", "kilometer", "kilometre", "km"),
            "ft": ("feet", "foot", "ft"),
            "in": ("inches", "inch"),
            "yd": ("yards", "yard", "yd"),
        }
    ),
]
AreaUnit = Annotated[
    Literal["m^2", "cm^2", "ft^2", "in^2", "yd^2"],
    Choice(
        {
            "m^2": ("square meters", "square metres", "sq m", "sq. m", "sqm", "m^2", "m2"),
            "cm^2": ("square centimeters", "square centimetres", "sq cm", "cm^2", "cm2"),
            "ft^2": ("square feet", "square foot", "sq ft", "sq. ft", "sqft", "ft^2", "ft2"),
            "in^2": ("square inches", "square inch", "sq in", "in^2", "in2"),
            "yd^2": ("square yards", "square yard", "sq yd", "yd^2", "yd2"),
        }
    ),
]

FINENESS = {"length": 0.01, "area": 0.1}
"""How finely an answer is told at least, in metres and square metres."""


def measured(value: float, unit: str, evidence: E, band: float = 0.0) -> Answer[E]:
    """The answer in the unit that was asked for, from metres or square metres.

    As float32, rounded to the decimals that tell 0.01 m or 0.1 m^2 apart.
    """
    dimension, factor = UNITS[unit]
    decimals = max(0, ceil(log10(factor / FINENESS[dimension])))
    told = round(float(np.float32(value / factor)), decimals)
    return Answer(value=told, unit=unit, band=band / factor, evidence=evidence)
