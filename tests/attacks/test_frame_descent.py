"""Samples that are finished leave the batch, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack, TemporalSparse
from stumble.constraints import Even, Sparsity
from stumble.errors import TargetError
from stumble.interfaces import Attack, Features, Goal, Output, SetPooled, SilhouetteInput, Weights
from stumble.objectives import CrossEntropy
from stumble.sequences import Silhouettes

GOAL = Goal("targeted", torch.tensor([0, 0, 0]), torch.tensor([1, 1, 2]))


class Lamp:
    """Three classes: the last pixel is never bright, it is at some time, and one that is never taken."""

    def __init__(self, frames: SetPooled) -> None:
        self.frames = frames

    @property
    def takes(self) -> SilhouetteInput:
        return self.frames.takes

    def __call__(self, batch: Silhouettes) -> Output:
        return self.head(self.pool(self.encode(batch.floating().packed()), batch.lengths))

    def encode(self, frames: Tensor) -> Features:
        return self.frames.encode(frames)

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return self.frames.pool(features, lengths)

    def merge(self, first: Features, second: Features) -> Features:
        return self.frames.merge(first, second)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return self.head(self.pool(features, lengths))

    def head(self, pooled: Features) -> Output:
        bright = 10 * (pooled[0][:, -1] - 0.5)
        return Output(logits=torch.stack([-bright, bright, bright * 0 - 9], 1))


@pytest.fixture(name="walks")
def dimly_lit(walks: Silhouettes) -> Silhouettes:
    frames = walks.frames.clone()
    frames[:, :5, -1, -1] = 60
    return Silhouettes(frames, walks.lengths, walks.ids)


@pytest.fixture
def lamp(target: SetPooled) -> Lamp:
    return Lamp(target)


def margin(lamp: Lamp, batch: Silhouettes, goal: Goal = GOAL) -> Tensor:
    logits = lamp(batch).logits
    assert logits is not None
    return goal.margin(logits)


def test_a_sample_that_reaches_its_goal_is_finished(lamp: Lamp, walks: Silhouettes) -> None:
    attack = PixelAttack(Sparsity(frames=5), objective=CrossEntropy(), iterations=20, step=0.05, stop=0.0)
    result = attack(lamp, walks, GOAL, seed=0)
    assert result.stopped == ("reached", "reached", "budget")
    assert (margin(lamp, result.adversarial.quantised()) > 0).tolist() == [True, True, False]
    assert int(result.steps[:2].max()) < 20 and int(result.steps[2]) == 20
    asked = result.trace["objective"].isfinite().sum(0)
    assert (result.queries - asked).tolist() == [1, 1, 0]  # the rounded frames are a question of their own


def attacks(prior: Weights) -> dict[str, Attack]:
    return {
        "pixels": PixelAttack(Sparsity(frames=5), Even(), CrossEntropy(), iterations=20, momentum=1.0, stop=0.0),
        "latents": TemporalSparse(prior, "insert", Sparsity(0.2), Even(), CrossEntropy(), stop=0.0, starts=3),
        "whole": PixelAttack(Sparsity(frames=7), objective=CrossEntropy(), iterations=20, stop=0.0),
    }


@pytest.mark.parametrize("name", ["pixels", "latents", "whole"])
def test_who_leaves_changes_nobody_else(name: str, prior: Weights, lamp: Lamp, walks: Silhouettes) -> None:
    attack = attacks(prior)[name]
    together = attack(lamp, walks, GOAL, seed=0)
    assert set(together.stopped) == {"reached", "budget"}
    for row in range(len(walks)):
        alone = attack(lamp, walks.select([row]), GOAL.select(torch.tensor([row])), seed=0)
        (frames,) = alone.adversarial.unpadded()
        torch.testing.assert_close(frames, together.adversarial.unpadded()[row], atol=1e-6, rtol=0)
        assert alone.steps[0] == together.steps[row]


def test_it_is_the_rounded_frames_that_must_do_it(lamp: Lamp, walks: Silhouettes) -> None:
    """A goal that is reached from 0.4995 upwards holds at 128 of 255 levels, and not at 127."""
    attack = PixelAttack(Sparsity(frames=5), objective=CrossEntropy(), iterations=6000, step=1e-4, stop=0.0)
    first = Goal("targeted", torch.tensor([0]), torch.tensor([1]))
    stored = attack(lamp, walks.select([0]), first, seed=0).adversarial.quantised()
    assert bool(margin(lamp, stored, first) > 0)
    assert int(stored.frames[0, :, -1, -1].max()) == 128


def test_without_logits_nobody_can_tell(target: SetPooled, walks: Silhouettes) -> None:
    goal = Goal("untargeted", torch.arange(3), None, target(walks).embedding)
    attack = PixelAttack(Sparsity(0.2), stop=0.0)
    with pytest.raises(TargetError, match=r"without logits; .*targets\.identifier"):
        attack(target, walks, goal, seed=0)
    assert replace(attack, stop=None)(target, walks, goal, seed=0).stopped == ("budget",) * 3
