from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

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
from stumble.campaign.cell import Cell, cells_of, specified
from stumble.campaign.plan import Plan
from stumble.data.frame_pool import FolderFrames
from stumble.errors import SpecError
from stumble.interfaces import Weights
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


GOLDEN = {
    "TemporalSparse": "1180b2109d1315c0",
    "PixelAttack": "61954b9b7f79fc0a",
    "RealFrames": "cbca5fe4bcb704df",
    "RandomFrames": "7d8891d54081dd10",
    "CIASA": "815359491ad0c769",
    "OneStep": "67989ba52002d9df",
    "JointPGD": "0fc9f0a23016f03f",
}


class Known(Weights):
    """Weights whose digest is told."""

    digest = "1" * 64

    def load(self) -> object:  # type: ignore[override]
        raise AssertionError


def test_identities_of_the_defaults() -> None:
    """A default that changes, or a field that is added, makes other results of the same name: it shows here."""
    pool = FolderFrames(Path("pool"))
    found = {
        type(attack).__name__: identity(specified(attack))[:16]
        for attack in (
            TemporalSparse(Known()),
            PixelAttack(),
            RealFrames(pool),
            RandomFrames(Known()),
            CIASA(),
            OneStep(),
            JointPGD(),
            RandomLatents(Known()),
            RandomJoints(),
        )
    }
    assert found == GOLDEN
