"""Joints back to rotations: what a body did comes back, on its own joints, on scaled and turned ones, on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stumble.data.ntu25 import ntu25
from stumble.data.trials import Trial
from stumble.errors import DataError
from stumble.layouts import NTU25
from stumble.synth.body import SEGMENTS, Body, Shape
from stumble.synth.camera import Camera
from stumble.synth.gait import Motion, walk
from stumble.synth.people import Person
from stumble.synth.raster import fill
from stumble.synth.retarget import MOTION_CAPTURE, Upright, resampled, retarget, walking_ahead


def spin(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def silhouettes(body: Body, motion: Motion, view: float) -> np.ndarray:
    """Every fifth frame, from a camera that stays with the person."""
    masks = []
    for t in range(0, len(motion.root), 5):
        camera = Camera.around(view, 6.5, 1.25, (float(motion.root[t, 0]), 0.0, 0.92), 470.0, 0.0)
        points = camera.project(body.pose(motion.rotations[[t]], motion.root[[t]])[0])
        mask = np.zeros((240, 320), np.uint8)
        fill(np.ascontiguousarray(points[:, :2]), body.faces, mask)
        masks.append(mask > 0)
    return np.array(masks)


@pytest.mark.parametrize("subject", [1, 3, 6])
def test_a_walk_comes_back_from_its_joints(subject: int) -> None:
    person = Person.draw(1, subject)
    body = Body(person.shape)
    walked = walk(person.style, body, 40, 0.3)
    joints = body.ntu_joints(walked.rotations, walked.root)
    found = retarget(joints, body)
    found = Motion(found.rotations, found.root + joints[0, 0] * (1, 1, 0))  # a motion starts above the origin
    error = np.linalg.norm(body.ntu_joints(found.rotations, found.root) - joints, axis=2)
    assert error.mean() < 0.012
    assert error.max() < 0.03
    for view in (0.0, 54.0, 90.0):
        one, other = silhouettes(body, walked, view), silhouettes(body, found, view)
        assert (one & other).sum() / (one | other).sum() > 0.93


def test_proportions_and_place_of_the_source_do_not_matter(body: Body, motion: Motion) -> None:
    joints = body.ntu_joints(motion.rotations, motion.root)
    usual, small = retarget(joints, body), retarget(joints * 0.6 + np.array([5.0, -3.0, 0.4]), body)
    np.testing.assert_allclose(small.rotations, usual.rotations, atol=1e-9)
    np.testing.assert_allclose(small.root, usual.root, atol=1e-9)
    other = Body(Shape(stature=1.55))
    smaller = retarget(joints, other, Upright.of(body))
    firm = [index for index, segment in enumerate(SEGMENTS) if not segment.endswith("toes")]  # toes feel the ground
    np.testing.assert_allclose(smaller.rotations[:, firm], usual.rotations[:, firm], atol=1e-6)
    legs = [b.joints["left_thigh"][2] - b.joints["left_foot"][2] for b in (other, body)]
    np.testing.assert_allclose(smaller.root[:, :2], usual.root[:, :2] * legs[0] / legs[1], atol=1e-6)


@given(st.floats(-180, 180))
@settings(max_examples=10)
def test_a_walk_in_any_direction_is_turned_to_x(body: Body, motion: Motion, degrees: float) -> None:
    joints = body.ntu_joints(motion.rotations, motion.root)
    ahead = walking_ahead(joints)
    np.testing.assert_allclose(walking_ahead(joints @ spin(degrees).T), ahead, atol=1e-9)
    assert np.degrees(np.arccos(np.sum(ahead[0, 3] * joints[0, 3]) / np.sum(joints[0, 3] ** 2))) < 2


def test_who_stands_is_turned_to_look_to_x(body: Body, straight: Motion) -> None:
    joints = body.ntu_joints(straight.rotations, straight.root)
    np.testing.assert_allclose(walking_ahead(joints @ spin(130.0).T), joints, atol=1e-9)


def test_a_straight_stance_has_no_rotation(body: Body, straight: Motion) -> None:
    found = retarget(body.ntu_joints(straight.rotations, straight.root), body)
    turns = Motion(found.rotations, found.root).rotations[0]
    angles = np.degrees(np.arccos(((np.trace(turns, axis1=1, axis2=2) - 1) / 2).clip(-1, 1)))
    assert angles.max() < 2.5  # the feet of the stance point outwards by so much
    own = Upright.of(body)
    assert 10 < own.neck < 30
    assert -10 < own.pelvis < 10


def bent(body: Body, side: str, joint: str, turn: np.ndarray, straight: Motion) -> np.ndarray:
    """The joints of the straight stance with one limb turned, and its lower half at right angles."""
    joints = body.ntu_joints(straight.rotations, straight.root)[0]
    upper, hinge, *rest = NTU25.index(*(f"{side} {name}" for name in joint.split()))
    forward = np.array([1.0, 0, 0]) if "elbow" in joint else np.array([-1.0, 0, 0])
    length = np.linalg.norm(joints[rest[0]] - joints[hinge])
    joints[hinge] = joints[upper] + turn @ (joints[hinge] - joints[upper])
    shift = joints[hinge] + turn @ forward * length - joints[rest[0]]
    for index in rest:
        joints[index] = joints[index] + shift
    return joints[None]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("limb", "segment"), [("shoulder elbow wrist hand", "upper_arm"), ("hip knee ankle foot", "thigh")]
)
@given(angles=st.tuples(st.floats(-60, 60), st.floats(-60, 60), st.floats(-30, 30)))
@settings(max_examples=15)
def test_the_plane_of_a_bent_hinge_sets_the_twist(
    body: Body, straight: Motion, side: str, limb: str, segment: str, angles: tuple[float, float, float]
) -> None:
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    found = retarget(bent(body, side, limb, turn, straight), body).rotations[0, SEGMENTS.index(f"{side}_{segment}")]
    np.testing.assert_allclose(found[:, 2], turn[:, 2], atol=1e-6)  # along the limb
    off = np.degrees(np.arccos(np.clip(found[:, 0] @ turn[:, 0], -1, 1)))
    assert off < 12  # the smallest turn has a small say even then


def test_arms_straight_up_and_legs_apart_give_rotations(body: Body, straight: Motion) -> None:
    joints = body.ntu_joints(straight.rotations, straight.root)
    for side in ("left", "right"):
        shoulder, *arm = NTU25.index(*(f"{side} {name}" for name in ("shoulder", "elbow", "wrist", "hand")))
        for index in arm:
            joints[0, index, 2] = 2 * joints[0, shoulder, 2] - joints[0, index, 2]
    found = retarget(joints, body)
    for side in ("left", "right"):
        up = found.rotations[0, SEGMENTS.index(f"{side}_upper_arm")]
        np.testing.assert_allclose(up @ [0, 0, -1], [0, 0, 1], atol=1e-6)


def test_a_jump_leaves_the_ground_by_as_much(body: Body, motion: Motion) -> None:
    joints = body.ntu_joints(motion.rotations, motion.root)
    joints[20:40, :, 2] += 0.3
    grounded, jumping = retarget(body.ntu_joints(motion.rotations, motion.root), body), retarget(joints, body)
    np.testing.assert_allclose(jumping.root[:20], grounded.root[:20], atol=0.03)
    height = (jumping.root - grounded.root)[22:38, 2]
    assert 0.25 < height.min() <= height.max() < 0.33  # but for the 4 cm within which a foot is on the ground


def test_resampling_a_straight_line() -> None:
    line = np.linspace(0, 1, 121)[:, None, None] * np.ones((1, 25, 3))  # one second at 120 frames a second
    np.testing.assert_allclose(resampled(line, 120.0)[:, 0, 0], np.arange(26) / 25, atol=1e-12)
    assert resampled(line, 25.0) is not line
    np.testing.assert_array_equal(resampled(line, 25.0), line)
    assert resampled(line[:1], 120.0).shape == (1, 25, 3)


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=25)
def test_any_joints_give_rotations(body: Body, seed: int, collapsed: bool) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(3, 25, 3))
    if collapsed:  # a limb without length, as sensors report it
        joints[:, NTU25.index("left wrist")] = joints[:, NTU25.index("left elbow")]
        joints[:, NTU25.index("neck", "head")] = joints[:, NTU25.index("spine shoulder")]
    rotations = retarget(joints, body).rotations
    np.testing.assert_allclose(
        rotations @ np.swapaxes(rotations, 2, 3), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-9)


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (np.zeros((0, 25, 3)), "found no frames"),
        (np.full((2, 25, 3), np.nan), "found values that are not finite"),
        (np.zeros((2, 25, 3)), "found legs of 0 m; expected hips, knees and ankles apart"),
    ],
)
def test_joints_of_nobody(body: Body, joints: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        retarget(joints, body)


@pytest.mark.parametrize("trial", ["02_01", "07_01", "16_15", "35_01", "39_01"])
def test_a_real_walk_has_no_twisted_limb(body: Body, mocap: Path, trial: str) -> None:
    subject, _, name = trial.partition("_")
    folder = mocap / "cmu" / subject
    recording = Trial(subject, name, folder / f"{trial}.amc", folder / f"{subject}.asf").read()
    motion = retarget(walking_ahead(resampled(ntu25(recording), recording.frame_rate)), body, MOTION_CAPTURE)
    turns = dict(zip(SEGMENTS, np.moveaxis(motion.rotations, 1, 0), strict=True))
    steps = np.einsum("tsab,tsac->tsbc", motion.rotations[:-1], motion.rotations[1:])
    degrees = np.degrees(np.arccos(((np.trace(steps, axis1=2, axis2=3) - 1) / 2).clip(-1, 1)))
    assert degrees.max() < 40  # nothing flips from one frame to the next
    for name in ("pelvis", "chest", "head"):
        assert turns[name][:, 0, 0].min() > 0.85  # looks ahead
        assert turns[name][:, 2, 2].min() > 0.85  # stays upright
    for side in ("left", "right"):
        assert turns[f"{side}_thigh"][:, 0, 0].min() > 0.6  # the knee points ahead
        shin = np.einsum("tba,tb->ta", turns[f"{side}_thigh"], -turns[f"{side}_shin"][:, :, 2])
        assert shin[:, 0].max() < 0.02  # and bends backwards only
        forearm = np.einsum("tba,tb->ta", turns[f"{side}_upper_arm"], -turns[f"{side}_forearm"][:, :, 2])
        assert forearm[:, 0].min() > -0.02  # the elbow forwards only
    speed = (motion.root[-1, 0] - motion.root[0, 0]) / (len(motion.root) - 1) * 25
    assert 0.7 < speed < 2
    assert np.ptp(motion.root[:, 1]) < 0.5
    assert np.ptp(motion.root[:, 2]) < 0.12
