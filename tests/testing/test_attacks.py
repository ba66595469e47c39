from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from stumble import seeds
from stumble.interfaces import Access, Attack, AttackResult, Goal, Output, SilhouetteInput, Target
from stumble.sequences import Silhouettes
from stumble.testing import check_attack

SIZE = (6, 4)


@pytest.fixture
def batch() -> Silhouettes:
    draw = torch.Generator().manual_seed(0)
    return Silhouettes.pad([torch.rand(n, *SIZE, generator=draw) for n in (5, 2, 3)], ["a", "b", "c"])


@pytest.fixture
def goal() -> Goal:
    return Goal("targeted", torch.tensor([0, 1, 2]), wanted=torch.tensor([1, 2, 0]), reference=torch.ones(3, 1, 2))


class Recogniser(nn.Module):
    takes = SilhouetteInput(*SIZE)

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(24, 2)

    def forward(self, batch: Silhouettes) -> Output:
        means = torch.stack([frames.flatten(1).mean(0) for frames in batch.floating().unpadded()])
        return Output(embedding=self.linear(means)[:, None])


@dataclass(frozen=True)
class Noise(Attack):
    """Puts noise in the place of the last frame of each sequence, or, inserting, before the first."""

    insert: bool = False

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        noise = seeds.uniform(seed, batch.ids, "noise", (1, *batch.frames.shape[2:]))
        lengths = batch.lengths + self.insert
        padded = torch.cat([noise, batch.frames], 1) if self.insert else batch.frames.clone()
        position = torch.arange(padded.shape[1])
        edited = (position == 0).expand(padded.shape[:2]) if self.insert else position == lengths[:, None] - 1
        frames = torch.where(edited[:, :, None, None], noise, padded)
        ones = torch.ones(len(batch), dtype=torch.int64)
        adversarial = Silhouettes(frames, lengths, batch.ids)
        return AttackResult(
            adversarial, edited, ones, ones, ("done",) * len(batch), {"loss": torch.zeros(4, len(batch))}
        )


@pytest.mark.parametrize("insert", [False, True])
def test_a_good_attack_passes(insert: bool, batch: Silhouettes, goal: Goal) -> None:
    check_attack(Noise(insert), Recogniser(), batch, goal)
    check_attack(Noise(insert), Recogniser(), batch.floating(torch.float64), Goal("untargeted", goal.label), seed=3)


@dataclass(frozen=True)
class Broken(Attack):
    """Noise, with something done before or with its result."""

    spoil: Callable[[Target, Silhouettes, Goal, AttackResult], AttackResult | None]
    insert: bool = False

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        result = Noise(self.insert)(target, batch, goal, seed=seed)
        return self.spoil(target, batch, goal, result) or result


def with_frames(result: AttackResult, frames: Tensor) -> AttackResult:
    return replace(result, adversarial=replace(result.adversarial, frames=frames))


def with_field(result: AttackResult, name: str, value: object) -> AttackResult:
    """Past the types that only our own tests check."""
    object.__setattr__(result, name, value)
    return result


def works_in_place(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    batch.frames.mul_(0.5)


def turns_the_goal(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    assert goal.reference is not None
    goal.reference.neg_()


def trains_the_target(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    assert isinstance(target, Recogniser)
    target.linear.bias.data += 1


def leaves_gradients(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    embedding = target(batch).embedding
    assert embedding is not None
    embedding.sum().backward()


def freezes_the_target(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    assert isinstance(target, Recogniser)
    target.requires_grad_(False)


def switches_the_mode(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    assert isinstance(target, Recogniser)
    target.eval()


def draws_globally(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    torch.rand(1)


def seeds_globally(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> None:
    torch.manual_seed(3)


def renames(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, adversarial=replace(result.adversarial, ids=("x",) * len(batch)))


def crops(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_frames(result, result.adversarial.frames[:, :, 1:])


def gives_nan(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_frames(result, torch.where(result.edited[:, :, None, None], math.nan, result.adversarial.frames))


def leaves_the_range(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_frames(result, result.adversarial.frames * (1 + result.edited[:, :, None, None]))


def fills_padding(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_frames(result, torch.where(result.adversarial.mask[:, :, None, None], result.adversarial.frames, 1.0))


def marks_too_few(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, edited=result.edited[:, :-1])


def marks_padding(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, edited=torch.ones_like(result.edited))


def counts_steps_once(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_field(result, "steps", result.steps[:1])


def counts_queries_down(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, queries=-result.queries)


def stops_once(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, stopped=("done",))


def traces_the_batch(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_field(result, "trace", {"loss": torch.zeros(4, 1)})


def changes_another_frame(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    frames = result.adversarial.frames.clone()
    frames[0, 1, 0, 0] = (frames[0, 1, 0, 0] + 1 / 255) % 1  # one level of one pixel
    return with_frames(result, frames)


def marks_nothing(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return replace(result, edited=torch.zeros_like(result.edited))


calls = [0]


def counts_its_calls(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    calls[0] += 1
    noise = calls[0] % 7 / 7
    return with_frames(result, torch.where(result.edited[:, :, None, None], noise, result.adversarial.frames))


def gives_by_position(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    noise = torch.arange(len(batch)).float()[:, None, None, None] / 10
    return with_frames(result, torch.where(result.edited[:, :, None, None], noise, result.adversarial.frames))


def averages_the_batch(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    noise = batch.packed().double().mean().float()
    return with_frames(result, torch.where(result.edited[:, :, None, None], noise, result.adversarial.frames))


def edits_by_position(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    edited = result.edited.clone()
    edited[0, 0] = True
    return replace(result, edited=edited)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (works_in_place, "the attack changed the sequences"),
        (turns_the_goal, "the attack changed the goal: reference"),
        (trains_the_target, r"left the target changed: linear\.bias$"),
        (leaves_gradients, r"left the target changed: linear\.weight\.grad"),
        (freezes_the_target, r"left the target changed: linear\.weight\.requires_grad"),
        (switches_the_mode, r"left the target changed: Recogniser\.training"),
        (draws_globally, "global random numbers"),
        (seeds_globally, "global random numbers"),
        (renames, "the result has the ids"),
        (crops, r"the result has frames of \(5, 4\)"),
        (gives_nan, "not finite"),
        (leaves_the_range, r"leave the range \[0, 1\]"),
        (fills_padding, "past a sequence's length are not zero"),
        (marks_too_few, r"edited has shape \(3, 4\); expected \(3, 5\)"),
        (marks_padding, "edited marks frames past"),
        (counts_steps_once, r"steps has shape \(1,\)"),
        (counts_queries_down, "queries is negative"),
        (stops_once, "stopped has 1 reasons for 3"),
        (traces_the_batch, r"trace\['loss'\] has shape \(4, 1\)"),
        (changes_another_frame, "a: a frame that is not marked as edited was changed"),
        (marks_nothing, "a: a frame that is not marked as edited was changed"),
        (counts_its_calls, "the same seed gives another result: a differs"),
        (gives_by_position, "the order of the batch matters: c differs in"),
        (edits_by_position, "the order of the batch matters: c is edited at other frames"),
        (averages_the_batch, "the rest of the batch matters: a differs in"),
    ],
)
def test_a_broken_attack_is_rejected(
    spoil: Callable[[Target, Silhouettes, Goal, AttackResult], AttackResult | None],
    message: str,
    batch: Silhouettes,
    goal: Goal,
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_attack(Broken(spoil), Recogniser(), batch, goal)


def changes_what_was_there(target: Target, batch: Silhouettes, goal: Goal, result: AttackResult) -> AttackResult:
    return with_frames(result, torch.where(result.edited[:, :, None, None], result.adversarial.frames, 0.0))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(changes_what_was_there, "a: a frame that is not marked"), (marks_nothing, "1 frames more, but 0 are marked")],
)
def test_a_broken_insertion_is_rejected(
    spoil: Callable[[Target, Silhouettes, Goal, AttackResult], AttackResult | None],
    message: str,
    batch: Silhouettes,
    goal: Goal,
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_attack(Broken(spoil, insert=True), Recogniser(), batch, goal)


@dataclass(frozen=True)
class Peeking(Noise):
    """Says that answers are enough, and differentiates them all the same."""

    access: ClassVar[Access] = "answers"

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        frames = batch.floating().frames.clone().requires_grad_()
        embedding = target(replace(batch, frames=frames)).embedding
        assert embedding is not None
        torch.autograd.grad(embedding.sum(), frames)
        return super().__call__(target, batch, goal, seed=seed)


def test_an_attack_that_denies_its_gradients_is_rejected(batch: Silhouettes, goal: Goal) -> None:
    with pytest.raises(AssertionError, match="says that it needs no gradients, but"):
        check_attack(Peeking(), Recogniser(), batch, goal)


def test_one_sequence_could_show_nothing(batch: Silhouettes, goal: Goal) -> None:
    with pytest.raises(AssertionError, match="at least two sequences"):
        check_attack(Noise(), Recogniser(), batch.select([0]), goal.select(torch.tensor([0])))
