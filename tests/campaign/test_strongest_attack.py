"""The strongest attack at hand against certified answers: none breaks within its radius, and a wrong bound is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from stumble import zoo
from stumble.attacks import PixelAttack, TemporalSparse
from stumble.campaign import GaitEvaluation
from stumble.campaign.choices import recogniser
from stumble.campaign.defended import DefenceRow
from stumble.campaign.gait_defended import DefendedGait
from stumble.certify import Certificate, Partition, Scorer
from stumble.constraints import Sparsity
from stumble.constraints.frames import Edit
from stumble.data import GaitData, SequenceKey
from stumble.defenses import GaitDefence, partition_vote
from stumble.interfaces import Attack, Features, Output, SilhouetteInput
from stumble.sequences import Silhouettes, Skeletons
from stumble.synth.walkers import Walkers

VIEWS = ("000", "054", "090", "126")
PROBES = ("nm-05", "nm-06", "bg-01", "bg-02")


@dataclass(frozen=True)
class Outline:
    """How far a coarse picture is ever filled."""

    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Tensor) -> Features:
        return (functional.avg_pool2d(frames[:, None], 8)[:, 0].flatten(1),)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return Output(embedding=torch.stack([part.amax(0) for part in features[0].split(lengths.tolist())])[:, None])


def read_walk(key: SequenceKey) -> np.ndarray:
    """People are as wide as their number says, more or less, in ten frames."""
    rng = np.random.default_rng(sum(key.id.encode()))
    frames = np.zeros((10, 64, 44), np.uint8)
    frames[:, :, : 3 * (int(key.subject) - 74)] = 255
    return np.where(rng.random(frames.shape) < 0.18, 255 - frames, frames)


@pytest.fixture(scope="module")
def walkers() -> GaitEvaluation:
    people = [f"{number:03d}" for number in range(75, 89)]
    keys = [SequenceKey(*names) for names in product(people, ("nm-01", *PROBES), VIEWS)]
    return GaitEvaluation.prepare(Outline(), GaitData("walkers", tuple(sorted(keys)), read_walk, True, "casia-b"))


def attacked(plain: GaitEvaluation, defence: GaitDefence, attack: Attack, out: Path) -> tuple[DefenceRow, int]:
    """The row, and of how many sequences a decision is certified against as much as was done to them."""
    defended = DefendedGait(defence, plain)
    verdicts = defended.attacked(attack, out, seed=1)
    part = defended.part("", verdicts, defended.certificates(attack))
    return part.row("vote"), len({each["sample"] for each in part.decisions.to_pylist() if each["certified"]})


def test_none_of_two_hundred_certified_sequences_breaks(walkers: GaitEvaluation, tmp_path: Path) -> None:
    defence = partition_vote(walkers.target, walkers.gallery, 5)
    attack = PixelAttack(Sparsity(frames=1), iterations=10, step=0.2)
    row, sequences = attacked(walkers, defence, attack, tmp_path)
    assert sequences >= 200
    assert row.broken == 0 and row.contradiction is None
    assert row.adaptive.percent < row.clean.percent  # the attack is no straw man


@dataclass(frozen=True)
class Boasting(Partition):
    """Claims one frame more than is proven."""

    def __call__(self, scorer: Scorer, one: Silhouettes | Skeletons, *, seed: int = 0) -> Certificate:
        proof = super().__call__(scorer, one, seed=seed)
        return replace(proof, radius=proof.radius + 1)


def test_a_bound_that_is_one_frame_too_large_is_found_out(walkers: GaitEvaluation, tmp_path: Path) -> None:
    honest = partition_vote(walkers.target, walkers.gallery, 5)

    def proof(edit: Edit) -> tuple[object, Partition]:
        assert honest.proof is not None
        return honest.proof(edit)[0], Boasting(5, "index", edit)

    some = walkers.select(limit=60)
    attack = PixelAttack(Sparsity(frames=3), iterations=10, step=0.2)
    row, _ = attacked(some, replace(honest, proof=proof), attack, tmp_path)
    assert row.broken > 0
    assert row.contradiction is not None and "were broken within their radius" in row.contradiction


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "frames"), [(4, 1), (5, 2), (10, 4)])
def test_none_of_two_hundred_breaks_with_the_shipped_recogniser(groups: int, frames: int, tmp_path: Path) -> None:
    people, rendered = range(125, 135), {}
    views = tuple(f"{angle:03d}" for angle in range(0, 181, 18))
    for number, condition in product(people, ("nm-01", "nm-05", "nm-06")):
        for view, silhouettes in Walkers().silhouettes(number, condition, views).items():
            rendered[SequenceKey(f"{number:03d}", condition, view)] = silhouettes[:40]
    data = GaitData("walkers", tuple(sorted(rendered)), rendered.__getitem__, True, "casia-b")
    target = recogniser(zoo.Shipped("gaitset-synthetic"))
    plain = GaitEvaluation.prepare(target, data, subjects={key.subject for key in data.keys})
    attack = TemporalSparse(
        zoo.Shipped("wgan-synthetic"), budget=Sparsity(frames=frames), iterations=40, plausibility=0.0
    )
    row, sequences = attacked(plain, partition_vote(target, plain.gallery, groups), attack, tmp_path)
    assert sequences >= 200
    assert row.broken == 0 and row.contradiction is None
    assert row.adaptive.percent < row.clean.percent
