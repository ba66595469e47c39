from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from stumble.models import GaitBase
from stumble.training import GaitBaseTraining, GaitProgress
from stumble.training.augmentation import Augmentation
from stumble.training.walks import Walks

TINY = GaitBaseTraining(
    iterations=3, subjects=2, sequences=2, frames=2, channels=(4, 4, 8, 8), learning_rate=0.01, bfloat16=False
)


def test_learns_to_name_people(people: Walks, tmp_path: Path) -> None:
    seen: list[GaitProgress] = []
    training = replace(TINY, iterations=30, subjects=3, augmentation=Augmentation())
    network = training.run(people, tmp_path / "state.pt", progress=seen.append)
    assert isinstance(network, GaitBase) and network.classes == 3 and not network.training
    assert seen[-1].figures["loss"] < seen[0].figures["loss"]
    assert seen[-1].figures["% named"] > 90


def test_resumes_bit_for_bit_statistics_and_augmentation_included(people: Walks, tmp_path: Path) -> None:
    whole = TINY.run(people, tmp_path / "whole.pt")
    replace(TINY, iterations=2).run(people, tmp_path / "parts.pt")
    parts = TINY.run(people, tmp_path / "parts.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name
    plain = replace(TINY, augmentation=Augmentation()).run(people, tmp_path / "plain.pt")
    assert not torch.equal(plain.FCs["fc_bin"], whole.FCs["fc_bin"])
