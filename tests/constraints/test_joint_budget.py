from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from stumble.constraints import LEGS_ADVANCED, JointBudget
from stumble.errors import SpecError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.sequences import Skeletons
from stumble.spec import from_plain, to_plain

Crowd = Callable[..., Skeletons]


def names(budget: JointBudget, layout: Layout) -> list[str]:
    return [layout.joints[joint] for joint in budget.active(layout).nonzero().flatten().tolist()]


def test_two_legs_by_four_hundredths(crowd: Crowd) -> None:
    budget = JointBudget(0.04, "left leg+right leg")
    radius = budget.radius(crowd())
    assert names(budget, NTU25) == [f"{side} {part}" for side in ("left", "right") for part in LEGS_ADVANCED]
    assert radius[0, 0, 0].unique().tolist() == pytest.approx([0, 0.04])
    assert torch.equal(radius[0, 0, 0] > 0, budget.active(NTU25))


def test_without_a_region_every_joint_moves() -> None:
    assert bool(JointBudget().active(NTU25).all())
    assert bool(JointBudget().active(OPENPOSE18).all())


@pytest.mark.parametrize(
    ("layout", "region", "moving"),
    [
        (NTU25, "trunk", ["neck", "head"]),
        (OPENPOSE18, "trunk", ["nose", "right eye", "left eye", "right ear", "left ear"]),
        (NTU25, "legs", [f"{side} {part}" for side in ("left", "right") for part in LEGS_ADVANCED]),
        (OPENPOSE18, "right arm", ["right elbow", "right wrist"]),
        (NTU25, ("left wrist", "left hand", "hand tip", "thumb"), None),
        (NTU25, ("left elbow", "head"), ["head"]),
    ],
)
def test_of_a_region_that_is_not_closed_only_what_can_move_alone(
    layout: Layout, region: str | tuple[str, ...], moving: list[str] | None
) -> None:
    """OpenPose's hips hang from the shoulders, so a shoulder cannot move without its leg."""
    found = names(JointBudget(region=region), layout)
    assert found == (
        moving or ["left wrist", "left hand", "left hand tip", "left thumb", "right hand tip", "right thumb"]
    )


def test_a_radius_for_each_joint_of_the_advanced_mode(crowd: Crowd) -> None:
    radius = JointBudget(LEGS_ADVANCED, "left leg").radius(crowd())[0, 0, 0]
    assert radius[12:16].tolist() == pytest.approx([0.01, 0.05, 0.15, 0.25])
    assert float(radius.sum()) == pytest.approx(0.46)


def test_a_name_with_its_side_goes_first_and_joints_that_are_not_named_stay(crowd: Crowd) -> None:
    radius = JointBudget({"left foot": 0.3, "foot": 0.1}).radius(crowd())[0, 0, 0]
    assert radius.nonzero().flatten().tolist() == [15, 19]
    assert radius[[15, 19]].tolist() == pytest.approx([0.3, 0.1])


def test_nobody_moves_who_is_not_there(crowd: Crowd) -> None:
    clean = crowd(layout=OPENPOSE18, lost=0.2)
    radius = JointBudget().radius(clean)
    assert torch.equal(radius > 0, clean.visible)
    assert bool((~clean.visible).any())


def test_a_share_of_the_height_is_larger_for_the_taller(crowd: Crowd) -> None:
    clean = crowd(clips=((1, 5), (1, 5)))
    taller = replace(clean, joints=clean.joints * torch.tensor([1.0, 1.5]).reshape(2, 1, 1, 1, 1))
    budget = JointBudget(0.01, unit="height")
    assert budget.radius(taller)[:, 0, 0, 0].tolist() == pytest.approx(
        (budget.radius(clean)[:, 0, 0, 0] * torch.tensor([1, 1.5])).tolist()
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"region": "left lag"}, "ntu-25 has no region 'left lag'; did you mean 'left leg'"),
        ({"region": "left leg+tail"}, "no region 'tail'; it has left arm, left leg, legs"),
        ({"region": ("left ancle",)}, "no joint 'left ancle'; did you mean 'left ankle'"),
        ({"epsilon": {"hipp": 0.1}}, "no joint 'hipp'; did you mean 'hip'"),
        ({"epsilon": {"hip": 0.1, "knee": 0.1}}, "no joint can move: of left hip, left knee, right hip, right knee"),
        ({"epsilon": LEGS_ADVANCED, "region": "left arm"}, "no joint can move: of none"),
    ],
)
def test_what_the_layout_does_not_have_is_refused(fields: dict[str, object], message: str) -> None:
    budget = JointBudget(**fields)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=message):
        budget.active(NTU25)


@pytest.mark.parametrize("epsilon", [0.0, -0.1, math.nan, math.inf, {"hip": -1.0}, {"hip": math.nan}])
def test_a_radius_is_a_number_above_zero(epsilon: float | dict[str, float]) -> None:
    with pytest.raises(SpecError, match="must be a number above 0"):
        JointBudget(epsilon)


@pytest.mark.parametrize(
    "budget",
    [JointBudget(), JointBudget(LEGS_ADVANCED, "legs"), JointBudget(0.1, ("head", "neck"), "height")],
)
def test_a_budget_is_written_and_read(budget: JointBudget) -> None:
    assert from_plain(to_plain(budget), JointBudget) == budget
    assert hash(budget) == hash(from_plain(to_plain(budget), JointBudget))


def test_its_constraints_hold_on_clean_skeletons(crowd: Crowd) -> None:
    clean = crowd(layout=OPENPOSE18, lost=0.2)
    constraints = JointBudget(region="left leg").constraints(clean)
    assert list(constraints) == ["box", "bones", "untouched"]
    for constraint in constraints.values():
        assert constraint.violation(clean, clean).tolist() == [0, 0]
