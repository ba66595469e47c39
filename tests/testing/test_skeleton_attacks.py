from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import pytest
import torch
from torch import Tensor, nn

from stumble import seeds
from stumble.interfaces import (
    Access,
    Goal,
    Output,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonInput,
    SkeletonTarget,
)
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons
from stumble.testing import check_skeleton_attack

RADIUS = 0.1


@pytest.fixture
def batch() -> Skeletons:
    """Two people, one person, one person, in clips of different length; joint 3 is never detected."""
    sizes = {"a": (1, 2), "b": (2, 4), "c": (1, 3)}
    poses = [seeds.normal(0, (k,), "pose", (m, n, 18, 2))[0] for k, (m, n) in sizes.items()]
    seen = [0.1 + 0.8 * seeds.uniform(1, (k,), "seen", (m, n, 18))[0] for k, (m, n) in sizes.items()]
    for pose, confidence in zip(poses, seen, strict=True):
        pose[:, :, 3] = 0
        confidence[:, :, 3] = 0
    return Skeletons.pad(poses, list(sizes), OPENPOSE18, seen)


@pytest.fixture
def goal() -> Goal:
    return Goal("targeted", torch.tensor([0, 1, 2]), wanted=torch.tensor([1, 2, 0]))


class Recogniser(nn.Module):
    takes = SkeletonInput(OPENPOSE18, 2, confidence=True)

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(36, 3)

    def forward(self, batch: Skeletons) -> Output:
        return Output(logits=self.linear(batch.joints.sum((1, 2)).flatten(1)))


@dataclass(frozen=True)
class Within(SkeletonConstraint):
    """No coordinate moves by more than `radius`."""

    radius: float

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return clean.moved(adversarial.joints.clamp(clean.joints - self.radius, clean.joints + self.radius))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return ((adversarial.joints - clean.joints).abs().flatten(1).amax(1) - self.radius).clamp_min(0)


@dataclass(frozen=True)
class Lean(SkeletonAttack):
    """Moves every visible joint of a sequence by the same vector."""

    promised: float = RADIUS

    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        vectors = RADIUS * (2 * seeds.uniform(seed, batch.ids, "lean", (batch.coordinates,)) - 1)
        moved = torch.where(batch.visible[..., None], batch.joints + vectors[:, None, None, None], batch.joints)
        ones = torch.ones(len(batch), dtype=torch.int64)
        return SkeletonAttackResult(
            batch.moved(moved), ones, ones, ("done",) * len(batch), {"loss": torch.zeros(4, len(batch))}
        )

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        return {"box": Within(self.promised), "twice the box": Within(2 * RADIUS)}


def test_a_good_attack_passes(batch: Skeletons, goal: Goal) -> None:
    check_skeleton_attack(Lean(), Recogniser(), batch, goal)
    check_skeleton_attack(Lean(), Recogniser(), batch.select([1, 2]), Goal("untargeted", goal.label[:2]), seed=3)


def test_a_promise_is_kept_within_its_tolerance_or_excused(batch: Skeletons, goal: Goal) -> None:
    liar = Lean(promised=RADIUS / 2)
    with pytest.raises(AssertionError, match=r"[abc]: violates 'box' by 0\.0\d+; 1e-06 is allowed"):
        check_skeleton_attack(liar, Recogniser(), batch, goal)
    check_skeleton_attack(liar, Recogniser(), batch, goal, tolerances={"box": 0.06})
    check_skeleton_attack(liar, Recogniser(), batch, goal, excused=("box",))


def test_an_excuse_for_what_was_never_promised_is_refused(batch: Skeletons, goal: Goal) -> None:
    with pytest.raises(AssertionError, match="'bones' is excused, but the attack promises box, twice the box"):
        check_skeleton_attack(Lean(), Recogniser(), batch, goal, excused=("bones",))


@dataclass(frozen=True)
class Call:
    """What an attack was given and, so far, its result."""

    target: SkeletonTarget
    batch: Skeletons
    goal: Goal
    result: SkeletonAttackResult


Spoil: TypeAlias = Callable[[Call], SkeletonAttackResult | None]


@dataclass(frozen=True)
class Broken(SkeletonAttack):
    """Leans, with something done before or with its result."""

    spoil: Spoil

    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        result = Lean()(target, batch, goal, seed=seed)
        return self.spoil(Call(target, batch, goal, result)) or result

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        return Lean().constraints(batch)


def with_adversarial(result: SkeletonAttackResult, **changes: object) -> SkeletonAttackResult:
    """Past the types that only our own tests check."""
    adversarial = result.adversarial.moved(result.adversarial.joints)
    for name, value in changes.items():
        object.__setattr__(adversarial, name, value)
    return replace(result, adversarial=adversarial)


def moved_by(result: SkeletonAttackResult, clean: Skeletons, vectors: Tensor) -> SkeletonAttackResult:
    joints = torch.where(clean.visible[..., None], clean.joints + vectors, clean.joints)
    return with_adversarial(result, joints=joints)


def with_field(result: SkeletonAttackResult, name: str, value: object) -> SkeletonAttackResult:
    object.__setattr__(result, name, value)
    return result


def works_in_place(call: Call) -> None:
    call.batch.joints.mul_(0.5)


def marks_everybody(call: Call) -> None:
    call.batch.present.fill_(True)


def turns_the_goal(call: Call) -> None:
    assert call.goal.wanted is not None
    call.goal.wanted.fill_(1)


def trains_the_target(call: Call) -> None:
    assert isinstance(call.target, Recogniser)
    call.target.linear.bias.data += 1


def leaves_gradients(call: Call) -> None:
    logits = call.target(call.batch).logits
    assert logits is not None
    logits.sum().backward()


def freezes_the_target(call: Call) -> None:
    assert isinstance(call.target, Recogniser)
    call.target.requires_grad_(False)


def switches_the_mode(call: Call) -> None:
    assert isinstance(call.target, Recogniser)
    call.target.eval()


def draws_globally(call: Call) -> None:
    torch.rand(1)


def renames(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, ids=("x",) * len(call.batch))


def shortens(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, lengths=call.batch.lengths - 1)


def brings_people(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, present=torch.ones_like(call.batch.present))


def raises_the_confidence(call: Call) -> SkeletonAttackResult:
    assert call.batch.confidence is not None
    return with_adversarial(call.result, confidence=call.batch.confidence.ceil())


def drops_the_confidence(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, confidence=None)


def changes_the_layout(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, layout=NTU25)


def crops(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, joints=call.result.adversarial.joints[:, :, 1:])


def gives_nan(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, torch.tensor(math.nan))


def rounds_to_whole_numbers(call: Call) -> SkeletonAttackResult:
    return with_adversarial(call.result, joints=call.batch.joints.long())


def fills_padding(call: Call) -> SkeletonAttackResult:
    joints = torch.where(call.batch.mask[:, None, :, None, None], call.result.adversarial.joints, 1e-7)
    return with_adversarial(call.result, joints=joints)


def invents_people(call: Call) -> SkeletonAttackResult:
    joints = torch.where(call.batch.present[..., None, None], call.result.adversarial.joints, 0.05)
    return with_adversarial(call.result, joints=joints)


def detects_joints(call: Call) -> SkeletonAttackResult:
    return with_adversarial(
        call.result, joints=call.result.adversarial.joints + 0.05 * call.batch.present[..., None, None]
    )


def turns_zero_to_minus_zero(call: Call) -> SkeletonAttackResult:
    return with_adversarial(
        call.result, joints=torch.where(call.batch.visible[..., None], call.batch.joints, -call.batch.joints)
    )


def leaves_the_box(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, torch.tensor(RADIUS + 1e-5))


def leaves_a_wider_box(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, torch.tensor(3 * RADIUS))


def counts_steps_once(call: Call) -> SkeletonAttackResult:
    return with_field(call.result, "steps", call.result.steps[:1])


def counts_queries_down(call: Call) -> SkeletonAttackResult:
    return replace(call.result, queries=-call.result.queries)


def stops_once(call: Call) -> SkeletonAttackResult:
    return replace(call.result, stopped=("done",))


def claims_success(call: Call) -> SkeletonAttackResult:
    return replace(call.result, stopped=("success",) * len(call.batch))


def traces_the_batch(call: Call) -> SkeletonAttackResult:
    return with_field(call.result, "trace", {"loss": torch.zeros(4, 1)})


def loses_the_trace(call: Call) -> SkeletonAttackResult:
    call.result.trace["loss"][2:, 0] = torch.nan
    return call.result


def finds_the_trace_again(call: Call) -> SkeletonAttackResult:
    call.result.trace["loss"][1, 0] = torch.nan
    return replace(call.result, stopped=("reached",) * len(call.batch))


calls = [0]


def counts_its_calls(call: Call) -> SkeletonAttackResult:
    calls[0] += 1
    return moved_by(call.result, call.batch, torch.tensor(RADIUS * (calls[0] % 7 / 7)))


def counts_its_steps_on(call: Call) -> SkeletonAttackResult:
    calls[0] += 1
    return replace(call.result, steps=call.result.steps + calls[0])


def moves_by_position(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, torch.arange(len(call.batch))[:, None, None, None, None] / 50)


def averages_the_batch(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, RADIUS * call.batch.joints.double().mean().float().tanh())


def averages_over_padding(call: Call) -> SkeletonAttackResult:
    return moved_by(call.result, call.batch, RADIUS * call.batch.joints.mean((1, 2, 3, 4), keepdim=True).tanh())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (works_in_place, "the attack changed the sequences"),
        (marks_everybody, "the attack changed the sequences"),
        (turns_the_goal, "the attack changed the goal: wanted"),
        (trains_the_target, r"left the target changed: linear\.bias$"),
        (leaves_gradients, r"left the target changed: linear\.weight\.grad"),
        (freezes_the_target, r"left the target changed: linear\.weight\.requires_grad"),
        (switches_the_mode, r"left the target changed: Recogniser\.training"),
        (draws_globally, "global random numbers"),
        (renames, "the result has other ids"),
        (shortens, "the result has other lengths"),
        (brings_people, "the result has other present"),
        (raises_the_confidence, "the result has other confidence"),
        (drops_the_confidence, "the result has other confidence"),
        (changes_the_layout, "the result has other layout"),
        (crops, r"the result has joints \(3, 2, 3, 18, 2\); expected \(3, 2, 4, 18, 2\)"),
        (gives_nan, "not finite"),
        (rounds_to_whole_numbers, "no floating point"),
        (fills_padding, "a: a joint that is not visible was moved"),
        (invents_people, "a: a joint that is not visible was moved"),
        (detects_joints, "a: a joint that is not visible was moved"),
        (turns_zero_to_minus_zero, "a: a joint that is not visible was moved"),
        (leaves_the_box, "a: violates 'box' by .*; 1e-06 is allowed"),
        (leaves_a_wider_box, "a: violates 'twice the box' by .*; 0 is allowed"),
        (counts_steps_once, r"steps has shape \(1,\)"),
        (counts_queries_down, "queries is negative"),
        (stops_once, "stopped has 1 reasons for 3"),
        (claims_success, "stopped says 'success'; expected one of budget, reached, done"),
        (traces_the_batch, r"trace\['loss'\] has shape \(4, 1\)"),
        (loses_the_trace, r"trace\['loss'\] has gaps, and not behind the stop"),
        (finds_the_trace_again, r"trace\['loss'\] has gaps before the stop"),
        (counts_its_calls, "the same seed gives another result: a differs"),
        (counts_its_steps_on, "the same seed gives another result: steps"),
        (moves_by_position, "the order of the batch matters: c differs in"),
        (averages_the_batch, "the rest of the batch matters: a differs in"),
        (averages_over_padding, "the rest of the batch matters: a differs in"),
    ],
)
def test_a_broken_attack_is_rejected(spoil: Spoil, message: str, batch: Skeletons, goal: Goal) -> None:
    excused = ("box",) if spoil is leaves_a_wider_box else ()
    with pytest.raises(AssertionError, match=message):
        check_skeleton_attack(Broken(spoil), Recogniser(), batch, goal, excused=excused)


def test_few_coordinates_and_small_differences_may_depend_on_the_batch(batch: Skeletons, goal: Goal) -> None:
    def rounds(call: Call) -> SkeletonAttackResult:
        return moved_by(call.result, call.batch, torch.tensor(0.05 + 1e-5 * len(call.batch)))

    def flips_a_sign(call: Call) -> SkeletonAttackResult:
        vectors = torch.full_like(call.batch.joints, 0.05)
        vectors[:, 0, 0, 0, 0] = 0.05 - 0.1 * (len(call.batch) == 1)
        return moved_by(call.result, call.batch, vectors)

    check_skeleton_attack(Broken(rounds), Recogniser(), batch, goal)
    with pytest.raises(AssertionError, match=r"the rest of the batch matters: a differs in 100\.00%"):
        check_skeleton_attack(Broken(rounds), Recogniser(), batch, goal, slack=1e-5)
    check_skeleton_attack(Broken(flips_a_sign), Recogniser(), batch, goal, share=0.02)
    with pytest.raises(AssertionError, match=r"the rest of the batch matters: a differs in 1\.47%"):
        check_skeleton_attack(Broken(flips_a_sign), Recogniser(), batch, goal)


@dataclass(frozen=True)
class Peeking(Lean):
    """Says that answers are enough, and moves otherwise where there are gradients."""

    access: ClassVar[Access] = "answers"

    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        return super().__call__(target, batch, goal, seed=seed + int(torch.is_grad_enabled()))


def test_an_attack_that_denies_its_gradients_is_rejected(batch: Skeletons, goal: Goal) -> None:
    with pytest.raises(AssertionError, match="without gradients it gives another result"):
        check_skeleton_attack(Peeking(), Recogniser(), batch, goal)


def test_one_sequence_could_show_nothing(batch: Skeletons, goal: Goal) -> None:
    with pytest.raises(AssertionError, match="at least two sequences"):
        check_skeleton_attack(Lean(), Recogniser(), batch.select([0]), goal.select(torch.tensor([0])))
