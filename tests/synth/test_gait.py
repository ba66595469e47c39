from __future__ import annotations

from dataclasses import astuple, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from stumble.seeds import stream
from stumble.synth.body import PARENTS, SEGMENTS, Body
from stumble.synth.gait import FRAMES_PER_SECOND, Motion, Style, accumulate, turn, walk

SEEDS = st.integers(0, 2**32 - 1)
MIRROR = np.diag([1.0, -1.0, 1.0])


def soles(body: Body, motion: Motion) -> np.ndarray:
    """Height of heels and balls of both feet in each frame, metres: (T, 4)."""
    joints, heights = body.joint_positions(motion.rotations, motion.root), []
    for side in ("left", "right"):
        foot, ankle = SEGMENTS.index(f"{side}_foot"), body.joints[f"{side}_foot"]
        down = body.vertices[:, 2].min() - ankle[2]
        for ahead in (-0.055, body.joints[f"{side}_toes"][0] - ankle[0]):
            heights.append((joints[:, foot] + motion.rotations[:, foot] @ np.array([ahead, 0, down]))[:, 2])
    return np.stack(heights, 1)


def test_walking_goes_forward_on_the_ground(body: Body) -> None:
    motion = walk(Style(), body, 100)
    assert motion.rotations.shape == (100, 21, 3, 3)
    speed = np.ptp(motion.root[:, 0]) / (100 / FRAMES_PER_SECOND)
    assert 0.8 < speed < 1.6  # metres a second
    assert np.abs(soles(body, motion).min(1)).max() < 0.02


@given(SEEDS)
@settings(max_examples=15)
def test_everybodys_feet_reach_the_ground_and_alternate(body: Body, seed: int) -> None:
    motion = walk(Style.sample(np.random.default_rng(seed)), body, 60)
    heights = soles(body, motion)
    assert np.abs(heights.min(1)).max() < 0.025
    left, right = heights[:, :2].min(1), heights[:, 2:].min(1)
    assert (left < right - 0.03).any() and (right < left - 0.03).any()  # each foot swings
    assert body.pose(motion.rotations, motion.root)[..., 2].min() > -0.06  # toes may dip in where they push off


@given(SEEDS)
@settings(max_examples=10)
def test_a_walk_is_periodic(body: Body, seed: int) -> None:
    style = replace(Style.sample(np.random.default_rng(seed)), cadence=1.0)  # 25 frames a stride
    motion = walk(style, body, 80)
    np.testing.assert_allclose(motion.rotations[25:], motion.rotations[:-25], atol=1e-9)
    advance = motion.root[25:] - motion.root[:-25]
    np.testing.assert_allclose(advance[2:-2], np.broadcast_to(advance[10], (51, 3)), atol=1e-9)
    assert advance[10, 0] > 0.5 and advance[10, 1:] == pytest.approx([0, 0], abs=1e-9)


def test_without_asymmetry_half_a_stride_later_is_the_mirror_image(body: Body) -> None:
    motion = walk(Style(cadence=1.25), body, 40)  # 20 frames a stride
    other = [
        SEGMENTS.index(s.replace("left", "right") if "left" in s else s.replace("right", "left")) for s in SEGMENTS
    ]
    np.testing.assert_allclose(motion.rotations[10:], MIRROR @ motion.rotations[:-10][:, other] @ MIRROR, atol=1e-9)
    limping = walk(Style(cadence=1.25, limp=0.05), body, 40)
    assert np.abs(limping.rotations[10:] - MIRROR @ limping.rotations[:-10][:, other] @ MIRROR).max() > 0.02


def test_start_is_a_phase(body: Body) -> None:
    style = Style(cadence=1.0)
    late, early = walk(style, body, 30, 0.2), walk(style, body, 35, 0.0)
    np.testing.assert_allclose(late.rotations, early.rotations[5:], atol=1e-9)


def swing(body: Body, motion: Motion, side: str) -> float:
    """How far the hand moves forwards and backwards beside the chest, metres."""
    joints = body.joint_positions(motion.rotations, motion.root)
    reach = joints[:, SEGMENTS.index(f"{side}_hand"), 0] - joints[:, SEGMENTS.index("chest"), 0]
    return float(np.ptp(reach))


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_arm_that_carries_barely_swings(body: Body, side: str) -> None:
    free, holding = walk(Style(), body, 50), walk(Style(), body, 50, carrying=side)
    other = "right" if side == "left" else "left"
    assert swing(body, holding, side) < 0.45 * swing(body, free, side)
    assert swing(body, holding, other) == pytest.approx(swing(body, free, other), rel=0.05)


def test_a_person_varies_less_from_walk_to_walk_than_people_do() -> None:
    people = [Style.sample(stream(0, str(k), "style")) for k in range(60)]
    again = [person.varied(stream(1, str(k), "style"), 0.22) for k, person in enumerate(people)]
    traits, moved = np.array([astuple(s) for s in people]), np.array([astuple(s) for s in again])
    between, within = traits.std(0), (moved - traits).std(0)
    assert (within < 0.5 * between).all()
    assert (within > 0.1 * between).all()


def test_every_trait_changes_the_motion(body: Body) -> None:
    usual = walk(Style(), body, 40, 0.1)
    drawn = Style.sample(np.random.default_rng(3))
    for trait in fields(Style):
        other = walk(replace(Style(), **{trait.name: getattr(drawn, trait.name)}), body, 40, 0.1)
        moved = max(np.abs(other.rotations - usual.rotations).max(), np.abs(other.root - usual.root).max())
        assert moved > 1e-4, trait.name


@given(st.sampled_from("xyz"), st.lists(st.floats(-360, 360), min_size=1, max_size=4))
def test_turns_are_rotations_about_an_axis(axis: str, degrees: list[float]) -> None:
    expected = [Rotation.from_euler(axis, angle, degrees=True).as_matrix() for angle in degrees]
    np.testing.assert_allclose(turn(axis, np.array(degrees)), expected, atol=1e-12)


def test_positive_turns_tip_forward_roll_right_and_turn_left() -> None:
    up, ahead = np.array([0, 0, 1.0]), np.array([1.0, 0, 0])
    assert (turn("y", 10.0) @ up)[0] > 0
    assert (turn("x", 10.0) @ up)[1] < 0
    assert (turn("z", 10.0) @ ahead)[1] > 0


def test_accumulated_rotations_are_products_down_from_the_root() -> None:
    local = Rotation.random(2 * len(SEGMENTS), rng=np.random.default_rng(0)).as_matrix().reshape(2, -1, 3, 3)
    total = accumulate(local)
    for segment in range(len(SEGMENTS)):
        chain, product = segment, np.eye(3)
        while chain >= 0:
            product, chain = local[1, chain] @ product, PARENTS[chain]
        np.testing.assert_allclose(total[1, segment], product, atol=1e-12)
