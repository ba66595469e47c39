"""Worker processes on this machine. Those whose parent is killed finish the shard in hand and end.

Each worker has a pipe of its own, by which it tells what happens and hears that it is to stop. Nothing is shared among
them: a process that is killed may die with a lock in its hand, which would stop the others for good.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from stumble.campaign.plan import Plan
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import DEATHS, Event, Executor, Worker, prepared
from stumble.errors import StumbleError
from stumble.spec import from_plain, to_plain
from stumble.training.memory import keep_freed_memory

__all__ = ["Hired", "LocalExecutor"]


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """So many processes, each with the plan's number of threads. One that dies is replaced.

    Attributes:
        workers: how many; None for as many as the processors allow.
        waiting: processes that were started beforehand.
    """

    workers: int | None = None
    waiting: list[Hired] = field(default_factory=list, compare=False, repr=False)

    def count(self, threads: int) -> int:
        """How many workers of so many threads there may be."""
        return self.workers or max(1, (os.cpu_count() or 1) // threads)

    @contextmanager
    def early(self, plan: Plan, bench: str) -> Iterator[None]:
        """Workers start and prepare one of the plan's benches, which takes seconds, while the block looks at what they
        will work on; those that are not needed end with it."""
        self.waiting.extend(_started((to_plain(plan), bench)) for _ in range(self.count(plan.threads)))
        try:
            yield
        finally:
            self._dismiss_waiting()

    def _dismiss_waiting(self) -> None:
        while self.waiting:
            self.waiting.pop().dismiss()

    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        crew = _Crew(folder, tell, self.waiting)
        interrupted = False
        left = sum(not folder.done(shard) for cell in folder.cells() for shard in cell.shards)
        for _ in range(min(left, self.count(folder.plan.threads))):
            crew.hire()
        self._dismiss_waiting()  # they would prepare what nobody needs
        try:
            while crew.at_work:
                try:
                    crew.listen()
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    tell(Event("stopping"))
                    crew.stop()
        finally:
            crew.dismiss()
        if crew.trouble is not None:
            raise crew.trouble
        if interrupted:
            raise KeyboardInterrupt


@dataclass
class Hired:
    """A worker: its process, our end of its pipe, and the shard in its hands."""

    process: SpawnProcess
    pipe: Connection
    shard: str = ""

    def dismiss(self) -> None:
        """At once."""
        self.process.kill()
        self.process.join()


@dataclass
class _Crew:
    """The workers, and who died over what."""

    folder: RunFolder
    tell: Callable[[Event], None]
    waiting: list[Hired]
    at_work: list[Hired] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    trouble: StumbleError | None = None
    stopped: bool = False

    def hire(self) -> None:
        hired = self.waiting.pop() if self.waiting else _started()
        with suppress(OSError):  # it has died; its pipe tells
            hired.pipe.send(self.folder.root)
        self.at_work.append(hired)

    def listen(self) -> None:
        """Wait until somebody says something or dies, and see to it."""
        ready = wait([hired.pipe for hired in self.at_work])
        for hired in [hired for hired in self.at_work if hired.pipe in ready]:
            try:
                self._hear(hired, hired.pipe.recv())
            except (EOFError, OSError):  # it has ended, one way or the other
                self._let_go(hired)

    def stop(self) -> None:
        """Nobody takes another shard, and nobody is hired."""
        self.stopped = True
        for hired in self.at_work:
            with suppress(OSError):
                hired.pipe.send("stop")

    def dismiss(self) -> None:
        for hired in self.at_work:
            hired.dismiss()

    def _hear(self, hired: Hired, event: Event | StumbleError) -> None:
        if isinstance(event, StumbleError):
            self.trouble = event
            self.stop()
            return
        hired.shard = event.shard if event.state in ("began", "samples") else ""
        self.tell(event)

    def _let_go(self, hired: Hired) -> None:
        hired.process.join()
        hired.pipe.close()
        self.at_work.remove(hired)
        status = hired.process.exitcode
        if status == 0 or self.stopped:
            return
        self.deaths[hired.shard] += 1
        if not hired.shard and self.deaths[""] >= DEATHS * (1 + len(self.at_work)):
            self.trouble = StumbleError(f"worker processes end with status {status} before they begin")
            self.stop()
            return
        if hired.shard and self.deaths[hired.shard] >= DEATHS:
            text = f"a worker died {DEATHS} times over it (status {status}); is there memory enough?"
            shards = (shard for cell in self.folder.cells() for shard in cell.shards)
            self.folder.fail(next(shard for shard in shards if str(shard) == hired.shard), StumbleError(text))
            self.tell(Event("failed", hired.shard, text=text))
        self.hire()


def _started(ahead: tuple[Any, str] | None = None) -> Hired:
    """A worker that waits for orders, and until they come prepares a bench of a plan. Interruptions from the keyboard
    are not for it, from its first moment on."""
    context = mp.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ahead), daemon=True)
    listening = signal.getsignal(signal.SIGINT)
    alone = threading.current_thread() is threading.main_thread()
    if alone:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        if alone:
            signal.signal(signal.SIGINT, listening)
    theirs.close()
    return Hired(process, ours)


def _work(pipe: Connection, ahead: tuple[Any, str] | None) -> None:
    """What a worker process does.

    The first thing that comes through the pipe says where; anything after it means stop, and so does its end, when the
    other side has died.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()

    def tell(event: Event | StumbleError) -> None:
        with suppress(ConnectionError):  # nobody listens any more; the shard in hand is finished all the same
            pipe.send(event)

    try:
        benches = {} if ahead is None else prepared(from_plain(ahead[0], Plan), ahead[1])
        Worker(RunFolder(pipe.recv()), tell, pipe.poll, benches).run()
    except (ConnectionError, EOFError):
        return
    except StumbleError as error:
        tell(error)
