"""Doing the shards of a campaign: whoever is at work takes the next one that is neither settled nor in other hands.

There is no scheduler and no queue. Any number of workers, of one call or of several, on one machine or on several with
a common file system, share the work by the locks of the run folder, and one that dies leaves nothing behind but its
unfinished shard, which the next one takes.
"""

from __future__ import annotations

import os
import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import torch

from stumble import __version__
from stumble.campaign.bench import Tested
from stumble.campaign.cell import Cell, Shard
from stumble.campaign.plan import Plan
from stumble.campaign.run_folder import RunFolder
from stumble.errors import StorageError, StumbleError

__all__ = ["DEATHS", "Event", "Executor", "Worker", "made_here", "prepared"]

DEATHS = 3
"""A shard in which so many workers have died is given up."""

_POLL = 0.5  # seconds until a worker looks again at shards that are in other hands

State = Literal["began", "samples", "done", "failed", "stopping"]


@dataclass(frozen=True)
class Event:
    """What a worker tells.

    Attributes:
        state: of the shard; or "stopping", of all: interrupted, they finish the shards in hand.
        shard: its name.
        count: samples attacked so far, where the state is "samples".
        text: why it failed.
    """

    state: State
    shard: str = ""
    count: int = 0
    text: str = ""


class Executor(ABC):
    """Where the shards of a campaign are done."""

    @abstractmethod
    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        """Work until nothing is left. Interrupted once, it lets the shards in hand be finished; twice, it ends.

        Raises:
            KeyboardInterrupt: it was interrupted.
            StumbleError: the folder cannot be written to, or nobody could begin.
        """


@dataclass
class Worker:
    """Takes shards until none is left, or until it is told to stop.

    Attributes:
        folder: of the campaign.
        tell: is told of what happens.
        stopping: asked before each shard.
        benches: those of the plan that were opened already; the others are as they are met.
    """

    folder: RunFolder
    tell: Callable[[Event], None] = lambda event: None
    stopping: Callable[[], bool] = lambda: False
    benches: dict[str, Tested] = field(default_factory=dict, repr=False)

    def run(self) -> None:
        """Work. What goes wrong with one shard is kept with it, for all workers, and the others go on.

        Raises:
            StorageError: the disk is full, or the folder cannot be written to: nothing else would fare better.
        """
        plan = self.folder.plan
        torch.set_num_threads(plan.threads)
        left = [(cell, shard) for cell in self.folder.cells() for shard in cell.shards]
        while left and not self.stopping():
            waiting = []
            for cell, shard in left:
                if self.stopping():
                    return
                if self.folder.settled(shard):
                    continue
                with self.folder.claimed(shard) as mine:
                    if not mine:
                        waiting.append((cell, shard))
                    elif not self.folder.settled(shard):
                        self._do(cell, shard)
            left = waiting
            if left:
                time.sleep(_POLL)

    def _do(self, cell: Cell, shard: Shard) -> None:
        self.tell(Event("began", str(shard)))
        try:
            self.folder.write(shard, lambda samples: self._attack(cell, shard, samples), made_here())
        except StorageError:
            raise
        except Exception as error:
            self.folder.fail(shard, error)
            self.tell(Event("failed", str(shard), text=str(error) or type(error).__name__))
        else:
            self.tell(Event("done", str(shard), len(shard.samples)))

    def _attack(self, cell: Cell, shard: Shard, samples: Path) -> pa.Table:
        entry, plan = cell.entry, self.folder.plan
        bench = self._bench(entry.bench)
        if bench.facts != cell.specification["bench"]:
            raise StumbleError(f"{entry.bench}: weights or data are no longer those that the campaign began with")
        return bench.attack(
            plan.attacks[entry.attack],
            entry.goal,
            entry.seed,
            shard.samples,
            samples,
            lambda done, total: self.tell(Event("samples", str(shard), done)),
        )

    def _bench(self, name: str) -> Tested:
        if name not in self.benches:
            plan = self.folder.plan
            self.benches[name] = plan.benches[name].open(int(plan.memory * 2**30))
        return self.benches[name]


def prepared(plan: Plan, name: str) -> dict[str, Tested]:
    """A bench of a plan, opened and prepared with the plan's threads; nothing where that cannot be done, which whoever
    opens it for the campaign will be told."""
    torch.set_num_threads(plan.threads)
    with suppress(Exception):
        tested = plan.benches[name].open(int(plan.memory * 2**30))
        tested.prepare()
        return {name: tested}
    return {}


def made_here() -> dict[str, object]:
    """What made a shard: versions, threads, host and process."""
    return {
        "version": __version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "host": platform.node(),
        "process": os.getpid(),
    }
