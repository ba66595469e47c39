from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from stumble.constraints import JointBox, JointBudget
from stumble.layouts import OPENPOSE18
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]


def test_a_coordinate_outside_is_put_on_the_wall(crowd: Crowd) -> None:
    clean = crowd(clips=((1, 3), (1, 3)))
    joints = clean.joints.clone()
    joints[1, 0, 2, 4, 1] += 0.3
    joints[1, 0, 2, 5, 1] -= 0.05
    box = JointBox(JointBudget(0.1))
    assert box.violation(clean.moved(joints), clean).tolist() == pytest.approx([0, 0.2])
    projected = box.project(clean.moved(joints), clean).joints
    assert float(projected[1, 0, 2, 4, 1] - clean.joints[1, 0, 2, 4, 1]) == pytest.approx(0.1)
    joints[1, 0, 2, 4, 1] = projected[1, 0, 2, 4, 1]
    assert torch.equal(projected, joints)  # all else as it was, bit for bit


@pytest.mark.parametrize("region", [None, "left leg"])
def test_whatever_is_projected_is_inside(crowd: Crowd, pushed: Crowd, region: str | None) -> None:
    clean = crowd(layout=OPENPOSE18, lost=0.2)
    box = JointBox(JointBudget(0.02, region))
    noise = pushed(clean, 0.5)
    assert bool((box.violation(noise, clean) > 0.4).all())
    projected = box.project(noise, clean)
    assert float(box.violation(projected, clean).max()) < 1e-7
    still = box.budget.radius(clean) == 0
    assert torch.equal(projected.joints[still], clean.joints[still])


def test_the_gradient_is_that_of_what_is_inside(crowd: Crowd) -> None:
    clean = crowd(clips=((1, 2),))
    joints = (clean.joints + torch.tensor([0.05, 0.5, -0.5])).requires_grad_()
    JointBox(JointBudget(0.1)).project(clean.moved(joints), clean).joints.sum().backward()
    assert joints.grad is not None
    assert joints.grad.flatten(0, 3).unique(dim=0).tolist() == [[1, 0, 0]]


def test_what_is_no_number_is_infinitely_far(crowd: Crowd) -> None:
    clean = crowd()
    joints = clean.joints.clone()
    joints[0, 0, 0, 0, 0] = torch.nan
    assert JointBox(JointBudget()).violation(clean.moved(joints), clean).tolist() == [torch.inf, 0]
