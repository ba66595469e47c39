"""`stumble run PLAN.yaml`"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from stumble.campaign.bench import Tested
from stumble.campaign.cell import Cell, cells_of
from stumble.campaign.local import LocalExecutor
from stumble.campaign.plan import read_plan
from stumble.campaign.records import provenance
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Executor
from stumble.cli.campaign_table import results_of, results_table, show_rigor
from stumble.cli.progress import Report, progress
from stumble.errors import SpecError

__all__ = ["run_plan"]


def run_plan(
    file: Path,
    out: Path,
    executor: Literal["local", "ray"],
    workers: int | None,
    address: str | None,
    limit: int | None,
    command_line: str,
) -> int:
    """Run a plan; see `stumble run`. Returns 1 where shards could not be done."""
    if executor == "ray" and workers is not None:
        raise SpecError("--workers is for the local executor; Ray counts the processors of its cluster")
    if executor == "local" and address is not None:
        raise SpecError("--address is for --executor ray")
    if workers is not None and workers < 1:
        raise SpecError(f"--workers is {workers}; expected at least 1")
    plan = read_plan(file).limited(limit)
    tested = {}
    for name, bench in plan.benches.items():
        with progress(f"reading {name}") as report:
            tested[name] = bench.open(int(plan.memory * 2**30), report)
        for sample, reason in list(tested[name].left_out.items())[:5]:
            print(f"stumble: left out {sample}: {reason}", file=sys.stderr)
    folder, cells = RunFolder(out), cells_of(plan, tested)
    folder.start(plan, cells, provenance(command_line))
    with progress("campaign") as report:
        board = _Board(folder, cells, report)
        _executor(executor, tested, workers, address).run(folder, board)
    results = results_of(folder)
    Console().print(results_table(results))
    show_rigor(results)
    for shard, reason in board.failed.items():
        print(f"stumble: {shard}: {reason}", file=sys.stderr)
    if board.failed:
        print(f"stumble: {len(board.failed)} shards failed; the same command tries them again", file=sys.stderr)
    print(f"`stumble report {out}` shows it as a page")
    return int(bool(board.failed))


def _executor(name: str, tested: Mapping[str, Tested], workers: int | None, address: str | None) -> Executor:
    if name == "local":
        return LocalExecutor(workers)
    try:
        from stumble.campaign.ray import RayExecutor
    except ImportError as error:
        raise SpecError(f"--executor ray: {error}; expected Ray to be installed: pip install 'stumble[ray]'") from error
    return RayExecutor(tested, address)


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
            self._done[event.shard] = event.count
        elif event.state == "failed":
            self._part.pop(event.shard, None)
            self.failed[event.shard] = event.text
        self._show()

    def _show(self) -> None:
        total = sum(len(cell.samples) for cell in self.cells)
        done = sum(self._done.values()) + sum(self._part.values())
        whole = sum(all(str(shard) in self._done for shard in cell.shards) for cell in self.cells)
        rate = (done - self._before) / max(time.monotonic() - self._began, 1e-9)
        note = f"{whole} of {len(self.cells)} cells, {rate:.2g} sequences/s"
        self.report(done, total, f"{note}, {len(self.failed)} shards failed" if self.failed else note)
