from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from stumble.attacks.ciasa import CIASA
from stumble.attacks.one_step import OneStep
from stumble.attacks.skeleton_space import JointSpace
from stumble.constraints.joint_budget import JointBudget
from stumble.errors import SpecError, TargetError
from stumble.interfaces import Goal, Output, SkeletonAttack, SkeletonInput
from stumble.layouts import NTU25
from stumble.objectives import CrossEntropy, Margin
from stumble.priors.smoothness import smoothness
from stumble.seeds import normal
from stumble.sequences import Skeletons


@dataclass(frozen=True)
class Linear:
    """Logits w . V over all joints and frames: how far the nearest other class is, is known."""

    weights: Tensor  # (C, T, J, 3)
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        frames = batch.joints.shape[2]
        return Output(logits=torch.einsum("bmtjc,ktjc->bk", batch.joints, self.weights[:, :frames]))


def linear(classes: int, frames: int = 6) -> Linear:
    return Linear(normal(3, tuple("abcdefgh"[:classes]), "weights", (1, 25, 3)).expand(-1, frames, -1, -1))


def people(count: int = 3, frames: int = 6) -> Skeletons:
    """Skeletons whose bones all have a length, one clip shorter than the others."""
    poses = normal(0, tuple(str(k) for k in range(count)), "pose", (1, 1, 25, 3))
    sway = 0.01 * normal(1, tuple(str(k) for k in range(count)), "sway", (1, frames, 25, 3)).cumsum(2)
    clips = [p + s for p, s in zip(poses, sway, strict=True)]
    clips[-1] = clips[-1][:, : frames - 2]
    return Skeletons.pad(clips, [f"clip {k}" for k in range(count)], NTU25)


def goals(target: Linear, batch: Skeletons, targeted: bool = True) -> Goal:
    logits = target(batch).logits
    assert logits is not None
    return Goal("targeted" if targeted else "untargeted", logits.argmax(1), logits.argmin(1) if targeted else None)


def smallest_epsilon(target: Linear, batch: Skeletons, goal: Goal) -> Tensor:
    """Of a two-class target: the margin over the L1 norm of what changes it, counted in frames that are there."""
    logits = target(batch).logits
    assert logits is not None
    steepest = (target.weights[1] - target.weights[0])[: batch.joints.shape[2]].abs() * batch.present[
        :, 0, :, None, None
    ]
    return -goal.margin(logits) / steepest.flatten(1).sum(1)


def margin(target: Linear, attack: SkeletonAttack, batch: Skeletons, goal: Goal) -> Tensor:
    logits = target(attack(target, batch, goal, seed=0).adversarial).logits
    assert logits is not None
    return goal.margin(logits)


def test_taken_for_the_least_likely_class() -> None:
    batch, target = people(), linear(4)
    goal = goals(target, batch)
    attack = CIASA(JointBudget(1.0), iterations=30)
    result = attack(target, batch, goal, seed=0)
    logits = target(result.adversarial).logits
    assert logits is not None and goal.wanted is not None
    assert logits.argmax(1).tolist() == goal.wanted.tolist()
    for name, tolerance in (("box", 1e-6), ("bones", 1e-3), ("untouched", 0)):
        assert float(attack.constraints(batch)[name].violation(result.adversarial, batch).max()) <= tolerance


@pytest.mark.parametrize("targeted", [True, False])
@pytest.mark.parametrize("share", [0.98, 1.02])
@pytest.mark.parametrize("one_step", [True, False])
def test_the_smallest_fooling_epsilon_of_a_linear_target(share: float, targeted: bool, one_step: bool) -> None:
    """With the box alone nobody can do better than the closed form, and the attack does hardly worse."""
    target = linear(2)
    batch = people(1)
    goal = goals(target, batch, targeted)
    epsilon = share * float(smallest_epsilon(target, batch, goal))
    # untargeted, the cross-entropy of a target as sure as this one has no gradient left in float32
    objective = CrossEntropy() if targeted else Margin()
    attack: SkeletonAttack = OneStep(JointBudget(epsilon), objective)
    if not one_step:
        attack = CIASA(JointBudget(epsilon), objective=objective, smooth=False, projection="box", iterations=40)
    assert (float(margin(target, attack, batch, goal)) > 0) == (share > 1)


@pytest.mark.parametrize("space", ["joints", "rotations"])
def test_a_larger_box_is_never_worse(space: str) -> None:
    target, batch = linear(3), people()
    goal = goals(target, batch)
    margins = [
        margin(target, CIASA(JointBudget(epsilon), space=space, iterations=40, objective=Margin()), batch, goal)
        for epsilon in (0.01, 0.02, 0.04, 0.08)
    ]
    for smaller, larger in pairwise(margins):
        assert bool((larger > smaller).all())


def along_the_left_hand(batch: Skeletons, joint: str) -> Tensor:
    """Logits weights that read one joint, along the bone that ends in the left hand."""
    hand, wrist = NTU25.index("left hand", "left wrist")
    bone = batch.joints[0, 0, :, hand] - batch.joints[0, 0, :, wrist]
    weights = torch.zeros(2, *batch.joints.shape[2:])
    weights[1, :, NTU25.index(joint)[0]] = bone / bone.norm(dim=-1, keepdim=True)
    return weights


def test_a_joint_is_pushed_along_its_bone_by_what_carries_it() -> None:
    batch = people(1)
    target = Linear(along_the_left_hand(batch, "left hand"))
    goal = Goal("targeted", torch.tensor([0]), torch.tensor([1]))
    before = margin(target, CIASA(JointBudget(0.01), iterations=1, rate=1e-9), batch, goal)
    gained = margin(target, CIASA(JointBudget(0.01), smooth=False), batch, goal) - before
    assert float(gained) > 0.8 * 0.01 * batch.joints.shape[2]


def test_no_gradient_asks_for_a_longer_bone() -> None:
    batch = people(1)
    budget = JointBudget(0.01)
    space = JointSpace(batch, budget.radius(batch), budget.active(NTU25), "feasible")
    variables = batch.joints.clone().requires_grad_()
    joints = space.joints(variables)
    assert torch.equal(joints, batch.joints)
    stretched = along_the_left_hand(batch, "left hand") - along_the_left_hand(batch, "left wrist")
    (gradient,) = torch.autograd.grad((joints[0, 0] * stretched[1]).sum(), variables)
    assert float(gradient.abs().max()) < 1e-5


def test_the_paper_s_projection_leaves_the_box_and_keeps_the_bones() -> None:
    target, batch = linear(3), people()
    attack = CIASA(JointBudget(0.1), projection="paper", iterations=20)
    moved = attack(target, batch, goals(target, batch), seed=0).adversarial
    kept = attack.constraints(batch)
    assert float(kept["box"].violation(moved, batch).max()) > 0.001
    assert float(kept["bones"].violation(moved, batch).max()) < 1e-3


def test_without_realignment_bones_change() -> None:
    target, batch = linear(3), people()
    attack = CIASA(JointBudget(0.1), projection="box", iterations=20)
    moved = attack(target, batch, goals(target, batch), seed=0).adversarial
    kept = attack.constraints(batch)
    assert float(kept["box"].violation(moved, batch).max()) <= 1e-6
    assert float(kept["bones"].violation(moved, batch).min()) > 1e-2


def test_the_smoothness_term_is_the_mean_squared_acceleration_joint_by_joint() -> None:
    batch = people()
    active = torch.zeros(25, dtype=torch.bool)
    active[[4, 5]] = True
    expected = []
    for joints, length in zip(batch.joints[:, 0], batch.lengths.tolist(), strict=True):
        total = 0.0
        for t in range(1, length - 1):
            for joint in (4, 5):
                total += float((joints[t + 1, joint] + joints[t - 1, joint] - 2 * joints[t, joint]).square().sum())
        expected.append(total / (length - 2))
    torch.testing.assert_close(smoothness(batch, active), torch.tensor(expected))


def test_the_smoothness_term_reaches_the_joints() -> None:
    batch = people(1)
    batch = replace(batch, joints=batch.joints.double())
    everything = torch.ones(25, dtype=torch.bool)
    torch.autograd.gradcheck(
        lambda joints: smoothness(batch.moved(joints), everything), batch.joints.clone().requires_grad_()
    )


def test_a_smoother_attack_for_a_larger_weight() -> None:
    target, batch = linear(3), people()
    goal, everything = goals(target, batch), torch.ones(25, dtype=torch.bool)
    roughness = [
        smoothness(
            CIASA(JointBudget(0.1), weight=weight, projection="box")(target, batch, goal, seed=0).adversarial,
            everything,
        )
        for weight in (0.0, 100.0)
    ]
    assert bool((roughness[1] < roughness[0]).all())


def test_samples_that_have_reached_the_goal_stop_and_the_others_go_on_as_if_alone() -> None:
    target, batch = linear(3), people()
    goal = goals(target, batch)
    attack = CIASA(JointBudget(1.0), stop=0.5, iterations=60)
    result = attack(target, batch, goal, seed=0)
    assert set(result.stopped) == {"reached"}
    assert len(set(result.steps.tolist())) > 1
    logits = target(result.adversarial).logits
    assert logits is not None
    assert bool((goal.margin(logits) > 0.5).all())
    for row in range(len(batch)):
        alone = attack(target, batch.select([row]), goal.select(torch.tensor([row])), seed=0)
        assert int(alone.steps) == int(result.steps[row])
        frames = int(batch.lengths[row])
        torch.testing.assert_close(alone.adversarial.joints[0], result.adversarial.joints[row, :, :frames])


def test_restarts_do_not_do_worse() -> None:
    target, batch = linear(3), people()
    goal = goals(target, batch)
    once, thrice = (CIASA(JointBudget(0.02), iterations=3, restarts=n) for n in (1, 3))
    assert bool((margin(target, thrice, batch, goal) >= margin(target, once, batch, goal)).all())
    assert thrice(target, batch, goal, seed=0).queries.tolist() == [12, 12, 12], "nine steps and three ends"


def test_only_the_region_moves() -> None:
    target, batch = linear(3), people()
    moved = CIASA(JointBudget(0.04, "left leg"), iterations=3)(target, batch, goals(target, batch), seed=0).adversarial
    changed = (moved.joints != batch.joints).any(4).any(2).any(1).any(0)
    assert changed.nonzero().flatten().tolist() == list(NTU25.index("left hip", "left knee", "left ankle", "left foot"))


def test_a_target_without_logits_and_an_attack_without_iterations_are_refused() -> None:
    class Embeds(Linear):
        def __call__(self, batch: Skeletons) -> Output:
            return Output(embedding=batch.joints.flatten(1)[:, None])

    target, batch = linear(3), people()
    with pytest.raises(TargetError, match="logits"):
        CIASA()(Embeds(target.weights), batch, goals(target, batch), seed=0)
    with pytest.raises(SpecError, match="0 iterations"):
        CIASA(iterations=0)
