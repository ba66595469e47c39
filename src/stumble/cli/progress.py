"""How far a command is: a bar at a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Report", "progress"]

_SECONDS_BETWEEN_LINES = 10.0


@runtime_checkable
class Report(Protocol):
    """Is told how many of how many are done, and what there is to say about it."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """Shows on stderr what is being done and how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with _Bar(*columns, console=console, speed_estimate_period=300) as bars:
        task = bars.add_task(what, total=None, note="")
        yield lambda done, total, note="": bars.update(task, completed=done, total=total, note=note)


class _Bar(Progress):
    """With its note on a line below."""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["note"]:
                yield Text(f"  {task.fields['note']}")


class _Lines:
    def __init__(self, what: str) -> None:
        self.what, self.next = what, time.monotonic() + _SECONDS_BETWEEN_LINES
        self.first: tuple[float, int] | None = None

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        self.first = self.first or (now, done)
        if done == total or now >= self.next:
            parts = f"{self.what}: {done}/{total}", self._left(now, done, total), note
            print("; ".join(filter(None, parts)), file=sys.stderr, flush=True)
            self.next = now + _SECONDS_BETWEEN_LINES

    def _left(self, now: float, done: int, total: int) -> str:
        """How long it will take, if it goes on as it went since this began."""
        assert self.first is not None
        began, before = self.first
        if done in (total, before):
            return ""
        seconds = (now - began) / (done - before) * (total - done)
        unit, size = next((u, s) for u, s in (("h", 3600), ("min", 60), ("s", 1)) if seconds >= 2 * s or s == 1)
        return f"about {seconds / size:.0f} {unit} left"
