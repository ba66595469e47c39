"""Run folder and workers, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

from stumble.attacks import OneStep
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.cell import Cell, cells_of
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Worker, prepared
from stumble.errors import DataError, SpecError


@dataclass(frozen=True)
class Started:
    folder: RunFolder
    cells: tuple[Cell, ...]


@pytest.fixture
def started(plan: Plan, tmp_path: Path) -> Started:
    cells = cells_of(plan, {name: bench.open(2**30) for name, bench in plan.benches.items()})
    folder = RunFolder(tmp_path / "run")
    folder.start(plan, cells, {})
    return Started(folder, cells)


def results(folder: RunFolder) -> list[dict[str, object]]:
    tables = [result.verdicts for result in read_results(folder)]
    return [row for table in tables if table is not None for row in table.to_pylist()]


def test_a_worker_does_all_shards(started: Started) -> None:
    events: list[Event] = []
    Worker(started.folder, events.append).run()
    assert [e.state for e in events].count("done") == 6
    for result in read_results(started.folder):
        assert result.verdicts is not None
        assert result.verdicts["sample"].to_pylist() == list(result.cell.samples)
    assert started.folder.provenance(started.cells[0].shards[0])["threads"] == 1


def test_a_bench_prepared_beforehand_gives_the_same(plan: Plan, started: Started, tmp_path: Path) -> None:
    Worker(started.folder).run()
    again = RunFolder(tmp_path / "again")
    again.start(plan, started.cells, {})
    benches = prepared(plan, "random")
    assert "evaluation" in vars(benches["random"])
    Worker(again, benches=benches).run()
    assert results(again) == results(started.folder)


def test_what_cannot_be_prepared_is_left_to_who_meets_it(plan: Plan, tmp_path: Path) -> None:
    assert prepared(replace(plan, benches={"random": ActionBench(str(tmp_path / "none.pt"), tmp_path)}), "random") == {}


def test_the_next_bench_is_the_first_with_something_left(plan: Plan, started: Started, tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "new").next_bench(plan) == started.folder.next_bench(plan) == "random"
    assert started.folder.next_bench(replace(plan, benches={"other": plan.benches["random"]})) is None
    Worker(started.folder).run()
    assert started.folder.next_bench(plan) is None


def test_what_there_is_so_far_is_read_once_with_what_made_it(started: Started) -> None:
    Worker(started.folder, stopping=iter([False] * 4 + [True]).__next__).run()
    looked: list[tuple[int, int]] = []
    whole, empty = read_results(started.folder, lambda done, total: looked.append((done, total)))
    assert looked == [(k, 6) for k in range(1, 7)]
    assert whole.verdicts is not None and len(whole.verdicts) == whole.attacked == 6 and len(whole.done) == 3
    assert whole.seconds == sum(made["seconds"] for made in whole.made) and {m["threads"] for m in whole.made} == {1}
    assert (empty.verdicts, empty.attacked, empty.done, empty.failures) == (None, 0, (), {})


def test_what_is_done_is_not_done_again(started: Started) -> None:
    Worker(started.folder, stopping=iter([False, False, True]).__next__).run()
    first = started.cells[0].shards[0]
    assert [shard for cell in started.cells for shard in cell.shards if started.folder.done(shard)] == [first]
    written = (started.folder.samples(first).parent / "verdicts.parquet").stat().st_mtime_ns
    events: list[Event] = []
    Worker(started.folder, events.append).run()
    assert str(first) not in {event.shard for event in events}
    assert (started.folder.samples(first).parent / "verdicts.parquet").stat().st_mtime_ns == written


def test_a_shard_in_other_hands_is_left_to_them(started: Started) -> None:
    shard = started.cells[0].shards[1]
    with started.folder.claimed(shard) as mine, RunFolder(started.folder.root).claimed(shard) as theirs:
        assert mine and not theirs
    with RunFolder(started.folder.root).claimed(shard) as theirs:
        assert theirs


def test_where_one_died_in_the_middle_nothing_is_half(started: Started) -> None:
    shard = started.cells[0].shards[0]
    left = started.folder.samples(shard).parent.with_name(".0000.4711")
    (left / "samples").mkdir(parents=True)
    (left / "samples" / "0000.npz").write_bytes(b"half")
    assert not started.folder.done(shard)
    Worker(started.folder).run()
    assert started.folder.done(shard)
    assert not left.exists()


def test_an_error_stays_with_its_shard(started: Started, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    attacked = OneStep.__call__
    broken = started.cells[1].samples[2]

    def call(self: OneStep, target: object, batch: object, *rest: object, **named: object) -> object:
        if self.budget.epsilon == 0.04 and broken in batch.ids:  # type: ignore[attr-defined]
            raise ValueError("no gradient today")
        return attacked(self, target, batch, *rest, **named)  # type: ignore[arg-type]

    events: list[Event] = []
    with monkeypatch.context() as patched:
        patched.setattr(OneStep, "__call__", call)
        Worker(started.folder, events.append).run()
    failed = started.cells[1].shards[1]
    assert [event.shard for event in events if event.state == "failed"] == [str(failed)]
    assert [event.state for event in events].count("done") == 5
    assert started.folder.failure(failed) == "no gradient today"
    assert read_results(started.folder)[1].failures == {str(failed): "no gradient today"}
    others: list[Event] = []
    Worker(started.folder, others.append).run()
    assert not others, "what has failed is tried again by another call, not by another worker of this one"
    started.folder.start(plan, started.cells, {})
    Worker(started.folder).run()
    assert started.folder.failure(failed) is None
    assert len(results(started.folder)) == 12


def test_a_shard_without_anything_to_aim_at_is_done_all_the_same(plan: Plan, tmp_path: Path) -> None:
    """A random network takes every clip for the same class."""
    bench = plan.benches["random"].open(2**30)
    first = bench.attack(plan.attacks["small"], "untargeted", 1, bench.samples[:1], tmp_path / "probe", print)
    seen = first["predicted_before"].to_pylist()[0]
    other = replace(plan, goals=(seen,), shard=1)
    cells = cells_of(other, {"random": bench})
    folder = RunFolder(tmp_path / "run")
    folder.start(other, cells, {})
    Worker(folder).run()
    assert all(folder.done(shard) for cell in cells for shard in cell.shards)
    for result in read_results(folder):
        assert result.attacked == 6 and (result.verdicts is None or len(result.verdicts) < 6)


def test_another_plan_in_the_same_folder_is_refused(started: Started, plan: Plan) -> None:
    other = replace(plan, seeds=(7,))
    cells = cells_of(other, {name: bench.open(2**30) for name, bench in other.benches.items()})
    with pytest.raises(
        SpecError, match=r"another plan \(.*\); expected the same plan, data and weights, or another --out"
    ):
        started.folder.start(other, cells, {})
    started.folder.start(plan, started.cells, {})


def test_a_folder_with_other_files_is_refused(started: Started, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")
    with pytest.raises(DataError, match="other files"):
        RunFolder(tmp_path / "letters").start(plan, started.cells, {})
    with pytest.raises(DataError, match=r"plan\.json"):
        RunFolder(tmp_path / "letters").cells()


def test_damage_is_named(started: Started) -> None:
    Worker(started.folder).run()
    first, second = started.cells[0].shards[:2]
    file = started.folder.samples(first).parent / "verdicts.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"0000/verdicts\.parquet.*remove its folder"):
        started.folder.verdicts(first)
    file.write_bytes((started.folder.samples(second).parent / "verdicts.parquet").read_bytes())
    with pytest.raises(DataError, match=r"the shard .*/1; expected"):
        started.folder.verdicts(first)
    cell = started.folder.root / "cells" / started.cells[0].id / "cell.json"
    content = json.loads(cell.read_text())
    content["specification"]["seed"] = 9
    cell.write_text(json.dumps(content))
    with pytest.raises(DataError, match="a cell whose specification is"):
        started.folder.cells()


def test_stored_samples_are_judged_again(started: Started, plan: Plan) -> None:
    Worker(started.folder).run()
    cell, shard = started.cells[1], started.cells[1].shards[2]
    bench = plan.benches["random"].open(2**30)
    stored = started.folder.verdicts(shard)
    again = bench.judge(plan.attacks["large"], "untargeted", 1, started.folder.samples(shard), stored)
    for name in ("sample", "predicted_after", "fooled", "margin_after", "violation_box", "steps"):
        assert again[name].to_pylist() == stored[name].to_pylist()
    assert isinstance(again, pa.Table) and cell.samples[4:] == tuple(again["sample"].to_pylist())
