from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stumble.constraints import LEGS_ADVANCED, Bones, Feasible, JointBox, JointBudget, Untouched, feasible, realign
from stumble.constraints.feasible import Turn
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]


def test_box_and_bones_hold_where_clip_and_realign_leave_the_box(crowd: Crowd, pushed: Crowd) -> None:
    clean, budget = crowd(), JointBudget(0.012)
    noise = pushed(clean, 0.012)
    paper = clean.moved(realign(noise.joints, clean, budget.active(NTU25)))
    assert bool((JointBox(budget).violation(paper, clean) > 0.012).all())
    assert bool((Bones(budget).violation(noise, clean) > 0.01).all())
    projected = Feasible(budget).project(noise, clean)
    assert JointBox(budget).violation(projected, clean).tolist() == [0, 0]
    assert float(Bones(budget).violation(projected, clean).max()) < 1e-4
    assert Feasible(budget).violation(projected, clean).tolist() == [0, 0]


def test_the_violation_is_that_of_the_box_or_what_bones_exceed_a_thousandth_by(crowd: Crowd) -> None:
    clean = crowd(clips=((1, 3), (1, 3), (1, 3)))
    joints = clean.joints.clone()
    joints[0] += 0.3
    bone = joints[1, 0, 0, 15] - joints[1, 0, 0, 14]
    joints[1, 0, 0, 15] += 0.01 * bone
    violation = Feasible(JointBudget(0.1)).violation(clean.moved(joints), clean)
    assert violation.tolist() == pytest.approx([0.2, 0.009, 0], abs=1e-5)


@given(
    epsilon=st.floats(1e-3, 0.1),
    layout=st.sampled_from([NTU25, OPENPOSE18]),
    region=st.sampled_from([None, "left leg", "trunk", "left arm+right leg"]),
    lost=st.sampled_from([0.0, 0.15]),
    scale=st.sampled_from([0.1, 1.0, 100.0]),
    seed=st.integers(0, 2**16),
)
def test_whatever_comes_goes_out_feasible(
    crowd: Crowd,
    pushed: Crowd,
    epsilon: float,
    layout: Layout,
    region: str | None,
    lost: float,
    scale: float,
    seed: int,
) -> None:
    """Noise at the walls of the box, far outside it, and hardly there."""
    clean, budget = crowd(seed, layout, lost=lost), JointBudget(epsilon, region)
    projected = Feasible(budget).project(pushed(clean, scale * epsilon, seed), clean)
    assert projected.joints.dtype == torch.float32
    assert float(JointBox(budget).violation(projected, clean).max()) <= 1e-6
    assert float(Bones(budget).violation(projected, clean).max()) <= 1e-3
    assert Untouched(budget).violation(projected, clean).tolist() == [0, 0]
    moved = (projected.joints - clean.joints).abs().amax(4)[budget.radius(clean) > 0]
    assert float(moved.median()) > 0.05 * epsilon


@pytest.mark.parametrize(
    "epsilon",
    [LEGS_ADVANCED, {name: 0.3 - radius for name, radius in LEGS_ADVANCED.items()}],
    ids=["larger outwards", "smaller outwards"],
)
def test_a_radius_for_each_joint(crowd: Crowd, pushed: Crowd, epsilon: dict[str, float]) -> None:
    clean, budget = crowd(1), JointBudget(epsilon)
    projected = Feasible(budget).project(pushed(clean, 0.25), clean)
    assert Feasible(budget).violation(projected, clean).tolist() == [0, 0]
    assert Untouched(budget).violation(projected, clean).tolist() == [0, 0]
    moved = (projected.joints - clean.joints).abs().amax(4)
    for name, share in {"ankle": 0.2, "foot": 0.2}.items():
        joints = NTU25.index(f"left {name}", f"right {name}")
        assert float(moved[..., joints][clean.present].mean()) > share * min(epsilon[name], epsilon["foot"])


@pytest.mark.parametrize(("epsilon", "least"), [(0.002, 0.95), (0.012, 0.95), (0.1, 0.9)])
def test_most_bones_turn_all_the_way(
    crowd: Crowd, pushed: Crowd, monkeypatch: pytest.MonkeyPatch, epsilon: float, least: float
) -> None:
    factors, original = [], Turn.factor

    def watched(turn: Turn, present: torch.Tensor) -> torch.Tensor:
        factor = original(turn, present)
        factors.append(factor[turn.angle > 0])
        return factor

    monkeypatch.setattr(Turn, "factor", watched)
    clean, budget = crowd(2, clips=((1, 40),) * 4), JointBudget(epsilon)
    noise = pushed(clean, epsilon)
    projected = Feasible(budget).project(noise, clean)
    assert float(torch.cat(factors).median()) > least
    wanted, done = (batch.joints - clean.joints for batch in (noise, projected))
    assert float((wanted * done).sum() / wanted.square().sum()) > 0.3  # of the way wanted


@pytest.mark.parametrize("epsilon", [0.002, 0.012, 0.1])
def test_what_is_feasible_stays(crowd: Crowd, pushed: Crowd, epsilon: float) -> None:
    clean, budget = crowd(3, clips=((1, 30), (2, 20))), JointBudget(epsilon)
    assert torch.equal(Feasible(budget).project(clean, clean).joints, clean.joints)
    once = Feasible(budget).project(pushed(clean, epsilon), clean)
    again = Feasible(budget).project(once, clean)
    change = (again.joints - once.joints).abs()
    assert float(change.max()) < 0.01 * epsilon
    assert float(change.mean()) < 1e-4 * epsilon


def test_a_steady_push_gives_a_steady_pose(crowd: Crowd) -> None:
    """Somebody who stands still and is pushed alike in every frame is moved alike in every frame."""
    still = crowd(4, clips=((1, 1),)).joints.expand(-1, -1, 9, -1, -1)
    clean = Skeletons.pad(list(still), ["a"], NTU25)
    direction = torch.randn(1, 1, 1, 25, 3, generator=torch.Generator().manual_seed(0)).sign()
    moved = Feasible(JointBudget(0.05)).project(clean.moved(clean.joints + 0.05 * direction), clean).joints
    assert torch.allclose(moved, moved[:, :, :1].expand_as(moved), atol=1e-6)


def test_one_bone_in_closed_form() -> None:
    """In the image: a bone of length 1 on x, its outer end wanted a right angle away in a box of 0.6.

    It turns until y is 0.6, where x = 0.8, and no farther; and where x may fall by only 0.1, until x is 0.9.
    """
    before, start = torch.tensor([1.0, 0.0]).double().expand(2, 1, 1, 1, 2), torch.zeros(2, 1, 1, 1, 2).double()
    width = torch.tensor([0.6, 0.1]).double().reshape(2, 1, 1, 1, 1)
    turn = Turn(
        start, before, torch.tensor([0.0, 1.0]).double().expand_as(before), torch.full((2, 1, 1, 1), 1.6), width
    )
    factor = turn.factor(torch.ones(2, 1, 1, dtype=torch.bool))
    y = torch.tensor([0.6, 0.1])
    assert factor.flatten().tolist() == pytest.approx((torch.asin(y) / 1.6).tolist(), abs=1e-3)
    assert bool((turn.shift(factor).abs() <= width).all())


def test_half_a_turn_keeps_the_length() -> None:
    before = torch.tensor([[0.0, 0, 2], [1, 0, 0]]).double().reshape(1, 1, 1, 2, 3)
    width = torch.full((1, 1, 1, 2, 1), 10.0).double()
    turn = Turn.towards(-2 * before, before, torch.zeros_like(before), width)
    for factor in (0.0, 0.25, 0.5, 1.0):
        bones = before + turn.shift(torch.full((1, 1, 1, 2), factor).double())
        assert torch.allclose(bones.norm(dim=-1), before.norm(dim=-1))
    assert torch.allclose(bones, -before)


def test_a_sample_does_not_depend_on_its_company(crowd: Crowd, pushed: Crowd) -> None:
    clean, budget = crowd(5, clips=((1, 9), (2, 5), (1, 13))), JointBudget(0.03)
    noise = pushed(clean, 0.03)
    together = Feasible(budget).project(noise, clean)
    for row in range(len(clean)):
        alone = Feasible(budget).project(noise.select([row]), clean.select([row]))
        assert torch.equal(alone.joints, together.select([row]).joints)


def test_the_arguments_are_left_alone(crowd: Crowd, pushed: Crowd) -> None:
    clean, budget = crowd(6), JointBudget(0.03)
    noise, radius = pushed(clean, 0.03), JointBudget(0.03).radius(crowd(6))
    before = noise.joints.clone(), clean.joints.clone(), radius.clone()
    feasible(noise, clean, radius, budget.active(NTU25))
    assert all(torch.equal(a, b) for a, b in zip(before, (noise.joints, clean.joints, radius), strict=True))
