"""Smoothing on a linear recogniser, whose radius is known: the distance to its plane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from scipy.stats import binom
from torch import Tensor

from stumble.certify import ActionScorer, Sampling, Smoothing, box_norm
from stumble.constraints import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import Output, SkeletonInput
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Silhouettes, Skeletons


@dataclass(frozen=True)
class Plane:
    """Two classes on either side of a plane through the origin, in the coordinates of one person in three frames."""

    normal: Tensor
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        distance = (batch.joints * self.normal).flatten(1).sum(1) / self.normal.norm()
        return Output(logits=torch.stack([-distance, distance], 1))


def plane() -> Plane:
    return Plane(torch.randn(1, 3, 25, 3, generator=torch.Generator().manual_seed(0)))


def clip(distance: float) -> Skeletons:
    normal = plane().normal
    present = torch.ones(1, 1, 3, dtype=torch.bool)
    return Skeletons(distance * (normal / normal.norm())[None], present, torch.tensor([3]), ("a",), NTU25)


def test_the_radius_is_the_distance_to_the_boundary_and_never_more() -> None:
    proof = Smoothing(0.1, Sampling(50, 4000))(ActionScorer(plane()), clip(0.12), seed=0)
    assert (proof.answer.item(), proof.abstained.item(), proof.unit) == (1, False, "input")
    assert 0.10 < proof.radius.item() < 0.12
    other = Smoothing(0.1, Sampling(50, 4000))(ActionScorer(plane()), clip(-0.12), seed=0)
    assert other.answer.item() == 0


def test_the_stated_confidence_is_kept() -> None:
    method = Smoothing(0.1, Sampling(5, 60, alpha=0.1))
    scorer, one = ActionScorer(plane()), clip(0.05)
    wrong = sum(float(method(scorer, one, seed=seed).radius) > 0.05 for seed in range(100))
    assert 0 < wrong and binom.sf(wrong - 1, 100, 0.1) > 1e-3  # no more than one in ten, but for chance


def test_on_the_boundary_it_abstains() -> None:
    proof = Smoothing(0.1, Sampling(20, 200))(ActionScorer(plane()), clip(0.0), seed=0)
    assert proof.abstained.item() and proof.radius.item() == 0


@dataclass(frozen=True)
class Remembers:
    """Keeps what it is asked about."""

    asked: list[Skeletons]
    takes: SkeletonInput = SkeletonInput(OPENPOSE18, 2, confidence=True)

    def __call__(self, batch: Skeletons) -> Output:
        self.asked.append(batch)
        return Output(logits=torch.tensor([[0.0, 1.0]]).expand(len(batch), -1))


def test_noise_spares_padding_absent_people_and_joints_that_were_not_detected() -> None:
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(1, 2, 6, 18, generator=generator)
    confidence[0, 0, :, 4] = 0
    present = torch.ones(1, 2, 6, dtype=torch.bool)
    present[0, 1, 2:] = False
    present[0, :, 5] = False
    confidence *= present[..., None]
    joints = torch.rand(1, 2, 6, 18, 2, generator=generator) * (confidence > 0)[..., None]
    one, target = Skeletons(joints, present, torch.tensor([5]), ("a",), OPENPOSE18, confidence), Remembers([])
    Smoothing(0.05, Sampling(10, 30, portion=20))(ActionScorer(target), one, seed=0)
    assert [len(batch) for batch in target.asked] == [10, 20, 10]
    for batch in target.asked:
        moved = batch.joints - joints[:, :, :5]
        assert not moved[~batch.visible].any() and moved[batch.visible].all()
        assert torch.equal(batch.confidence, confidence[:, :, :5].expand(len(batch), -1, -1, -1))
        assert torch.equal(batch.present, present[:, :, :5].expand(len(batch), -1, -1))
    noise = torch.cat([(batch.joints - joints[:, :, :5])[batch.visible] for batch in target.asked]).flatten()
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)
    first, second = (target.asked[k].joints[:10] for k in (0, 1))
    assert not torch.equal(first, second)  # what chooses the class is not what counts


def test_the_norm_of_a_box() -> None:
    present = torch.ones(1, 1, 100, dtype=torch.bool)
    one = Skeletons(torch.ones(1, 1, 100, 25, 3), present, torch.tensor([100]), ("a",), NTU25)
    assert float(box_norm(one, JointBudget(0.004))) == pytest.approx(0.35, abs=0.005)
    half = replace(one, present=present & (torch.arange(100) < 25))
    assert float(box_norm(half, JointBudget(0.004))) == pytest.approx(0.35 / 2, abs=0.005)


def test_silhouettes_and_no_noise_are_refused() -> None:
    with pytest.raises(SpecError, match="sigma is 0; it must be a number above 0"):
        Smoothing(0.0)
    walk = Silhouettes(torch.zeros(1, 2, 1, 1), torch.tensor([2]), ("a",))
    with pytest.raises(SpecError, match="Smoothing certifies skeleton actions; expected Partition or Ablation"):
        Smoothing()(ActionScorer(plane()), walk, seed=0)
