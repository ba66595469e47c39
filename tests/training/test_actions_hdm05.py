"""ST-GCN on real motion capture: everybody but one actor trains, that actor is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from stumble.data.action_opening import open_actions
from stumble.data.action_splits import split_named
from stumble.models import STGCN
from stumble.preprocess import StGcn
from stumble.training import ActionTraining, HeldOutTop1, prepare


@pytest.mark.slow
def test_actions_of_an_actor_never_seen_are_recognised(mocap: Path, tmp_path: Path) -> None:
    """Eleven classes in 243 clips of four actors; always to name the most frequent class is right in under 20 %."""
    data = open_actions(mocap / "hdm05")
    train, test = split_named("leave-one-out:mm", data).apply(data)
    recipe = StGcn(frames=64, people=1)
    network = ActionTraining(iterations=150).run(STGCN, prepare(train, recipe), tmp_path / "state.pt")
    top1 = HeldOutTop1(prepare(test, recipe)).accuracy(network)
    assert top1.clips == len(test) == 44
    assert top1.percent > 60
