from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stumble.models import SelfGait
from stumble.training import GaitProgress, SelfGaitTraining
from stumble.training.gait import Batch
from stumble.training.walks import Walks

TINY = SelfGaitTraining(
    iterations=4, unlabelled=2, subjects=2, sequences=2, frames=3, learning_rate=1e-3, bfloat16=False
)


def test_learns_without_labels_first_and_then_with_them(people: Walks, tmp_path: Path) -> None:
    seen: list[GaitProgress] = []
    network = TINY.run(people, tmp_path / "state.pt", progress=seen.append, report_every=1)
    assert isinstance(network, SelfGait) and not network.training
    assert [math.isnan(p.figures["% of triplets left"]) for p in seen] == [True, True, False, False]


def test_labels_play_no_part_at_first(people: Walks) -> None:
    """Whoever they are said to be, the network becomes the same."""
    alone = replace(TINY, unlabelled=4)
    torch.manual_seed(0)
    learner = alone.learner(people)
    torch.manual_seed(0)
    other = alone.learner(people)
    packed, label = alone.draw(people, 0)
    frames = (torch.from_numpy(packed).float() / 255).unflatten(0, (4, 3))
    for each, labels in ((learner, label), (other, label.flip(0) * 0)):
        each.step(Batch(frames, labels, np.random.Generator(np.random.Philox(0)), 0), 1e-3)
    for one, two in zip(learner.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_the_target_follows_slowly(people: Walks, tmp_path: Path) -> None:
    """After one iteration it has come as much nearer as the average says."""
    training = replace(TINY, iterations=1, unlabelled=1, average=0.75)
    training.run(people, tmp_path / "state.pt")
    stored = torch.load(tmp_path / "state.pt", weights_only=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        before = training.learner(people).network.state_dict()
    for name, value in stored["target"].items():
        expected = 0.75 * before[name] + 0.25 * stored["network"][name]
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-7)
    assert not torch.equal(stored["network"]["parts"], before["parts"])


def test_resumes_bit_for_bit_from_either_half(people: Walks, tmp_path: Path) -> None:
    whole = TINY.run(people, tmp_path / "whole.pt")
    for done in (1, 3):
        path = tmp_path / f"{done}.pt"
        replace(TINY, iterations=done).run(people, path)
        parts = TINY.run(people, path)
        for name, value in whole.state_dict().items():
            assert torch.equal(value, parts.state_dict()[name]), name
