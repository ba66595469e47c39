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
from stumble.campaign.defence_parts import Part
from stumble.campaign.defended import Verdicts
from stumble.campaign.gait_defended import DefendedGait
from stumble.certify import Partition, Scorer, Votes
from stumble.constraints import Sparsity
from stumble.data import GaitData, SequenceKey
from stumble.defenses import partition_vote
from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.sequences import Silhouettes
from stumble.synth.walkers import Walkers

VIEWS = ("000", "054", "090", "126")
PROBES = ("nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02")


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
    """People are as wide as their number says, in ten frames, some of which are hardly to be seen for noise."""
    rng = np.random.default_rng(sum(key.id.encode()))
    frames = np.zeros((10, 64, 44), np.uint8)
    frames[:, :, : 3 * (int(key.subject) - 74)] = 255
    noise = 0.4 * rng.random((10, 1, 1))
    return np.where(rng.random(frames.shape) < noise, 255 - frames, frames)


@pytest.fixture(scope="module")
def vote() -> DefendedGait:
    """Five groups of two frames, which are seldom of one mind."""
    people = [f"{number:03d}" for number in range(75, 89)]
    keys = [SequenceKey(*names) for names in product(people, ("nm-01", *PROBES), VIEWS)]
    data = GaitData("walkers", tuple(sorted(keys)), read_walk, True, "casia-b")
    plain = GaitEvaluation.prepare(Outline(), data)
    return DefendedGait(partition_vote(plain.target, plain.gallery, 5), plain)


ATTACK = PixelAttack(Sparsity(frames=1), iterations=10, step=0.2)
"""Of one frame, which turns the vote of its group wherever it pleases."""


@pytest.fixture(scope="module")
def verdicts(vote: DefendedGait, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    return vote.attacked(ATTACK, tmp_path_factory.mktemp("samples"), seed=1)


def certified_sequences(part: Part) -> int:
    """Of how many sequences a decision is certified against as much as was done to them."""
    return len({row["sample"] for row in part.decisions.to_pylist() if row["certified"]})


def test_none_of_two_hundred_certified_sequences_breaks(vote: DefendedGait, verdicts: Verdicts) -> None:
    part = vote.part("", verdicts, vote.certificates(ATTACK))
    row = part.row("vote")
    assert certified_sequences(part) >= 200
    assert row.broken == 0 and row.contradiction is None
    assert row.clean.percent - row.adaptive.percent > 4  # the attack is no straw man,
    assert row.adaptive.percent - row.certified.percent < 13  # and leaves little more than what is proven


def gap(votes: Votes) -> Tensor:
    first, second = votes.counts(sure=True).topk(2, 1).values.unbind(1)
    return first - second


def one_more(
    method: Partition, scorer: Scorer, one: Silhouettes, *, seed: int, honest: Any = Partition.__call__
) -> Any:
    proof = honest(method, scorer, one, seed=seed)
    return replace(proof, radius=proof.radius + 1)


@pytest.mark.parametrize(
    ("owner", "name", "wrong"),
    [
        (Votes, "withstands", property(lambda votes: gap(votes) // 2)),
        (Votes, "withstands", property(lambda votes: gap(votes) - 1)),
        (Partition, "__call__", one_more),
    ],
    ids=["a tie holds", "the rival gains nothing", "a frame more"],
)
def test_wrong_bounds_are_found_out(
    vote: DefendedGait, verdicts: Verdicts, owner: type, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    row = vote.part("", verdicts, vote.certificates(ATTACK)).row("vote")
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
    vote = DefendedGait(partition_vote(target, plain.gallery, groups), plain)
    part = vote.part("", vote.attacked(attack, tmp_path, seed=1), vote.certificates(attack))
    row = part.row("vote")
    assert certified_sequences(part) >= 200
    assert row.broken == 0 and row.contradiction is None
    assert row.adaptive.percent < row.clean.percent
