from math import atan2, degrees

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import pose
from spatialevo_tasks.cameras import (
    azimuth_of_yaw,
    camera_frame,
    facing_frame,
    tilt_deg,
    wrap_deg,
    yaw_deg,
)

ANGLE = st.floats(-179, 179)
PITCH = st.floats(-65, 65)


@pytest.mark.parametrize(
    ("vector", "azimuth"),
    [((0, 1), 0), ((1, 0), 90), ((0, -1), 180), ((-1, 0), -90), ((1, 1), 45), ((-1, -1), -135)],
)
def test_an_azimuth_is_positive_to_the_right_of_who_looks_along_y(vector, azimuth):
    level = camera_frame(pose((3, 4, 1.5), heading_deg=90))
    assert level.vector(np.array([*vector, 0.7])).azimuth_deg == pytest.approx(azimuth)


def test_a_left_turn_is_a_positive_yaw():
    before, after = (camera_frame(pose((0, 0, 1), heading_deg=h)) for h in (90, 120))
    assert yaw_deg(before, after) == pytest.approx(30)
    assert yaw_deg(after, before) == pytest.approx(-30)


def test_turning_left_by_a_yaw_means_to_face_what_had_the_opposite_azimuth():
    before, after = (camera_frame(pose((0, 0, 1), heading_deg=h)) for h in (90, 120))
    ahead = np.array([after.east, after.north, 0.0])
    assert before.vector(ahead).azimuth_deg == pytest.approx(azimuth_of_yaw(30))
    assert azimuth_of_yaw(30) == -30


@given(first=ANGLE, second=ANGLE, pitches=st.tuples(PITCH, PITCH), roll=st.floats(-80, 80))
def test_yaw_is_about_gravity_however_the_cameras_are_pitched_or_rolled(
    first, second, pitches, roll
):
    before = camera_frame(pose((0, 0, 1), first, pitches[0], roll))
    after = camera_frame(pose((2, 1, 1), second, pitches[1], -roll))
    assert abs(wrap_deg(yaw_deg(before, after) - (second - first))) < 1e-6


@given(heading=ANGLE, pitch=PITCH)
def test_a_pitched_camera_has_its_level_heading_and_its_own_tilt(heading, pitch):
    T = pose((0, 0, 0), heading, pitch)
    assert abs(wrap_deg(camera_frame(T).heading_deg - heading)) < 1e-6
    assert tilt_deg(T) == pytest.approx(90 - abs(pitch))


@pytest.mark.parametrize("pitch", [-90, 90])
def test_a_camera_that_looks_straight_down_or_up_has_no_tilt_and_yet_a_frame(pitch):
    T = pose((0, 0, 0), 30, pitch)
    assert tilt_deg(T) == pytest.approx(0, abs=1e-5)
    assert np.hypot(camera_frame(T).east, camera_frame(T).north) == pytest.approx(1)


@given(heading=ANGLE, x=st.floats(-5, 5), y=st.floats(-5, 5), z=st.floats(-5, 5))
def test_the_components_in_a_level_frame_keep_every_length(heading, x, y, z):
    level = camera_frame(pose((1, 2, 3), heading, 30))
    seen = level.vector(np.array([x, y, z]))
    assert seen.length == pytest.approx(np.sqrt(x * x + y * y + z * z))
    assert seen.horizontal == pytest.approx(np.hypot(x, y))
    assert seen.up == z


@given(x=st.floats(-5, 5), y=st.floats(-5, 5), turn=ANGLE)
def test_turning_everything_about_the_vertical_leaves_azimuths(x, y, turn):
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    standing, facing, query = np.array([[1.0, 2, 0], [1, 7, 0], [6 + x, 2 + y / 2, 1]])
    straight = facing_frame(standing, facing).point(query).azimuth_deg
    turned = facing_frame(R @ standing, R @ facing).point(R @ query).azimuth_deg
    assert abs(wrap_deg(turned - straight)) < 1e-9


def test_what_one_faces_is_in_front():
    standing, facing = np.array([1.0, 1, 0]), np.array([-3.0, 4, 2])
    level = facing_frame(standing, facing)
    assert level.point(facing).azimuth_deg == pytest.approx(0)
    assert level.point(facing).front == pytest.approx(5)
    assert level.heading_deg == pytest.approx(degrees(atan2(3, -4)))


@given(st.floats(-2000, 2000))
def test_a_wrapped_angle_is_the_same_angle_within_a_half_turn(angle):
    wrapped = wrap_deg(angle)
    assert -180 < wrapped <= 180
    assert (angle - wrapped) / 360 == pytest.approx(round((angle - wrapped) / 360))
