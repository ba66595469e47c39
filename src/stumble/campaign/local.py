"""Worker processes on this machine. Those whose parent dies finish the shard in hand and end."""

from __future__ import annotations

import multiprocessing as mp
import os
import queue
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event as Flag
from pathlib import Path

from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import DEATHS, Event, Executor, Worker
from stumble.errors import StumbleError

__all__ = ["LocalExecutor"]

_POLL = 0.2  # seconds


@dataclass
class LocalExecutor(Executor):
    """So many processes, each with the plan's number of threads. One that dies is replaced.

    Attributes:
        workers: how many; None for as many as the processors allow.
    """

    workers: int | None = None
    _stop: Flag = field(init=False, repr=False)

    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        context = mp.get_context("spawn")
        events: Queue[tuple[int, Event | str]] = context.Queue()
        self._stop = context.Event()
        wanted = self.workers or max(1, (os.cpu_count() or 1) // folder.plan.threads)
        crew = _Crew(lambda given_up: _started(context, folder.root, events, self._stop, given_up), tell)
        interrupted = False
        for _ in range(wanted):
            crew.hire()
        try:
            while crew.at_work:
                try:
                    crew.look(events)
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    self._stop.set()
        finally:
            crew.dismiss()
        if interrupted:
            raise KeyboardInterrupt
        if crew.trouble:
            raise StumbleError(crew.trouble)


@dataclass
class _Crew:
    """The processes at work, what each has in hand, and who died over what."""

    hired: Callable[[set[str]], SpawnProcess]
    tell: Callable[[Event], None]
    at_work: dict[int, SpawnProcess] = field(default_factory=dict)
    in_hand: dict[int, str] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    trouble: str = ""

    def hire(self) -> None:
        process = self.hired({shard for shard, count in self.deaths.items() if count >= DEATHS})
        assert process.pid is not None
        self.at_work[process.pid] = process

    def look(self, events: Queue[tuple[int, Event | str]]) -> None:
        """Hear what the workers tell, and replace those that died."""
        with suppress(queue.Empty):
            self._hear(*events.get(timeout=_POLL))
        self._replace()

    def dismiss(self) -> None:
        for process in self.at_work.values():
            process.kill()
            process.join()

    def _hear(self, pid: int, event: Event | str) -> None:
        if isinstance(event, str):
            self.trouble = event
            return
        if event.state == "began":
            self.in_hand[pid] = event.shard
        elif event.state in ("done", "failed"):
            self.in_hand.pop(pid, None)
        self.tell(event)

    def _replace(self) -> None:
        for pid, process in list(self.at_work.items()):
            if process.is_alive():
                continue
            process.join()
            del self.at_work[pid]
            shard = self.in_hand.pop(pid, None)
            if process.exitcode == 0 or self.trouble:
                continue
            if shard is None:
                self.trouble = f"a worker process ended with status {process.exitcode} before it could begin"
                continue
            self.deaths[shard] += 1
            if self.deaths[shard] >= DEATHS:
                text = f"a worker died {DEATHS} times over it (status {process.exitcode}); is there memory enough?"
                self.tell(Event("failed", shard, text=text))
            self.hire()


def _started(
    context: mp.context.SpawnContext,
    root: Path,
    events: Queue[tuple[int, Event | str]],
    stop: Flag,
    given_up: set[str],
) -> SpawnProcess:
    process = context.Process(target=_work, args=(root, events, stop, given_up), daemon=True)
    process.start()
    return process


def _work(root: Path, events: Queue[tuple[int, Event | str]], stop: Flag, given_up: set[str]) -> None:
    """What a worker process does. Interruptions from the keyboard are for the one who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid, parent = os.getpid(), os.getppid()

    def stopping() -> bool:
        if alone := os.getppid() != parent:
            events.cancel_join_thread()  # nobody reads what is still to be told
        return alone or stop.is_set()

    try:
        Worker(RunFolder(root), lambda event: events.put((pid, event)), stopping, given_up).run()
    except OSError as error:
        events.put((pid, f"{error.filename or root}: {error.strerror}"))
        stop.set()
    except StumbleError as error:
        events.put((pid, str(error)))
        stop.set()
