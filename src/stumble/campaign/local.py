"""Worker processes on this machine. Those whose parent dies finish the shard in hand and end.

Each worker has a pipe of its own, by which it tells what happens and hears that it is to stop. Nothing is shared among
them: a process that is killed may die with a lock in its hand, which would stop the others for good.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import DEATHS, Event, Executor, Worker
from stumble.errors import StumbleError

__all__ = ["LocalExecutor"]


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """So many processes, each with the plan's number of threads. One that dies is replaced.

    Attributes:
        workers: how many; None for as many as the processors allow.
    """

    workers: int | None = None

    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        crew = _Crew(folder.root, tell)
        interrupted = False
        left = sum(not folder.done(shard) for cell in folder.cells() for shard in cell.shards)
        for _ in range(min(left, self.workers or max(1, (os.cpu_count() or 1) // folder.plan.threads))):
            crew.hire()
        try:
            while crew.at_work:
                try:
                    crew.listen()
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    crew.stop()
        finally:
            crew.dismiss()
        if interrupted:
            raise KeyboardInterrupt
        if crew.trouble is not None:
            raise crew.trouble


@dataclass
class _Hired:
    """A worker: its process, our end of its pipe, and the shard in its hands."""

    process: SpawnProcess
    pipe: Connection
    shard: str = ""


@dataclass
class _Crew:
    """The workers, and who died over what."""

    root: Path
    tell: Callable[[Event], None]
    at_work: list[_Hired] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    trouble: StumbleError | None = None

    def hire(self) -> None:
        given_up = {shard for shard, count in self.deaths.items() if count >= DEATHS}
        context = mp.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(self.root, theirs, given_up), daemon=True)
        process.start()
        theirs.close()
        self.at_work.append(_Hired(process, ours))

    def listen(self) -> None:
        """Wait until somebody says something or dies, and see to it."""
        ready = wait([hired.pipe for hired in self.at_work])
        for hired in [hired for hired in self.at_work if hired.pipe in ready]:
            try:
                self._hear(hired, hired.pipe.recv())
            except (EOFError, OSError):  # it has ended, one way or the other
                self._let_go(hired)

    def stop(self) -> None:
        """Nobody takes another shard."""
        for hired in self.at_work:
            with suppress(OSError):
                hired.pipe.send("stop")

    def dismiss(self) -> None:
        for hired in self.at_work:
            hired.process.kill()
            hired.process.join()

    def _hear(self, hired: _Hired, event: Event | StumbleError) -> None:
        if isinstance(event, StumbleError):
            self.trouble = event
            self.stop()
            return
        hired.shard = event.shard if event.state in ("began", "samples") else ""
        self.tell(event)

    def _let_go(self, hired: _Hired) -> None:
        hired.process.join()
        hired.pipe.close()
        self.at_work.remove(hired)
        status = hired.process.exitcode
        if status == 0 or self.trouble is not None:
            return
        self.deaths[hired.shard] += 1
        if not hired.shard and self.deaths[""] >= DEATHS * (1 + len(self.at_work)):
            self.trouble = StumbleError(f"worker processes end with status {status} before they begin")
            self.stop()
            return
        if hired.shard and self.deaths[hired.shard] >= DEATHS:
            text = f"a worker died {DEATHS} times over it (status {status}); is there memory enough?"
            self.tell(Event("failed", hired.shard, text=text))
        self.hire()


def _work(root: Path, pipe: Connection, given_up: set[str]) -> None:
    """What a worker process does. Interruptions from the keyboard are for the one who started it.

    Anything that comes through the pipe means stop, and so does its end, when the other side has died.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Worker(RunFolder(root), pipe.send, pipe.poll, given_up).run()
    except BrokenPipeError:
        return
    except StumbleError as error:
        pipe.send(error)
