from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from scipy.spatial.transform import Rotation

from stumble.constraints import Bones, JointBudget, Rotations
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]

BOTH = pytest.mark.parametrize(("layout", "lost"), [(NTU25, 0.0), (OPENPOSE18, 0.1)], ids=["ntu", "openpose"])


def drawn(rotations: Rotations, seed: int, size: float) -> tuple[torch.Tensor, torch.Tensor]:
    draw, clean = torch.Generator().manual_seed(seed), rotations.clean
    axes = 3 if clean.coordinates == 3 else 1
    offset = size * torch.randn(*clean.present.shape, clean.coordinates, generator=draw).to(clean.joints.dtype)
    rotvec = torch.randn(*clean.present.shape, len(rotations.bones), axes, generator=draw).to(clean.joints.dtype)
    return offset, size * rotvec


def test_a_forearm_turned_by_a_right_angle_carries_the_hand() -> None:
    layout = Layout("arm", ("shoulder", "elbow", "wrist"), ((1, 0), (2, 1)), 0, 0, {})
    clean = Skeletons.pad([torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0]])[None, None]], ["a"], layout)
    rotations = Rotations.of(clean, JointBudget().active(layout))
    assert rotations.bones == (1, 2)
    rotvec = torch.zeros(1, 1, 1, 2, 3)
    rotvec[..., 0, 2] = math.pi / 2  # the upper arm, about z
    joints = rotations.joints(torch.tensor([0.0, 0, 5]).expand(1, 1, 1, 3), rotvec)
    expected = torch.tensor([[0.0, 0, 5], [0, 1, 5], [2, 1, 5]])
    assert torch.allclose(joints[0, 0, 0], expected, atol=1e-6)


@BOTH
@pytest.mark.parametrize("region", [None, "left arm"])
def test_bones_keep_their_lengths_whatever_the_numbers(
    crowd: Crowd, layout: Layout, lost: float, region: str | None
) -> None:
    clean, budget = crowd(1, layout, lost=lost), JointBudget(region=region)
    rotations = Rotations.of(clean, budget.active(layout))
    moved = clean.moved(rotations.joints(*drawn(rotations, 0, 2.0)))
    assert float(Bones(budget).violation(moved, clean).max()) < 1e-4
    still = ~(clean.visible & budget.active(layout))
    assert torch.equal(moved.joints[still], clean.joints[still])
    assert bool((moved.joints - clean.joints).abs().flatten(1).amax(1).gt(0.05).all())


def test_a_rotation_is_the_textbooks(crowd: Crowd) -> None:
    clean = crowd(2, clips=((1, 3),))
    rotations = Rotations.of(clean, JointBudget().active(NTU25))
    offset, rotvec = drawn(rotations, 1, 1.5)
    rotvec[:, :, 0] *= 1e-3  # where the series counts
    moved = rotations.joints(offset, rotvec)
    for k, child in enumerate(rotations.bones):
        parent = NTU25.parents[child]
        before = (clean.joints[..., child, :] - clean.joints[..., parent, :]).reshape(-1, 3).numpy()
        turned = torch.from_numpy(Rotation.from_rotvec(rotvec[..., k, :].reshape(-1, 3).numpy()).apply(before))
        found = (moved[..., child, :] - moved[..., parent, :]).reshape(-1, 3)
        assert torch.allclose(found.double(), turned.double(), atol=3e-6)


@BOTH
def test_zeros_are_the_clean_skeletons_bit_for_bit(crowd: Crowd, layout: Layout, lost: float) -> None:
    clean = crowd(3, layout, lost=lost)
    rotations = Rotations.of(clean, JointBudget().active(layout))
    assert torch.equal(rotations.joints(*drawn(rotations, 2, 0.0)), clean.joints)


@BOTH
@pytest.mark.parametrize("size", [0.0, 1e-3, 0.5])
def test_the_gradient_is_right_at_rest_too(crowd: Crowd, layout: Layout, lost: float, size: float) -> None:
    clean = crowd(4, layout, clips=((1, 2),), lost=lost)
    clean = clean.moved(clean.joints.double())
    rotations = Rotations.of(clean, JointBudget(region="right arm").active(layout))
    variables = tuple(values.requires_grad_() for values in drawn(rotations, 3, size))
    assert torch.autograd.gradcheck(rotations.joints, variables)


def test_a_region_without_the_root_cannot_be_moved_as_a_whole(crowd: Crowd) -> None:
    clean = crowd(5)
    rotations = Rotations.of(clean, JointBudget(region="right leg").active(NTU25))
    offset, rotvec = drawn(rotations, 4, 1.0)
    assert torch.equal(rotations.joints(offset, 0 * rotvec), clean.joints)
