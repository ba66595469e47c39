from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from stumble.errors import SpecError
from stumble.synth.body import NTU_JOINTS, PARENTS, SEGMENTS, Body, Shape, rotation_between
from stumble.synth.gait import Motion

SHAPES = st.builds(
    Shape,
    gender=st.floats(0, 1),
    age=st.floats(2 / 3, 1),
    muscle=st.floats(0, 1),
    weight=st.floats(0, 1),
    proportions=st.floats(0, 1),
    stature=st.floats(1.4, 2.0),
)
SEEDS = st.integers(0, 2**32 - 1)
# child and parent, numbered from 1 as the layout's authors do
NTU_BONES = (
    *((1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9), (11, 10), (12, 11)),
    *((13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19), (22, 23), (23, 8)),
    *((24, 25), (25, 12)),
)
MIRROR = np.diag([1.0, -1.0, 1.0])
OTHER_SIDE = [
    SEGMENTS.index(s.replace("left", "right") if "left" in s else s.replace("right", "left")) for s in SEGMENTS
]


def random_pose(seed: int, frames: int = 2) -> Motion:
    """Any rotation of every segment."""
    draw = np.random.default_rng(seed)
    rotations = Rotation.random(frames * len(SEGMENTS), rng=draw).as_matrix().reshape(frames, len(SEGMENTS), 3, 3)
    return Motion(rotations, draw.normal(size=(frames, 3)))


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.sum(np.cross(a, b) * c) / 6)


def test_a_body_from_its_shape_posed_and_measured(straight: Motion) -> None:
    body = Body(Shape(stature=1.80))
    points = body.pose(straight.rotations, straight.root)
    assert points.shape == (1, 1229, 3)
    assert np.ptp(points[0, :, 2]) == pytest.approx(1.80, abs=0.01)


@given(SHAPES)
@settings(max_examples=20)
def test_every_shape_has_the_stature_that_was_asked_for(shape: Shape) -> None:
    body = Body(shape)
    assert np.ptp(body.vertices[:, 2]) == pytest.approx(shape.stature, abs=1e-4)
    assert body.stature == shape.stature


def test_traits_do_what_they_are_called() -> None:
    light, heavy = (Body(Shape(weight=weight)) for weight in (0.1, 0.9))
    assert volume(heavy.vertices, heavy.faces) > 1.15 * volume(light.vertices, light.faces)
    man, woman = (Body(Shape(gender=gender)) for gender in (0.0, 1.0))
    assert man.joints["left_upper_arm"][1] > 1.05 * woman.joints["left_upper_arm"][1]
    short, tall = (Body(Shape(stature=stature)) for stature in (1.6, 1.9))
    legs = [body.joints["left_thigh"][2] - body.joints["left_foot"][2] for body in (short, tall)]
    assert legs[1] > 1.15 * legs[0]


def test_the_mesh_is_closed_points_outwards_and_hangs_on_its_segments(body: Body) -> None:
    edges = np.concatenate([body.faces[:, [0, 1]], body.faces[:, [1, 2]], body.faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)  # no edge is run through twice the same way
    assert 0.04 < volume(body.vertices, body.faces) < 0.12  # cubic metres: 40 to 120 kg
    np.testing.assert_allclose(body.weights.sum(1), 1, atol=1e-3)
    assert body.weights.min() >= 0


def test_standing_straight_is_upright_with_hanging_arms_and_legs(body: Body, straight: Motion) -> None:
    joints = dict(zip(SEGMENTS, body.joint_positions(straight.rotations, straight.root)[0], strict=True))
    for side in ("left", "right"):
        for chain in (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot")):
            positions = np.stack([joints[f"{side}_{name}"] for name in chain])
            np.testing.assert_allclose(positions[:, :2], positions[:1, :2].repeat(3, 0), atol=1e-6)
            assert (np.diff(positions[:, 2]) < -0.1).all()


def test_segments_that_keep_the_rest_pose_stay_where_they_are(body: Body, straight: Motion) -> None:
    head = body.weights[:, SEGMENTS.index("head")] > 0.999
    posed = body.pose(straight.rotations, straight.root)[0]
    np.testing.assert_allclose(posed[head], (body.vertices - body.joints["pelvis"])[head], atol=2e-3)


@given(SEEDS)
@settings(max_examples=20)
def test_bones_keep_their_lengths_in_every_pose(body: Body, seed: int) -> None:
    motion = random_pose(seed, 3)
    for segment, parent in enumerate(PARENTS[1:], 1):
        joints = body.joint_positions(motion.rotations, motion.root)
        rest = np.linalg.norm(body.joints[SEGMENTS[segment]] - body.joints[SEGMENTS[parent]])
        np.testing.assert_allclose(np.linalg.norm(joints[:, segment] - joints[:, parent], axis=1), rest, atol=1e-9)


def test_the_ntu_bones_of_a_walk_keep_their_lengths(body: Body, motion: Motion) -> None:
    joints = body.ntu_joints(motion.rotations, motion.root)
    for child, parent in NTU_BONES:
        lengths = np.linalg.norm(joints[:, child - 1] - joints[:, parent - 1], axis=1)
        assert np.ptp(lengths) < 1e-4, (child, parent)
        assert lengths[0] > 0.03, (child, parent)


def test_left_and_right_are_mirror_images(body: Body, straight: Motion) -> None:
    joints = body.ntu_joints(straight.rotations, straight.root)[0]
    left, right = [*range(4, 8), *range(12, 16), 21, 22], [*range(8, 12), *range(16, 20), 23, 24]
    np.testing.assert_allclose(joints[left] @ MIRROR, joints[right], atol=1e-4)
    assert (joints[left, 1] > 0).all()
    points = body.pose(straight.rotations, straight.root)[0]
    distances, _ = cKDTree(points).query(points @ MIRROR)
    assert np.median(distances) < 2e-3


@given(SEEDS)
@settings(max_examples=10)
def test_the_mirrored_pose_is_the_mirror_image(body: Body, seed: int) -> None:
    pose = random_pose(seed)
    joints = body.joint_positions(pose.rotations, pose.root)
    mirrored = body.joint_positions(MIRROR @ pose.rotations[:, OTHER_SIDE] @ MIRROR, pose.root @ MIRROR)
    np.testing.assert_allclose(mirrored, joints[:, OTHER_SIDE] @ MIRROR, atol=1e-4)


@given(SEEDS)
@settings(max_examples=5)
def test_skinning_is_the_weighted_mean_of_rigid_motions(body: Body, seed: int) -> None:
    pose = random_pose(seed, 1)
    posed = body.pose(pose.rotations, pose.root)[0]
    roots = body.joint_positions(pose.rotations, pose.root)[0]
    for vertex in range(0, len(posed), 97):
        expected = np.zeros(3)
        for index, segment in enumerate(SEGMENTS):
            from_joint = body._straight[index] @ (body.vertices[vertex] - body.joints[segment])
            expected += body.weights[vertex, index] * (pose.rotations[0, index] @ from_joint + roots[index])
        np.testing.assert_allclose(posed[vertex], expected, atol=1e-5)


@given(SEEDS)
@settings(max_examples=5)
def test_turning_the_pose_turns_the_mesh_and_the_joints(body: Body, seed: int) -> None:
    pose, whole = random_pose(seed), Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    for method in (body.pose, body.ntu_joints, body.joint_positions):
        turned = method(whole @ pose.rotations, pose.root @ whole.T)
        np.testing.assert_allclose(turned, method(pose.rotations, pose.root) @ whole.T, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gender": 1.2}, r"gender is 1.2; it must lie in 0..1"),
        ({"age": 0.1}, r"age is 0.1"),
        ({"weight": -0.5}, r"weight is -0.5"),
        ({"muscle": float("nan")}, r"muscle is nan"),
        ({"stature": 0.0}, r"stature is 0 m; it must be positive"),
    ],
)
def test_a_shape_out_of_range_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Body(Shape(**change))


def test_ntu_joints_are_the_layouts_25_of_which_sides_alternate_as_published() -> None:
    sides = ["left" if "left" in s else "right" if "right" in s else "" for s, _ in NTU_JOINTS]
    expected = [*[""] * 4, *["left"] * 4, *["right"] * 4, *["left"] * 4, *["right"] * 4, ""]
    assert sides == [*expected, "left", "left", "right", "right"]


@given(SEEDS)
@settings(max_examples=20)
def test_rotation_between_is_a_rotation_that_turns_one_direction_into_the_other(seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, 4, 3))
    turn = rotation_between(a, b)
    np.testing.assert_allclose(turn @ np.swapaxes(turn, -1, -2), np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-9)
    turned = np.einsum("nab,nb->na", turn, a / np.linalg.norm(a, axis=1, keepdims=True))
    np.testing.assert_allclose(turned, b / np.linalg.norm(b, axis=1, keepdims=True), atol=1e-9)
