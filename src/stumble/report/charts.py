"""Where the marks of a chart stand. Drawing them is the template's business."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stumble.report.gait import AttackRow
from stumble.report.wording import Role, appearance, main_row, number, sparsity

__all__ = ["SHAPES", "Point", "Series", "SparsityChart", "Tick", "accuracy_against_sparsity"]

SHAPES = 8
"""Markers that a chart can tell apart."""


@dataclass(frozen=True)
class Tick:
    """A value of the horizontal axis at x percent of its width."""

    x: float
    label: str
    detail: str


@dataclass(frozen=True)
class Point:
    """A mark at (x, y) percent of the plot, y from the top; its interval reaches from `low` up to `high`."""

    x: float
    y: float
    low: float
    high: float
    value: float
    text: str


@dataclass(frozen=True)
class Series:
    """One attack at one or several sparsities.

    Attributes:
        label: its name.
        role: decides the colour.
        shape: number of the marker's shape, in 0..7; 0 is the main attack's.
        main: whether its interval is drawn as a band.
        points: from few frames to many.
    """

    label: str
    role: Role
    shape: int
    main: bool
    points: tuple[Point, ...]

    @property
    def steps(self) -> tuple[tuple[Point, Point], ...]:
        """Each point with the next."""
        return tuple(pairwise(self.points))

    @property
    def band(self) -> str:
        """The outline of the interval, as the points of an SVG polygon."""
        upper = [f"{p.x:.3f},{p.high:.3f}" for p in self.points]
        lower = [f"{p.x:.3f},{p.low:.3f}" for p in reversed(self.points)]
        return " ".join(upper + lower)


@dataclass(frozen=True)
class SparsityChart:
    """Untargeted rank-1 on one kind of probes against the share of frames that the adversary has.

    Attributes:
        condition: the kind.
        clean: rank-1 of the same probes unattacked, percent.
        ticks: the sparsities that occur, on a logarithmic axis.
        series: the main attack first.
    """

    condition: str
    clean: float
    ticks: tuple[Tick, ...]
    series: tuple[Series, ...]


def accuracy_against_sparsity(attacks: Sequence[AttackRow]) -> SparsityChart | None:
    """The chart for the condition of the headline; None without untargeted attacks.

    Marks of several attacks at one sparsity stand side by side in the order of the series, the main attack on the
    sparsity itself.
    """
    untargeted = [row for row in attacks if row.summary.goal == "untargeted"]
    main = main_row(untargeted)
    if main is None:
        return None
    rows = [row for row in untargeted if row.condition == main.condition]
    places = _places(sorted({row.sparsity for row in rows}))
    names = list(dict.fromkeys((row.attack, row.edit) for row in (main, *rows)))
    spread = _offsets(len(names), 0.8 * 100 / len(places))
    series = []
    for index, (attack, edit) in enumerate(names):
        own = sorted((r for r in rows if (r.attack, r.edit) == (attack, edit)), key=lambda r: r.sparsity)
        shown = appearance(attack)
        label = shown.label + (" (inserted)" if edit == "insert" else "")
        points = tuple(_point(r, places[r.sparsity] + spread[index], label) for r in own)
        series.append(Series(label, shown.role, index % SHAPES, index == 0, points))
    ticks = tuple(Tick(x, sparsity(s), f"{100 * s:.3g} %") for s, x in places.items())
    return SparsityChart(main.condition, main.summary.rank1_clean, ticks, tuple(series))


def _places(values: Sequence[float]) -> dict[float, float]:
    """Logarithmic positions in percent, with half a step of room at both ends."""
    room = 50 / len(values)
    if len(values) == 1:
        return {values[0]: room}
    low, high = math.log(values[0]), math.log(values[-1])
    return {v: room + (100 - 2 * room) * (math.log(v) - low) / (high - low) for v in values}


def _offsets(count: int, width: float) -> list[float]:
    """Horizontal shifts in percent: 0 for the first, then alternately right and left of it."""
    step = min(3.6, width / count)
    return [step * ((i + 1) // 2) * (1 if i % 2 else -1) for i in range(count)]


def _point(row: AttackRow, x: float, label: str) -> Point:
    s = row.summary
    low, high = s.rank1_ci95
    text = f"{label}, {sparsity(row.sparsity)}: rank-1 {number(s.rank1)} % ({number(low)} to {number(high)})"
    return Point(x, 100 - s.rank1, 100 - low, 100 - high, s.rank1, text)
