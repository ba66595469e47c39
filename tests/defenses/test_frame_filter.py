"""Implausible frames are not seen, and who knows it can get past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack
from stumble.constraints import Even, Given, Sparsity
from stumble.defenses import Alarmed, Evading, FrameFilter, JointVotes, OnSurrogate
from stumble.defenses.frame_filter import coherence
from stumble.errors import DataError, SpecError, TargetError
from stumble.interfaces import Attack, FrameSeparable, Goal, Output, SilhouettePrior
from stumble.objectives import Cosine, Objective
from stumble.sequences import Silhouettes
from stumble.targets import Gallery
from stumble.targets.identifier import identifier
from stumble.testing import check_target

from .conftest import walks


@pytest.fixture
def clean() -> list[np.ndarray]:
    return [each.numpy() for each in walks(*[40] * 15, seed=2).unpadded()]


@pytest.fixture
def guarded(outline: FrameSeparable, darkness: SilhouettePrior) -> FrameFilter:
    """That lets all clean frames pass."""
    return FrameFilter(outline, darkness, realness=5.5, smallest=0.6)


def test_a_frame_that_does_not_belong_is_not_seen(
    guarded: FrameFilter, outline: FrameSeparable, batch: Silhouettes
) -> None:
    frames = batch.floating().frames.clone()
    frames[:, 4] = 1 - frames[:, 4]
    odd = replace(batch.floating(), frames=frames * batch.mask[:, :, None, None])
    rest = Silhouettes.pad([torch.cat([f[:4], f[5:]]) for f in odd.unpadded()], batch.ids)
    found, expected = guarded(odd).embedding, outline(rest).embedding
    assert found is not None and expected is not None
    assert torch.equal(found, expected)


def test_the_rate_of_false_alarms_is_kept_on_others(
    outline: FrameSeparable, darkness: SilhouettePrior, clean: list[np.ndarray]
) -> None:
    guarded = FrameFilter.fitted(outline, darkness, clean, rate=0.05)
    others = walks(*[40] * 30, seed=3).floating().unpadded()
    refused = torch.cat([~guarded.passing(own) for own in others]).double().mean()
    assert 0.005 < refused < 0.1


def test_coherence_is_the_median_overlap_with_neighbours() -> None:
    frames = torch.zeros(6, 2, 2)
    frames[:, 0] = 1
    frames[3] = torch.tensor([[0.0, 0.0], [1.0, 0.0]])  # nothing in common with the others
    assert coherence(frames).tolist() == [1, 1, 1, 0, 1, 0]  # of two neighbours the worse counts
    assert coherence(frames[:1]).tolist() == [1]
    frames[3] = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert coherence(frames)[3] == pytest.approx(1 / 3)


def test_it_meets_the_contract_of_targets(guarded: FrameFilter) -> None:
    check_target(guarded, walks(10, 7, 9))


def test_a_sequence_of_which_nothing_passes_is_seen_whole(
    outline: FrameSeparable, darkness: SilhouettePrior, batch: Silhouettes
) -> None:
    strict = FrameFilter(outline, darkness, torch.inf, 0.0)
    found, expected = strict(batch).embedding, outline(batch).embedding
    assert found is not None and expected is not None
    assert torch.equal(found, expected)


def test_who_goes_past_without_regard_is_filtered_out_and_who_heeds_the_alarm_is_not(
    guarded: FrameFilter, batch: Silhouettes
) -> None:
    narrow = batch.select([0])
    goal = Goal("untargeted", torch.tensor([0]), None, guarded(narrow).embedding)
    plain = PixelAttack(Sparsity(frames=1), Given((5,)), iterations=30, step=0.02)

    def outcome(attack: Attack) -> tuple[bool, float]:
        stored = attack(guarded, narrow, goal, seed=0).adversarial.quantised()
        passes = guarded.passing(stored.floating().frames[0])[5]
        return bool(passes), float(Cosine()(Output(embedding=guarded(stored).embedding), goal))

    passes, similarity = outcome(plain)
    assert not passes and similarity > 0.999
    passes, similarity = outcome(OnSurrogate(replace(plain, objective=Evading(Cosine(), weight=0.3))))
    assert passes and similarity < 0.97


class Heedless(Objective):
    """The same objective, by whom the last iterate is handed over."""

    def __init__(self, evading: Evading) -> None:
        self.evading = evading

    def __call__(self, output: Output, goal: Goal) -> Tensor:
        return self.evading(output, goal)


def test_an_iterate_that_passes_is_not_lost_to_a_later_one_that_does_not(
    guarded: FrameFilter, batch: Silhouettes
) -> None:
    goal = Goal("untargeted", torch.arange(3), None, guarded(batch).embedding)
    plain = PixelAttack(Sparsity(frames=1), Given((5,)), step=0.05)
    evading = Evading(Cosine(), weight=0.001)

    def similarity(objective: Objective, iterations: int) -> Tensor:
        attack = OnSurrogate(replace(plain, objective=objective, iterations=iterations))
        stored = attack(guarded, batch, goal, seed=0).adversarial.quantised()
        return Cosine()(Output(embedding=guarded(stored).embedding), goal)

    along = torch.stack([similarity(Heedless(evading), iterations) for iterations in range(13)])
    chosen = similarity(evading, 12)
    assert torch.equal(chosen, along.min(0).values)
    assert float(along[-1, 0]) > 0.999 and float(chosen[0]) < 0.98  # the first is seen through in the end


def test_who_stops_at_success_stops_where_the_filter_stands(
    guarded: FrameFilter, gallery: Gallery, batch: Silhouettes
) -> None:
    goal = Goal("untargeted", torch.arange(3), None, guarded(batch).embedding)
    attack = PixelAttack(Sparsity(frames=4), Even(), iterations=60, step=0.02, stop=0.0)
    for weight in (0.001, 0.3):
        knowing = OnSurrogate(replace(attack, objective=Evading(JointVotes(gallery), weight)), gallery)
        result = knowing(guarded, batch, goal, seed=0)
        logits = identifier(guarded, gallery)(result.adversarial.quantised()).logits
        assert logits is not None
        assert (goal.margin(logits) > 0).tolist() == [why == "reached" for why in result.stopped]


def test_the_alarm_is_how_far_frames_miss_the_thresholds(
    outline: FrameSeparable, darkness: SilhouettePrior, batch: Silhouettes
) -> None:
    logits = [darkness.plausibility_logit(f) for f in batch.floating().unpadded()]
    output = FrameFilter(outline, darkness, 6.0, 0.0).surrogate(0)(batch)
    expected = torch.stack([(6 - each).clamp_min(0).sum() for each in logits])
    assert isinstance(output, Alarmed)
    torch.testing.assert_close(output.alarm, expected)
    loss = Evading(Cosine(), 2.0)(output, Goal("untargeted", torch.arange(3), None, output.past))
    torch.testing.assert_close(loss, 1 + 2 * expected)
    with pytest.raises(TargetError, match="needs an answer with an alarm"):
        Evading()(outline(batch), Goal("untargeted", torch.arange(3)))


def test_what_cannot_be_fitted(outline: FrameSeparable, darkness: SilhouettePrior, clean: list[np.ndarray]) -> None:
    with pytest.raises(SpecError, match="rate is 0; it must lie between 0 and 1"):
        FrameFilter.fitted(outline, darkness, clean, 0.0)
    with pytest.raises(DataError, match=r"600 clean frames; expected at least 2000 for a rate of 0\.01"):
        FrameFilter.fitted(outline, darkness, clean, 0.01)
