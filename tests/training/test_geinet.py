from __future__ import annotations

from pathlib import Path

import torch

from stumble.models import GEINet
from stumble.training import GaitProgress, GEINetTraining
from stumble.training.walks import Walks

TINY = GEINetTraining(iterations=20, subjects=3, sequences=2, frames=3)


def test_learns_to_name_people(people: Walks, tmp_path: Path) -> None:
    seen: list[GaitProgress] = []
    network = TINY.run(people, tmp_path / "state.pt", progress=seen.append)
    assert isinstance(network, GEINet) and not network.training
    assert seen[-1].figures["loss"] < seen[0].figures["loss"]
    assert seen[-1].figures["% named"] > 90


def test_dropout_follows_from_seed_and_iteration(people: Walks, tmp_path: Path) -> None:
    torch.manual_seed(1)
    once = TINY.run(people, tmp_path / "once.pt")
    torch.manual_seed(2)
    again = TINY.run(people, tmp_path / "again.pt")
    assert torch.equal(once.fc4.weight, again.fc4.weight)


def test_frames_follow_each_other(people: Walks) -> None:
    frames, label = TINY.draw(people, 0)
    names = sorted(people)
    clips = torch.from_numpy(frames).unflatten(0, (6, 3))
    for clip, place in zip(clips, label.tolist(), strict=True):
        walks = [torch.from_numpy(walk) for walk in people[names[place]].values()]
        assert any(torch.equal(clip, walk[start : start + 3]) for walk in walks for start in range(3))
