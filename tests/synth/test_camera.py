from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.synth.body import Body
from stumble.synth.camera import IMAGE_HEIGHT, IMAGE_WIDTH, Camera
from stumble.synth.gait import Motion

CENTRE = ((IMAGE_WIDTH - 1) / 2, (IMAGE_HEIGHT - 1) / 2)


def camera(view: float, distance: float = 6.5, height: float = 1.0, roll: float = 0.0) -> Camera:
    return Camera.around(view, distance, height, (0.0, 0.0, 1.0), 470.0, roll)


@given(st.floats(0, 360), st.floats(2, 20), st.floats(-1, 4), st.floats(-30, 30))
def test_the_point_looked_at_is_the_middle_of_the_image(
    view: float, distance: float, height: float, roll: float
) -> None:
    x, y, depth = camera(view, distance, height, roll).project(np.array([0.0, 0.0, 1.0]))
    assert (x, y) == pytest.approx(CENTRE, abs=1e-2)
    assert depth == pytest.approx(np.hypot(distance, height - 1), rel=1e-5)


def test_up_is_up() -> None:
    above, below = camera(37.0).project(np.array([[0, 0, 1.5], [0, 0, 0.5]]))
    assert above[1] < CENTRE[1] < below[1]


def joints_seen(body: Body, straight: Motion, view: float) -> dict[str, np.ndarray]:
    names = {7: "left hand", 11: "right hand", 14: "left ankle", 15: "left foot"}
    seen = camera(view).project(body.ntu_joints(straight.rotations, np.array([[0.0, 0.0, 0.95]]))[0])
    return {name: seen[index] for index, name in names.items()}


def test_view_0_faces_the_walker(body: Body, straight: Motion) -> None:
    seen = joints_seen(body, straight, 0.0)
    assert seen["left hand"][0] > CENTRE[0] > seen["right hand"][0]  # face to face, her left is on the right
    assert seen["left foot"][2] < seen["left ankle"][2]  # toes towards the camera


def test_view_180_sees_the_back(body: Body, straight: Motion) -> None:
    seen = joints_seen(body, straight, 180.0)
    assert seen["left hand"][0] < CENTRE[0] < seen["right hand"][0]
    assert seen["left foot"][2] > seen["left ankle"][2]


def test_view_90_sees_the_left_side(body: Body, straight: Motion) -> None:
    seen = joints_seen(body, straight, 90.0)
    assert seen["left hand"][2] < seen["right hand"][2]
    assert seen["left foot"][0] < seen["left ankle"][0]  # walking towards the left of the image


@given(st.floats(0, 180), st.floats(3, 12))
def test_size_is_inversely_proportional_to_distance(view: float, distance: float) -> None:
    top, bottom = camera(view, distance).project(np.array([[0, 0, 1.8], [0, 0, 0.2]]))
    assert bottom[1] - top[1] == pytest.approx(470 * 1.6 / distance, rel=1e-4)
    assert bottom[0] == pytest.approx(top[0], abs=1e-3)


def test_roll_turns_the_image_about_its_middle() -> None:
    points = np.random.default_rng(0).normal((0, 0, 1), 0.5, (20, 3))
    upright, rolled = (camera(30.0, roll=roll).project(points)[:, :2] - CENTRE for roll in (0.0, 90.0))
    np.testing.assert_allclose(np.abs(rolled), np.abs(upright[:, ::-1]), atol=1e-3)
    np.testing.assert_allclose((rolled * upright).sum(1), 0, atol=2)
