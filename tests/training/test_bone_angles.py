from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stumble.errors import DataError, SpecError, WeightsError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons
from stumble.training.bone_angles import BoneAngleProgress, BoneAngleTraining, PosePairs, taken_for_real

SMALL = BoneAngleTraining(iterations=6, batch=16)


def standing(clips: int, seed: int) -> Skeletons:
    """People who stand and sway a little."""
    draw = torch.Generator().manual_seed(seed)
    rest = torch.linspace(0, 1.7, 25)[:, None] * torch.tensor([0.1, 1.0, 0.3]) + torch.eye(3).repeat(9, 1)[:25]
    bodies = [rest + 0.05 * torch.randn(1, 8, 25, 3, generator=draw) for _ in range(clips)]
    return Skeletons.pad(bodies, [f"{k}" for k in range(clips)], NTU25)


def shaken(clean: Skeletons, seed: int) -> Skeletons:
    return clean.moved(
        clean.joints + 0.2 * torch.randn(clean.joints.shape, generator=torch.Generator().manual_seed(seed))
    )


def pairs(seed: int = 0) -> PosePairs:
    clean = standing(6, seed)
    return PosePairs.of([(clean, shaken(clean, seed))])


def test_it_learns_to_tell_people_that_it_has_not_seen(tmp_path: Path) -> None:
    told: list[BoneAngleProgress] = []
    training = replace(SMALL, iterations=120)
    network = training.run(pairs(), tmp_path / "state.pt", progress=told.append, report_every=60)
    assert [p.iteration for p in told] == [60, 120] and told[1].loss < told[0].loss < 0.5
    clean, attacked = taken_for_real(network, pairs(seed=7))
    assert clean > 90 and attacked < 10


def test_pairs_are_the_poses_that_the_attack_changed() -> None:
    clean = standing(2, 0)
    joints = clean.joints.clone()
    joints[0, 0, [2, 5]] += 0.1
    joints[1, 0, 1, 3] += 0.1
    found = PosePairs.of([(clean, clean.moved(joints)), (clean, shaken(clean, 0))])
    assert len(found) == 3 + 16
    assert torch.equal(found.clean[:3], torch.cat([clean.joints[0, 0, [2, 5]], clean.joints[1, 0, [1]]]))
    assert torch.equal(found.attacked[:3], torch.cat([joints[0, 0, [2, 5]], joints[1, 0, [1]]]))
    with pytest.raises(DataError, match="found 0 attacked poses of 1 layouts"):
        PosePairs.of([(clean, clean)])
    flat = Skeletons.pad([torch.rand(1, 3, 18, 2)], ["k"], OPENPOSE18)
    with pytest.raises(DataError, match="attacked poses of 2 layouts"):
        PosePairs.of([(clean, shaken(clean, 0)), (flat, flat.moved(flat.joints + 1))])


def test_resumes_bit_for_bit(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(progress: BoneAngleProgress) -> None:
        if progress.iteration == 5:
            raise Interrupted

    whole = SMALL.run(pairs(), tmp_path / "whole.pt")
    with pytest.raises(Interrupted):
        SMALL.run(pairs(), tmp_path / "parts.pt", progress=interrupt, report_every=1, save_every=2)
    parts = SMALL.run(pairs(), tmp_path / "parts.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_state_of_another_training_and_too_few_poses_are_refused(tmp_path: Path) -> None:
    SMALL.run(pairs(), tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with batch=16; expected batch=8"):
        replace(SMALL, batch=8).run(pairs(), tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with data="):
        SMALL.run(pairs(seed=1), tmp_path / "s.pt")
    with pytest.raises(SpecError, match="a batch of 99 of 48 pairs of poses"):
        replace(SMALL, batch=99).run(pairs(), tmp_path / "s.pt")
