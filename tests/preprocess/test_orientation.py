from __future__ import annotations

import math

import pytest
import torch
from scipy.spatial.transform import Rotation

from stumble.preprocess.orientation import turned, upright


def pose(spine: tuple[float, float, float], shoulders: tuple[float, float, float]) -> torch.Tensor:
    """One skeleton with a spine (base → middle) and a line of shoulders (left → right); all else at the origin."""
    joints = torch.zeros(1, 25, 3, dtype=torch.float64)
    joints[0, 1], joints[0, 8] = torch.tensor(spine), torch.tensor(shoulders)
    return joints


def test_a_standing_body_is_turned_to_z_and_x() -> None:
    facing = pose((0, 0.3, 0), (0, 0, -0.4))
    body = turned(facing[:, None, None], upright(facing))[0, 0, 0]
    torch.testing.assert_close(body[1], torch.tensor([0, 0, 0.3], dtype=torch.float64))
    torch.testing.assert_close(body[8], torch.tensor([0.4, 0, 0], dtype=torch.float64))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_a_rotation_made_of_the_two_smallest(seed: int) -> None:
    torch.manual_seed(seed)
    body = torch.randn(1, 25, 3, dtype=torch.float64)
    expected = Rotation.identity()
    for ends, axis in (((1, 0), [0, 0, 1.0]), ((8, 4), [1.0, 0, 0])):
        vector = expected.apply((body[0, ends[0]] - body[0, ends[1]]).numpy())
        unit = torch.tensor(vector / math.dist(vector, (0, 0, 0)))
        goal = torch.tensor(axis, dtype=torch.float64)
        around = torch.linalg.cross(unit, goal)
        angle = torch.acos(unit @ goal)
        expected = Rotation.from_rotvec((around / around.norm() * angle).numpy()) * expected
    torch.testing.assert_close(upright(body)[0], torch.tensor(expected.as_matrix()))


@pytest.mark.parametrize("tilt", [1e-1, 1e-3, 1e-5])
def test_nearly_upside_down_is_exact_too(tilt: float) -> None:
    for precision, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-5)):
        body = pose((tilt, 0, -10), (1, 0, 0)).to(precision)
        rotation = upright(body)[0]
        torch.testing.assert_close(rotation @ rotation.T, torch.eye(3, dtype=precision), atol=tolerance, rtol=0)
        first = upright(pose((tilt, 0, -10), (0, 0, 0)).to(precision))[0] @ body[0, 1]
        along = torch.tensor([0, 0, math.hypot(10, tilt)], dtype=precision)
        torch.testing.assert_close(first, along, atol=10 * tolerance, rtol=0)


@pytest.mark.parametrize(
    ("spine", "shoulders"),
    [
        ((0.0, 0.0, 0.3), (0.4, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.4, 0.0, 0.0)),
        ((0.0, 0.0, 0.3), (0.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((0.0, 0.0, -0.3), (-0.4, 0.0, 0.0)),
    ],
)
def test_no_direction_and_the_opposite_direction_are_left_alone_with_finite_gradients(
    spine: tuple[float, float, float], shoulders: tuple[float, float, float]
) -> None:
    body = pose(spine, shoulders).requires_grad_()
    rotation = upright(body)
    torch.testing.assert_close(rotation[0], torch.eye(3, dtype=torch.float64))
    (rotation * torch.arange(9.0).view(3, 3)).sum().backward()
    assert body.grad is not None
    assert bool(body.grad.isfinite().all())


def test_gradient() -> None:
    torch.manual_seed(0)
    aligned = pose((0, 0, 0.3), (0.4, 0, 0))
    bodies = torch.cat([torch.randn(3, 25, 3, dtype=torch.float64), aligned]).requires_grad_()
    assert torch.autograd.gradcheck(upright, bodies)
