"""Numbers as people write them, MRA, and exact labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialevo_core.numbers import quantities, quantity
from spatialevo_core.question import Answer, Evidence
from spatialevo_core.scoring import TOLERANCES_PERCENT, exact_label, plainly, relative_accuracy


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.43 meters", "m", 1.43),
        ("1,43", "m", 1.43),
        ("1,430 mm", "m", 1.43),
        ("12,345.5 mm", "m", 12.3455),
        ("about 143 cm", "m", 1.43),
        ("2m", "m", 2.0),
        ("two and a half metres", "m", 2.5),
        ("2 and a half m", "m", 2.5),
        ("one and a half meters", "m", 1.5),
        ("half a metre", "cm", 50.0),
        ("a quarter of a meter", "m", 0.25),
        ("1/2 m", "m", 0.5),
        ("five feet three inches", "in", 63.0),
        ("5'3\"", "in", 63.0),
        ("1 m 43 cm", "m", 1.43),
        ("one meter and forty-three centimeters", "m", 1.43),
        ("2 m 143 cm", "m", 1.43),
        ("it is 2 m long and the gap is 43 cm", "m", 0.43),
        ("3 ft wide, 20 in deep", "in", 20.0),
        ("12 in", "cm", 30.48),
        ("3 in the room", "", 3.0),
        ("twenty-one chairs", "", 21.0),
        ("There are three chairs", "", 3.0),
        ("one", "", 1.0),
        ("zero", "", 0.0),
        ("a dozen", "", 12.0),
        ("the second image shows 3", "", 3.0),
        ("between 2 and 3 meters", "m", 3.0),
        ("12 sq m", "m^2", 12.0),
        ("12 m²", "m^2", 12.0),
        ("100 square feet", "m^2", 9.290304),
        ("-0.5 m", "m", -0.5),
        ("no idea", "m", None),
        ("3 degrees", "m", None),
        ("3 m", "", None),
        ("this one", "", None),
        ("", "m", None),
    ],
)
def test_the_last_quantity_of_a_text_is_read(text, unit, value):
    said = quantity(text, unit)
    assert said == (None if value is None else pytest.approx(value))


@given(st.text(max_size=200))
def test_any_text_is_searched_for_numbers_without_an_exception(text):
    assert isinstance(quantities(text), tuple)


@given(st.integers(0, 999))
def test_counts_read_back_from_digits(count):
    assert quantity(f"There are {count} of them.", "") == count


def metres(value, band=0.0):
    return Answer(value=value, unit="m", band=band, evidence=Evidence())


def test_the_tolerances_are_ten_whole_percents():
    assert TOLERANCES_PERCENT == (5, 10, 15, 20, 25, 30, 35, 40, 45, 50)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("2.0 m", 1.0),
        ("2.1 m", 1.0),
        ("2.11", 0.9),
        ("1.9", 1.0),
        ("2.2 meters", 0.9),
        ("3.0", 0.1),
        ("1.0", 0.1),
        ("3.01", 0.0),
        ("200 cm", 1.0),
        ("far", 0.0),
        ("200 degrees", 0.0),
    ],
)
def test_mra_counts_the_tolerances_that_are_met(reply, score):
    assert relative_accuracy(reply, metres(2.0)) == pytest.approx(score)


def test_the_band_is_free_and_the_rest_is_measured_from_its_edge():
    assert relative_accuracy("2.16", metres(2.0, band=0.06)) == 1.0
    assert relative_accuracy("2.16", metres(2.0)) == 0.9
    assert relative_accuracy("2.16", plainly(metres(2.0, band=0.06))) == 0.9


def test_a_truth_of_zero_scores_nothing_and_raises_nothing():
    assert relative_accuracy("0", metres(0.0)) == 0.0


def test_labels_are_equal_up_to_case_article_plural_and_synonyms():
    truth = Answer(value="night stand", evidence=Evidence())
    assert exact_label("The Night Stands.", truth) == 1.0
    assert exact_label("bedside table", truth, {"night stand": ("bedside table",)}) == 1.0
    assert exact_label("stand", truth) == 0.0
    assert exact_label("night stand and lamp", truth) == 0.0
    assert exact_label("", truth) == 0.0
