from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.attacks import (
    CIASA,
    JointPGD,
    OneStep,
    PixelAttack,
    RandomFrames,
    RandomJoints,
    RandomLatents,
    RealFrames,
    TemporalSparse,
)
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.cell import Cell, cells_of, differences, specified
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.plan import Plan
from stumble.data import Note, write_frames
from stumble.errors import SpecError
from stumble.interfaces import FramePool, Weights
from stumble.spec import identity

MEMORY = 2**30


def cells(plan: Plan) -> tuple[Cell, ...]:
    return cells_of(plan, {name: bench.open(MEMORY) for name, bench in plan.benches.items()})


def test_a_cell_knows_its_samples_and_cuts_them_into_shards(plan: Plan) -> None:
    small, large = cells(plan)
    assert str(small.entry) == "random · small · untargeted · seed 1"
    assert small.id != large.id
    assert len(small.samples) == 6
    assert [shard.samples for shard in small.shards] == [small.samples[:2], small.samples[2:4], small.samples[4:]]
    assert str(small.shards[1]) == f"{small.id}/0001"
    assert small.synthetic


def test_a_goal_that_cannot_be_is_refused_before_anything_runs(plan: Plan) -> None:
    with pytest.raises(SpecError, match=r"bench 'random': found goal 'wolk'.*such as 'walk'"):
        cells(replace(plan, goals=("untargeted", "wolk")))


@pytest.mark.parametrize("axis", ["benches", "attacks"])
def test_the_same_under_two_names_is_refused(plan: Plan, axis: str) -> None:
    """Its results would count twice."""
    known = getattr(plan, axis)
    first = next(iter(known))
    with pytest.raises(SpecError, match=rf"plan: found .*{first}.*, and .*again.*; expected one of them"):
        cells(replace(plan, **{axis: known | {"again": known[first]}}))


def test_names_and_places_are_no_part_of_the_identity(plan: Plan, clips: Path, stgcn: Path, tmp_path: Path) -> None:
    shutil.copytree(clips, tmp_path / "elsewhere")
    for file in (stgcn, stgcn.with_suffix(".json")):
        shutil.copy(file, tmp_path / file.with_stem("renamed").name)
    moved = Plan(
        benches={"another name": ActionBench(str(tmp_path / "renamed.safetensors"), tmp_path / "elsewhere", limit=6)},
        attacks={"b": plan.attacks["large"], "a": plan.attacks["small"]},
        shard=2,
    )
    assert {cell.id for cell in cells(moved)} == {cell.id for cell in cells(plan)}


def test_whatever_changes_a_result_changes_the_identity(plan: Plan) -> None:
    bench = plan.benches["random"]
    assert isinstance(bench, ActionBench)
    others = [
        replace(plan, goals=("least-likely",)),
        replace(plan, seeds=(2,)),
        replace(plan, shard=3),
        replace(plan, threads=2),
        replace(plan, benches={"random": replace(bench, limit=5)}),
        replace(plan, attacks={"small": OneStep(), "large": OneStep(replace(OneStep().budget, epsilon=0.05))}),
    ]
    known = {cell.id for cell in cells(plan)}
    for other in others:
        assert not known & {cell.id for cell in cells(other)}


def test_the_people_who_fix_what_is_plausible_are_in_the_identity(tmp_path: Path) -> None:
    frames, root = np.zeros((9, 64, 44), np.uint8), tmp_path / "walkers"
    root.mkdir()
    Note(True, "casia-b", {}).write(root)
    for subject, condition in itertools.product(("001", "075", "076"), ("nm-01", "nm-05")):
        write_frames(root / subject / condition / "090" / "090.npz", frames)
    known = GaitBench("gei", root).open(MEMORY)
    shutil.rmtree(root / "001" / "nm-05")
    other = GaitBench("gei", root).open(MEMORY)
    assert known.samples == other.samples
    assert differences(other.facts, known.facts) != []


GOLDEN = {
    "TemporalSparse": "f5861892c2dbdac3",
    "PixelAttack": "61954b9b7f79fc0a",
    "RealFrames": "49362ff535844008",
    "RandomFrames": "7d8891d54081dd10",
    "CIASA": "815359491ad0c769",
    "OneStep": "67989ba52002d9df",
    "JointPGD": "0fc9f0a23016f03f",
    "RandomLatents": "933838b90583076b",
    "RandomJoints": "d307e03c1a3d91d0",
}


@dataclass(frozen=True)
class Blank(FramePool):
    """One black frame."""

    level: int = 0

    def load(self) -> tuple[torch.Tensor, tuple[str, ...]]:
        return torch.full((1, 64, 44), self.level, dtype=torch.uint8), ("001",)


class Known(Weights):
    """Weights whose digest is told."""

    digest = "1" * 64

    def load(self) -> object:  # type: ignore[override]
        raise AssertionError


def test_identities_of_the_defaults() -> None:
    """A default that changes, or a field that is added, makes other results of the same name: it shows here."""
    found = {
        type(attack).__name__: identity(specified(attack))[:16]
        for attack in (
            TemporalSparse(Known()),
            PixelAttack(),
            RealFrames(Blank()),
            RandomFrames(Known()),
            CIASA(),
            OneStep(),
            JointPGD(),
            RandomLatents(Known()),
            RandomJoints(),
        )
    }
    assert found == GOLDEN


def test_a_pool_is_known_by_what_is_in_it() -> None:
    @dataclass(frozen=True)
    class Elsewhere(Blank):
        path: str = "another name"

    assert specified(RealFrames(Elsewhere())) == specified(RealFrames(Blank()))
    assert specified(RealFrames(Blank(1))) != specified(RealFrames(Blank()))


def test_the_difference_between_two_specifications_is_told_by_its_path() -> None:
    small, large = specified(JointPGD(restarts=2)), specified(JointPGD(restarts=3, step=0.2))
    found = differences({"attack": small, "seed": 1}, {"attack": large, "seed": 2})
    assert sorted(found) == ["attack.restarts 2, not 3", "attack.step 0.1, not 0.2", "seed 1, not 2"]
    assert differences({"model": "a" * 64}, {"model": "b" * 64}) == ["model aaaaaaaaaaaa…, not bbbbbbbbbbbb…"]
    assert differences({"a": 1}, {"b": 1}) == ["its specification {'a': 1}, not {'b': 1}"]
    assert differences(small, small) == []
