"""Targets with a fault planted in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
import torch
from torch import Tensor

from stumble.campaign.sanity import Sanity, sanity_of_classifier, sanity_of_recogniser
from stumble.errors import TargetError
from stumble.interfaces import Output, SilhouetteInput, SkeletonInput
from stumble.layouts import NTU25
from stumble.seeds import normal, uniform
from stumble.sequences import Silhouettes, Skeletons

Bend = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Mean:
    """Embeds a sequence as its mean frame, bent."""

    bend: Bend = lambda x: x
    takes: SilhouetteInput = SilhouetteInput(4, 3)

    def __call__(self, batch: Silhouettes) -> Output:
        mean = batch.floating().frames.sum(1) / batch.lengths[:, None, None]
        return Output(embedding=self.bend(mean.flatten(1))[:, None])


@dataclass(frozen=True)
class Head:
    """Classes by where the head is, bent."""

    bend: Bend = lambda x: x
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=self.bend(batch.joints[:, 0, :, 3].mean(1)))


@pytest.fixture
def walks() -> Silhouettes:
    frames = (255 * uniform(0, ("a", "b", "c"), "frames", (5, 4, 3))).to(torch.uint8)
    return Silhouettes.pad([frames[0], frames[1][:3], frames[2]], ["a", "b", "c"])


@pytest.fixture
def clips() -> Skeletons:
    poses = normal(0, ("a", "b", "c"), "pose", (1, 4, 25, 3))
    return Skeletons.pad([poses[0], poses[1][:, :2], poses[2]], ["a", "b", "c"], NTU25)


def noisy(x: Tensor) -> Tensor:
    return x + 0.1 * torch.rand_like(x)


def rounded(x: Tensor) -> Tensor:
    return (10 * x).round()


def rooted(x: Tensor) -> Tensor:
    """Right values; but the slope of a root at 0, times nothing, is no number."""
    return x + 0 * (x - x.detach()).abs().sqrt()


def detached(x: Tensor) -> Tensor:
    return x.detach()


def unfit_for_the_last(x: Tensor) -> Tensor:
    """Rounds the answer to the last sequence alone."""
    return torch.cat([x[:-1], rounded(x[-1:])])


SOUND = Sanity(3, 0, 0, 0)


def test_a_sound_target_has_no_fault(walks: Silhouettes, clips: Skeletons) -> None:
    assert sanity_of_recogniser(Mean(), walks) == sanity_of_classifier(Head(), clips) == SOUND


@pytest.mark.parametrize(
    ("bend", "fault", "count"),
    [
        (noisy, "varying", 3),
        (rounded, "flat", 3),
        (detached, "flat", 3),
        (rooted, "broken", 3),
        (unfit_for_the_last, "flat", 1),
    ],
)
def test_a_fault_is_found(bend: Bend, fault: str, count: int, walks: Silhouettes, clips: Skeletons) -> None:
    for found in (sanity_of_recogniser(Mean(bend), walks), sanity_of_classifier(Head(bend), clips)):
        assert asdict(found) == {**asdict(SOUND), fault: count}


def test_of_a_target_that_judges_alone_its_gradient_does_not_matter() -> None:
    assert Sanity(3, 0, 1, 0).judged_by(Sanity(3, 2, 3, 3)) == Sanity(3, 2, 1, 0)


def test_the_last_digits_may_differ(clips: Skeletons) -> None:
    assert sanity_of_classifier(Head(lambda x: x * (1 + 1e-6 * torch.rand(1))), clips) == SOUND


def test_a_recogniser_without_an_embedding_is_refused(walks: Silhouettes) -> None:
    class Silent(Mean):
        def __call__(self, batch: Silhouettes) -> Output:
            return Output(logits=torch.zeros(len(batch), 2))

    with pytest.raises(TargetError, match="without an embedding"):
        sanity_of_recogniser(Silent(), walks)
