"""A defended gait recogniser: who answers the judge, what an answer costs, what a filter refuses."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack
from stumble.campaign import GaitEvaluation
from stumble.campaign.defended import UNSEEN
from stumble.campaign.gait_defended import DefendedGait
from stumble.campaign.gait_lineup import false_alarms
from stumble.constraints import Sparsity
from stumble.data import GaitData, SequenceKey
from stumble.defenses import FrameFilter, GaitDefence, filtering, undefended
from stumble.interfaces import Features, Output, SilhouetteInput, Target
from stumble.sequences import Silhouettes

ATTACK = PixelAttack(Sparsity(frames=1), iterations=2)


@dataclass(frozen=True)
class Width:
    """How far each column is filled on average; slower if asked to be, and wrong if mistaken."""

    seconds: float = 0.0
    mistaken: bool = False
    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        time.sleep(self.seconds)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Tensor) -> Features:
        return (frames.mean(1),)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        rows = torch.stack([part.mean(0) for part in features[0].split(lengths.tolist())])[:, None]
        return Output(embedding=1 - rows if self.mistaken else rows)


def walk(key: SequenceKey) -> np.ndarray:
    """Ten frames, of which the last two are blank."""
    frames = np.zeros((10, 64, 44), np.uint8)
    frames[:8, :, : 8 * (int(key.subject) - 74)] = 255
    return frames


@pytest.fixture
def plain() -> GaitEvaluation:
    keys = [SequenceKey(*names) for names in product(("075", "076", "077"), ("nm-01", "nm-05"), ("000", "090"))]
    return GaitEvaluation.prepare(Width(), GaitData("walkers", tuple(sorted(keys)), walk, True, "casia-b"))


def test_the_judge_asks_what_no_attack_has_seen(plain: GaitEvaluation, tmp_path: Path) -> None:
    """Here a recogniser that is always wrong, so that it shows who was asked."""
    seeds = []

    def judged(seed: int) -> Target:
        seeds.append(seed)
        return Width(mistaken=True)

    defence = replace(undefended(plain.target, plain.gallery), judged=judged)
    measured = DefendedGait(defence, plain)
    row = measured.part("", measured.attacked(ATTACK, tmp_path, seed=3), None).row("honest")
    assert seeds == [3 + UNSEEN]
    assert row.clean.percent < 50


def test_every_attack_by_who_knows_it_is_run_and_the_worst_counts(plain: GaitEvaluation, tmp_path: Path) -> None:
    """Two ways: one does nothing, the other wins; the attack as it is does nothing."""
    idle = PixelAttack(Sparsity(frames=1), iterations=0)

    class Knowing(GaitDefence):
        def adaptive(self, attack: object) -> tuple[PixelAttack, ...]:  # type: ignore[override]
            return idle, replace(idle, budget=Sparsity(frames=10), iterations=40)

    defence = Knowing(plain.target, plain.gallery, lambda seed: plain.target, None, lambda own: (own,))
    measured = DefendedGait(defence, plain)
    row = measured.part("", measured.attacked(idle, tmp_path), None).row("known")
    assert (row.clean.percent, row.plain.percent) == (100, 100) and row.adaptive.percent < 50
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["adaptive-1", "adaptive-2", "plain"]


def test_an_answer_costs_what_it_takes_in_answers_of_the_recogniser_as_it_is(plain: GaitEvaluation) -> None:
    quick = replace(plain, target=Width(0.01))
    slow = DefendedGait(undefended(Width(0.05), plain.gallery), quick)
    assert 3 < slow.cost < 6


class Bright(torch.nn.Module):
    """A critic that takes dark frames for made up; it generates none."""

    latent_dim = 1

    def generate(self, latents: Tensor) -> Tensor:
        return torch.zeros(len(latents), 64, 44)

    def to_prior(self, latents: Tensor) -> Tensor:
        return latents

    def critic(self, frames: Tensor) -> Tensor:
        return frames.mean((1, 2))

    def plausibility_logit(self, frames: Tensor) -> Tensor:
        return frames.mean((1, 2)) - 0.1


def test_the_share_of_clean_frames_that_a_filter_refuses(plain: GaitEvaluation) -> None:
    guard = FrameFilter(Width(), Bright(), 0.0, -1.0)
    refused = false_alarms(DefendedGait(filtering(guard, plain.gallery), plain))
    assert refused is not None
    assert refused.percent == pytest.approx(20)  # two blank frames of ten
    assert false_alarms(DefendedGait(undefended(plain.target, plain.gallery), plain)) is None
