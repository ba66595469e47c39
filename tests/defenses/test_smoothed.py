"""Noisy versions of a clip vote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import pytest
import torch

from stumble.attacks import JointPGD
from stumble.constraints import JointBudget
from stumble.defenses import ActionsOnSurrogate, Smoothed
from stumble.errors import SpecError
from stumble.interfaces import Goal, Output, SkeletonInput
from stumble.layouts import NTU25
from stumble.sequences import Skeletons
from stumble.testing import check_skeleton_target


@dataclass(frozen=True)
class High:
    """Whether the head is higher than a line: 1 above, 0 below, from the first frame alone."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        height = batch.joints[:, 0, 0, 3, 1]
        return Output(logits=torch.stack([-height, height], 1))


def heads(*heights: float, frames: int = 2) -> Skeletons:
    joints = torch.full((len(heights), 1, frames, 25, 3), 0.5)
    joints[:, 0, 0, 3, 1] = torch.tensor(heights)
    return Skeletons.pad(joints, [f"{k}" for k in range(len(heights))], NTU25)


def test_the_share_of_votes_is_the_probability_under_noise() -> None:
    batch = heads(0.0, 0.01, -0.02)
    logits = Smoothed(High(), sigma=0.02, votes=1000)(batch).logits
    assert logits is not None and logits.sum(1).tolist() == [1000] * 3
    expected = [NormalDist().cdf(height / 0.02) for height in (0.0, 0.01, -0.02)]
    assert (logits[:, 1] / 1000).tolist() == pytest.approx(expected, abs=0.05)


def test_it_meets_the_contract_of_targets_of_skeletons() -> None:
    joints = [torch.randn(1, n, 25, 3, generator=torch.Generator().manual_seed(n)) for n in (7, 5)]

    class Sum(High):
        def __call__(self, batch: Skeletons) -> Output:
            return Output(logits=batch.joints.sum((1, 2, 3)))

    check_skeleton_target(Smoothed(Sum(), 0.1, 5), Skeletons.pad(joints, ["a", "b"], NTU25))


def test_absent_people_and_padding_stay_as_they_are() -> None:
    seen = []

    class Watching(High):
        def __call__(self, batch: Skeletons) -> Output:
            seen.append(batch.joints)
            return super().__call__(batch)

    clips = [torch.ones(1, 3, 25, 3), torch.ones(2, 2, 25, 3)]
    clips[1][1, 0] = 0
    batch = Skeletons.pad(clips, ["a", "b"], NTU25)
    Smoothed(Watching(), 0.1, 1)(batch)
    assert torch.equal(seen[0] != batch.joints, batch.visible[..., None].expand_as(batch.joints))


def test_new_noise_with_every_call_finds_what_one_noise_hides() -> None:
    """Noise that is known can be answered to; noise to expect leaves the margin of the mean."""
    target = Smoothed(High(), sigma=0.02, votes=15)
    batch = heads(0.02, 0.025, 0.03)
    goal = Goal("untargeted", torch.ones(3, dtype=torch.int64))
    attack = ActionsOnSurrogate(JointPGD(JointBudget(0.05), iterations=20), target.surrogate)
    moved = attack(target, batch, goal, seed=0).adversarial
    again = attack(target, batch, goal, seed=0).adversarial
    assert torch.equal(moved.joints, again.joints)
    for seed in range(1, 6):
        logits = [target.reseeded(seed)(each).logits for each in (batch, moved)]
        assert logits[0] is not None and logits[1] is not None
        assert logits[0].argmax(1).tolist() == [1, 1, 1] and logits[1].argmax(1).tolist() == [0, 0, 0]
    assert set(attack.constraints(batch)) == {"box", "untouched"}


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_sample_goes_its_way_alone_as_in_a_batch(row: int) -> None:
    """Also where others stop before it."""
    target = Smoothed(High(), sigma=0.02, votes=15)
    batch, goal = heads(0.002, 0.02, 0.06), Goal("untargeted", torch.ones(3, dtype=torch.int64))
    attack = ActionsOnSurrogate(JointPGD(JointBudget(0.05), iterations=12, stop=0.0), target.surrogate)
    together = attack(target, batch, goal, seed=0)
    alone = attack(target, batch.select([row]), goal.select(torch.tensor([row])), seed=0)
    assert torch.equal(alone.adversarial.joints[0], together.adversarial.joints[row])


def test_new_noise_of_a_sample_does_not_depend_on_what_is_asked_about_others() -> None:
    seen = []

    class Watching(High):
        def __call__(self, batch: Skeletons) -> Output:
            seen.append(batch.joints)
            return super().__call__(batch)

    batch = heads(0.0, 0.0, 0.0)
    busy, fresh = (Smoothed(Watching(), 0.1, 1, anew=True) for _ in range(2))
    busy(batch.select([0]))
    busy(batch)
    fresh(batch)
    assert torch.equal(seen[1][1:], seen[2][1:]) and not torch.equal(seen[1][0], seen[2][0])


def test_what_is_no_smoothing() -> None:
    for wrong in ({"sigma": 0.0}, {"votes": 0}, {"per_step": 0}):
        with pytest.raises(SpecError, match="expected a sigma above 0 and at least 1 of each"):
            replace(Smoothed(High()), **wrong)
