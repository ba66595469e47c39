"""Running a plan, wherever it is from: opened, cut into shards, done by an executor, with its progress shown."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stumble.campaign.bench import Tested
from stumble.campaign.cell import Cell, cells_of
from stumble.campaign.local import LocalExecutor
from stumble.campaign.plan import Plan
from stumble.campaign.records import provenance
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Executor
from stumble.cli.progress import Report, progress
from stumble.errors import SpecError

__all__ = ["Execution", "Finished", "carry_out"]


@dataclass(frozen=True)
class Execution:
    """Where the shards are done.

    Attributes:
        executor: "local" or "ray".
        workers: of the local executor; None for as many as the processors allow.
        address: of the Ray cluster; None starts one.
    """

    executor: Literal["local", "ray"]
    workers: int | None
    address: str | None

    def __post_init__(self) -> None:
        if self.executor == "ray" and self.workers is not None:
            raise SpecError("--workers is for the local executor; Ray counts the processors of its cluster")
        if self.executor == "local" and self.address is not None:
            raise SpecError("--address is for --executor ray")
        if self.workers is not None and self.workers < 1:
            raise SpecError(f"--workers is {self.workers}; expected at least 1")

    def cluster(self, tested: Mapping[str, Tested]) -> Executor:
        """Ray's executor of a plan with these benches. Raises SpecError where Ray is not installed."""
        try:
            from stumble.campaign.ray import RayExecutor
        except ImportError as error:
            text = f"--executor ray: {error}; expected Ray to be installed: pip install 'stumble[ray]'"
            raise SpecError(text) from error
        return RayExecutor(tested, self.address)


@dataclass(frozen=True)
class Finished:
    """A campaign as far as it could be done.

    Attributes:
        folder: of the campaign.
        tested: the plan's benches.
        failed: how many shards could not be done.
    """

    folder: RunFolder
    tested: Mapping[str, Tested]
    failed: int


def carry_out(plan: Plan, out: Path, execution: Execution, command_line: str) -> Finished:
    """Do what is left of a plan in its folder, and say which shards failed."""
    folder, local = RunFolder(out), LocalExecutor(execution.workers)
    with ExitStack() as early:
        first = folder.next_bench(plan)
        if execution.executor == "local" and first is not None:
            early.enter_context(local.early(plan, first))
        tested = _opened(plan)
        cells = cells_of(plan, tested)
        folder.start(plan, cells, provenance(command_line))
        with progress("campaign") as report:
            board = _Board(folder, cells, report)
            executor = local if execution.executor == "local" else execution.cluster(tested)
            executor.run(folder, board)
    kept = {str(shard): folder.failure(shard) for cell in cells for shard in cell.shards}
    failed = {shard: board.failed.get(shard, reason) for shard, reason in kept.items() if reason is not None}
    for reason, count in Counter(failed.values()).items():
        first = next(shard for shard, own in failed.items() if own == reason)
        print(f"stumble: {first}{f' and {count - 1} more' if count > 1 else ''}: {reason}", file=sys.stderr)
    if failed:
        print(f"stumble: {len(failed)} shards failed; the same command tries them again", file=sys.stderr)
    return Finished(folder, tested, len(failed))


def _opened(plan: Plan) -> dict[str, Tested]:
    tested = {}
    for name, bench in plan.benches.items():
        with progress(f"reading {name}") as report:
            tested[name] = bench.open(int(plan.memory * 2**30), report)
        for sample, reason in list(tested[name].left_out.items())[:5]:
            print(f"stumble: left out {sample}: {reason}", file=sys.stderr)
    return tested


@dataclass
class _Board:
    """Counts what workers tell."""

    folder: RunFolder
    cells: tuple[Cell, ...]
    report: Report
    failed: dict[str, str] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    _part: dict[str, int] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        for cell in self.cells:
            self._done |= {str(shard): len(shard.samples) for shard in cell.shards if self.folder.done(shard)}
        self._before = sum(self._done.values())
        self._show()

    def __call__(self, event: Event) -> None:
        if event.state == "samples":
            self._part[event.shard] = event.count
        elif event.state == "done":
            self._part.pop(event.shard, None)
            self.failed.pop(event.shard, None)
            self._done[event.shard] = event.count
        elif event.state == "failed":
            self._part.pop(event.shard, None)
            self.failed[event.shard] = event.text
        elif event.state == "stopping":
            print("\nstumble: finishing the shards in hand; interrupted again, they are lost", file=sys.stderr)
        self._show()

    def _show(self) -> None:
        total = sum(len(cell.samples) for cell in self.cells)
        done = sum(self._done.values()) + sum(self._part.values())
        whole = sum(all(str(shard) in self._done for shard in cell.shards) for cell in self.cells)
        rate = (done - self._before) / max(time.monotonic() - self._began, 1e-9)
        note = f"{whole} of {len(self.cells)} cells, {rate:.2g} sequences/s"
        self.report(done, total, f"{note}, {len(self.failed)} shards failed" if self.failed else note)
