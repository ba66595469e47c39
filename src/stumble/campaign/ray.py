"""Shards on a Ray cluster, or on one that is started for the occasion.

Networks, sequences and galleries travel to each node once, through Ray's object store, and results travel back: nodes
need stumble installed, but neither data nor the folder of the campaign. Weights that an attack names by a file must be
there. A task whose worker or node dies is tried again elsewhere, which is Ray's doing.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import torch
from ray.exceptions import RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from stumble.campaign.bench import Tested
from stumble.campaign.cell import Cell, Shard
from stumble.campaign.plan import Plan
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import DEATHS, Event, Executor, made_here
from stumble.training.memory import keep_freed_memory

__all__ = ["RayExecutor"]

_POLL = 0.5  # seconds
_AHEAD = 2  # tasks for each place where one can run, so that none is idle

Files = dict[str, bytes]


@dataclass(frozen=True)
class RayExecutor(Executor):
    """Runs each shard as a task that asks for as many CPUs as the plan has threads.

    Attributes:
        tested: the plan's benches, looked at.
        address: of a cluster, such as "auto" or "ray://head:10001"; None starts one on this machine, and ends it.
    """

    tested: Mapping[str, Tested]
    address: str | None = None

    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        mine = not ray.is_initialized()
        if mine:
            ray.init(address=self.address, log_to_driver=False, include_dashboard=False if not self.address else None)
        try:
            benches = {name: ray.put(bench.held()) for name, bench in self.tested.items()}
            _Run(folder, folder.plan, tell, benches, _tally()).all()
        finally:
            if mine:
                ray.shutdown()


@dataclass
class _Run:
    folder: RunFolder
    plan: Plan
    tell: Callable[[Event], None]
    benches: Mapping[str, Any]
    tally: Any

    def all(self) -> None:
        left = deque((cell, shard) for cell in self.folder.cells() for shard in cell.shards)
        task = ray.remote(num_cpus=self.plan.threads, max_retries=DEATHS)(_attacked)
        shared, in_hand = ray.put(self.plan), dict[Any, tuple[Shard, ExitStack]]()
        interrupted = False
        while left or in_hand:
            try:
                for _ in range(len(left)):
                    if len(in_hand) >= self._places():
                        break
                    cell, shard = left.popleft()
                    if claim := self._claimed(shard, cell, left):
                        ref = task.remote(self.benches[cell.entry.bench], shared, cell, shard, self.tally)
                        in_hand[ref] = shard, claim
                        self.tell(Event("began", str(shard)))
                if left and not in_hand:
                    time.sleep(_POLL)  # all the others are in other hands
                ready, _ = ray.wait(list(in_hand), timeout=_POLL) if in_hand else ([], [])
                for ref in ready:
                    shard, claim = in_hand.pop(ref)
                    with claim:
                        self._store(shard, ref)
                self._listen({str(shard) for shard, _ in in_hand.values()})
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                self.tell(Event("stopping"))
                left.clear()
        if interrupted:
            raise KeyboardInterrupt

    def _listen(self, at_work: set[str]) -> None:
        """Progress of shards that are not done. It decides nothing, so that it may be lost."""
        with suppress(RayActorError):
            for name, count in ray.get(self.tally.taken.remote()).items():
                if name in at_work:
                    self.tell(Event("samples", name, count))

    def _places(self) -> int:
        return _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)) // self.plan.threads)

    def _claimed(self, shard: Shard, cell: Cell, left: deque[tuple[Cell, Shard]]) -> ExitStack | None:
        """The hold on a shard that is to be done; one in other hands goes back to the end of the line."""
        if self.folder.settled(shard):
            return None
        with ExitStack() as hold:
            if not hold.enter_context(self.folder.claimed(shard)):
                left.append((cell, shard))
            elif not self.folder.settled(shard):  # in the moment before
                return hold.pop_all()
        return None

    def _store(self, shard: Shard, ref: Any) -> None:
        try:
            table, files, made = ray.get(ref)
        except Exception as error:
            self.folder.fail(shard, error)
            self.tell(Event("failed", str(shard), text=(str(error) or type(error).__name__).strip().splitlines()[-1]))
            return

        def written(samples: Path) -> pa.Table:
            for name, content in files.items():
                (samples / name).write_bytes(content)
            return table

        self.folder.write(shard, written, made)
        self.tell(Event("done", str(shard), len(shard.samples)))


class _Tally:
    """How many sequences of a shard have been attacked, as the tasks tell it."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def note(self, shard: str, count: int) -> None:
        self.counts[shard] = count

    def taken(self) -> dict[str, int]:
        """What was told since the last time."""
        counts, self.counts = self.counts, {}
        return counts


def _tally() -> Any:
    """One for all tasks, on the node that asks it, which is the last to die."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor: Any = ray.remote(_Tally)
    return actor.options(num_cpus=0, scheduling_strategy=here).remote()


def _attacked(
    bench: Tested, plan: Plan, cell: Cell, shard: Shard, tally: Any
) -> tuple[pa.Table, Files, dict[str, object]]:
    """A shard, somewhere: verdicts, the files of samples, and what made them."""
    torch.set_num_threads(plan.threads)
    keep_freed_memory()
    entry = cell.entry
    with tempfile.TemporaryDirectory() as folder:
        table = bench.attack(
            plan.attacks[entry.attack],
            entry.goal,
            entry.seed,
            shard.samples,
            Path(folder),
            lambda done, total: tally.note.remote(str(shard), done),
        )
        files = {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}
    return table, files, made_here()
