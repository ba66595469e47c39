from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from stumble.constraints import Bones, JointBudget, realign
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]

ARM = Layout("arm", ("shoulder", "elbow", "wrist"), ((1, 0), (2, 1)), 0, 0, {})
BOTH = pytest.mark.parametrize(("layout", "lost"), [(NTU25, 0.0), (OPENPOSE18, 0.1)], ids=["ntu", "openpose"])
REGIONS = pytest.mark.parametrize("region", [None, "left leg", "trunk", "right arm"])


def arm(shoulder: list[float], elbow: list[float], wrist: list[float]) -> Skeletons:
    return Skeletons.pad([torch.tensor([shoulder, elbow, wrist])[None, None]], ["a"], ARM)


def test_an_arm_of_two_bones() -> None:
    """The upper arm is cut to its length, the forearm is carried along and then stretched where it points."""
    clean = arm([0, 0, 0], [1, 0, 0], [3, 0, 0])
    bent = arm([0, 0, 0], [0, 4, 0], [0, 4, 1])
    assert Bones(JointBudget()).violation(bent, clean).tolist() == [3]  # 4 for 1; the forearm is 1 for 2
    realigned = Bones(JointBudget()).project(bent, clean)
    assert realigned.joints[0, 0, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 2]]
    assert Bones(JointBudget()).violation(realigned, clean).tolist() == [0]


def slow(joints: np.ndarray, clean: np.ndarray, layout: Layout, moves: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """SSR of one frame, to the letter: bone after bone, the shift of its end carried to each joint beyond it."""
    parents = layout.parents
    joints = np.where(moves[:, None], joints, clean)
    for joint in (joint for level in layout.depths[1:] for joint in level):
        parent = parents[joint]
        length = np.linalg.norm(clean[joint] - clean[parent])
        if not (moves[joint] and seen[parent]) or length == 0:
            continue
        bone = joints[joint] - joints[parent]
        shift = joints[parent] + bone / np.linalg.norm(bone) * length - joints[joint]
        beyond = [joint]
        for other in beyond:
            joints[other] += shift
            beyond += [k for k in range(len(layout)) if parents[k] == other and moves[k]]
    return joints


@BOTH
@REGIONS
def test_as_a_slow_loop_does_it(crowd: Crowd, pushed: Crowd, layout: Layout, lost: float, region: str | None) -> None:
    clean = crowd(3, layout, lost=lost)
    clean = clean.moved(clean.joints.double())
    clean.joints[0, 0, 2, 3] = clean.joints[0, 0, 2, layout.parents[3]]  # a bone of no length
    noise, active = pushed(clean, 0.05), JointBudget(region=region).active(layout)
    found = realign(noise.joints, clean, active)
    for place in np.ndindex(*clean.present.shape):
        seen = clean.visible[place]
        expected = slow(
            noise.joints[place].numpy(), clean.joints[place].numpy(), layout, (seen & active).numpy(), seen.numpy()
        )
        np.testing.assert_allclose(found[place].numpy(), expected, atol=1e-12)


@BOTH
@REGIONS
@pytest.mark.parametrize("epsilon", [0.001, 0.1])
def test_lengths_are_restored_and_the_rest_stays(
    crowd: Crowd, pushed: Crowd, layout: Layout, lost: float, region: str | None, epsilon: float
) -> None:
    clean = crowd(4, layout, lost=lost)
    bones = Bones(JointBudget(region=region))
    noise = pushed(clean, epsilon)
    assert bool((bones.violation(noise, clean) > epsilon).all())
    realigned = bones.project(noise, clean)
    assert float(bones.violation(realigned, clean).max()) < 1e-4
    still = ~(clean.visible & bones.budget.active(layout))
    assert torch.equal(realigned.joints[still], clean.joints[still])
    moving = ~still[..., None]
    assert torch.equal(torch.where(moving, realigned.joints, 0) != 0, moving.expand_as(clean.joints))


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_clean_skeletons_come_back_bit_for_bit(crowd: Crowd, layout: Layout, lost: float, dtype: torch.dtype) -> None:
    clean = crowd(5, layout, lost=lost)
    clean = clean.moved(clean.joints.to(dtype))
    assert torch.equal(realign(clean.joints, clean, JointBudget().active(layout)), clean.joints)


def test_what_is_realigned_stays_where_it_is_when_realigned_again(crowd: Crowd, pushed: Crowd) -> None:
    clean = crowd(6)
    active = JointBudget().active(NTU25)
    once = realign(pushed(clean, 0.05).joints, clean, active)
    assert torch.allclose(realign(once, clean, active), once, atol=2e-6)


def test_a_bone_pushed_to_no_length_points_where_it_did() -> None:
    clean = arm([0, 0, 0], [1, 0, 0], [1, 2, 0])
    folded = arm([0, 0, 0], [0, 1, 0], [0, 1, 0])
    active = JointBudget().active(ARM)
    assert realign(folded.joints, clean, active)[0, 0, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 3, 0]]


def test_a_bone_too_short_for_float32_has_no_length() -> None:
    clean = arm([4, 0, 0], [4.0001, 0, 0], [5, 0, 0])
    moved = arm([4, 0, 0], [4.0002, 0, 0], [5.0001, 0, 0])
    assert float(Bones(JointBudget()).violation(moved, clean)[0]) < 1e-4
    assert torch.allclose(Bones(JointBudget()).project(moved, clean).joints, moved.joints)


def test_a_sample_does_not_depend_on_its_company(crowd: Crowd, pushed: Crowd) -> None:
    clean = crowd(7, clips=((1, 9), (2, 5), (1, 13)))
    noise, active = pushed(clean, 0.05), JointBudget().active(NTU25)
    together = clean.moved(realign(noise.joints, clean, active))
    for row in range(len(clean)):
        alone = realign(noise.select([row]).joints, clean.select([row]), active)
        assert torch.equal(alone, together.select([row]).joints)


@BOTH
def test_the_gradient_is_right_and_finite_in_padding(crowd: Crowd, pushed: Crowd, layout: Layout, lost: float) -> None:
    clean = crowd(8, layout, clips=((1, 2), (2, 1)), lost=lost)
    clean = clean.moved(clean.joints.double())
    active = JointBudget(region="right arm").active(layout)
    joints = pushed(clean, 0.03).joints.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: realign(x, clean, active), joints)
    still = clean.joints.clone().requires_grad_()
    realign(still, clean, active).sum().backward()
    assert still.grad is not None and bool(still.grad.isfinite().all())
