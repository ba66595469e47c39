from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from stumble.report import ActionReport, ActionSample
from stumble.report.action_charts import fooling_against_epsilon, predictions, spaced
from stumble.report.charts import Tick


def test_a_series_for_every_attack_and_goal(actions: ActionReport) -> None:
    chart = fooling_against_epsilon(actions.attacks, "m")
    assert chart is not None
    assert [series.label for series in chart.series] == [
        "CIASA, least likely",
        "One step, untargeted",
        "One step, least likely",
    ]
    main = chart.series[0]
    assert main.main and [point.y for point in main.points] == [28.5, 2.5], "the localized attack is not among them"
    assert (main.points[1].low, main.points[1].high) == (6.0, 1.0)
    assert len({(series.role, series.shape) for series in chart.series}) == 3, "told apart without colour"


def test_equal_ratios_are_equally_far_apart(actions: ActionReport) -> None:
    rows = [replace(actions.attacks[0], epsilon=epsilon) for epsilon in (0.005, 0.01, 0.02, 0.0201)]
    chart = fooling_against_epsilon(rows, "m")
    assert chart is not None
    assert [tick.label for tick in chart.ticks] == ["5", "10", "20"], "no two labels on one another"
    first, second, third = (tick.x for tick in chart.ticks)
    assert second - first == pytest.approx(third - second)
    assert all(b.x > a.x for a, b in pairwise(chart.series[0].points))
    single = fooling_against_epsilon(rows[:1], "m")
    assert single is not None and single.ticks[0].x == 50
    assert fooling_against_epsilon(actions.attacks[2:3], "m") is None


def test_the_longer_the_labels_the_further_apart_they_stand() -> None:
    kept = {label: spaced([Tick(x, label, "") for x in (0.0, 8.0, 16.0, 24.0)]) for label in ("1", "0.012")}
    assert [tick.x for tick in kept["1"]] == [0, 8, 16, 24]
    assert [tick.x for tick in kept["0.012"]] == [0, 16]


def test_the_most_probable_classes_before_or_after(action: Callable[..., ActionSample]) -> None:
    bars = predictions(action())
    assert [bar.name for bar in bars] == ["walk", "bow", "run", "jump", "wave"]
    assert (bars[0].before, bars[0].after, bars[0].role) == (90.0, 2.0, "true class")
    assert bars[1].role == "wanted class" and bars[2].role == ""


def test_the_wanted_class_is_shown_however_improbable(action: Callable[..., ActionSample]) -> None:
    after = np.array([0.3, 0.3, 0.3, 0.06, 0.02, 0.0, 0.02])
    bars = predictions(replace(action(), after=after))
    assert [bar.name for bar in bars] == ["walk", "run", "jump", "wave", "bow"]
