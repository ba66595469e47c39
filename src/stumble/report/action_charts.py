"""Where the marks of the charts on skeleton attacks stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stumble.report.action_wording import action_appearance, length, main_action
from stumble.report.actions import ActionRow, ActionSample
from stumble.report.charts import SHAPES, Point, Series, Tick
from stumble.report.wording import number

__all__ = ["EpsilonChart", "Prediction", "fooling_against_epsilon", "log_places", "predictions", "spaced"]

_ROOM = 6.0  # percent of the width left free at both ends
_CHARACTER = 2.5  # percent of the width that a character of a label takes on a phone


@dataclass(frozen=True)
class EpsilonChart:
    """Success of the attacks on all joints against epsilon.

    Attributes:
        ticks: values that occur, on a logarithmic axis; a value too near the one before it has no tick.
        series: the headline's attack first.
    """

    ticks: tuple[Tick, ...]
    series: tuple[Series, ...]


def fooling_against_epsilon(attacks: Sequence[ActionRow], unit: str) -> EpsilonChart | None:
    """A series for every attack and goal with one epsilon for all joints; None without any."""
    rows = [row for row in attacks if row.mode == "basic"]
    main = main_action(rows)
    if main is None:
        return None
    places = log_places(sorted({row.epsilon for row in rows}))
    series = []
    for index, (attack, goal) in enumerate(dict.fromkeys((row.attack, row.goal) for row in (main, *rows))):
        own = sorted((r for r in rows if (r.attack, r.goal) == (attack, goal)), key=lambda r: r.epsilon)
        shown = action_appearance(attack)
        label = f"{shown.label}, {goal.replace('-', ' ')}"
        points = tuple(_point(r, places[r.epsilon], f"{label}, {length(r.epsilon, unit)}") for r in own)
        series.append(Series(label, shown.role, index % SHAPES, index == 0, points))
    labels = {x: f"{1000 * value if unit == 'm' else value:.3g}" for value, x in places.items()}
    return EpsilonChart(spaced([Tick(x, label, label) for x, label in labels.items()]), tuple(series))


def spaced(ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """Those of the ticks, from left to right, whose labels do not run into one another."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.x - kept[-1].x >= _CHARACTER * (1 + (len(tick.label) + len(kept[-1].label)) / 2):
            kept.append(tick)
    return tuple(kept)


def log_places(values: Sequence[float]) -> dict[float, float]:
    """Logarithmic positions in percent of different values above 0, from small to large."""
    if len(values) == 1:
        return {values[0]: 50.0}
    low, high = math.log(values[0]), math.log(values[-1])
    return {v: _ROOM + (100 - 2 * _ROOM) * (math.log(v) - low) / (high - low) for v in values}


def _point(row: ActionRow, x: float, label: str) -> Point:
    s = row.summary
    low, high = s.ci95
    text = f"{label}: {number(s.success)} % ({number(low)} to {number(high)})"
    return Point(x, 100 - s.success, 100 - low, 100 - high, s.success, text)


@dataclass(frozen=True)
class Prediction:
    """How probable one class is to the recogniser.

    Attributes:
        name: of the class.
        before, after: the attack, in percent.
        role: "true class", "wanted class" or empty.
    """

    name: str
    before: float
    after: float
    role: str


def predictions(sample: ActionSample, count: int = 5) -> tuple[Prediction, ...]:
    """The classes that are most probable before or after the attack, and the wanted one in any case.

    In the order of their larger probability.
    """
    larger = np.maximum(sample.before, sample.after)
    order = np.argsort(-larger, kind="stable").tolist()
    shown = order[:count]
    if sample.wanted is not None and sample.wanted not in shown:
        shown[-1] = sample.wanted
    roles = {sample.wanted: "wanted class", sample.label: "true class"}
    return tuple(
        Prediction(sample.classes[k], 100 * float(sample.before[k]), 100 * float(sample.after[k]), roles.get(k, ""))
        for k in shown
    )
