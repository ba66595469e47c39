from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from stumble.report import GaitReport
from stumble.report.charts import accuracy_against_sparsity


def test_marks_stand_at_their_rank1_and_sparsities_at_equal_ratios(report: GaitReport) -> None:
    middle = replace(report.attacks[0], sparsity=1 / 20)
    chart = accuracy_against_sparsity((*report.attacks, middle))
    assert chart is not None
    assert [tick.label for tick in chart.ticks] == ["1/40", "1/20", "1/10"]
    first, second, third = (tick.x for tick in chart.ticks)
    assert second - first == pytest.approx(third - second)
    assert 0 < first and third < 100
    main = chart.series[0]
    assert main.main and main.label == "Temporal sparse"
    assert [(p.x, p.y) for p in main.points] == [(first, 100 - 14.2), (second, 100 - 14.2), (third, 98.0)]
    assert (main.points[0].low, main.points[0].high) == (100 - 8.2, 100 - 20.2), "the interval of rank-1, from the top"


def test_marks_at_one_sparsity_do_not_cover_each_other(report: GaitReport) -> None:
    others = tuple(
        replace(report.attacks[2], attack=name) for name in ("random", "fgsm", "pgd", "mi-fgsm", "best-real")
    )
    chart = accuracy_against_sparsity((*report.attacks, *others))
    assert chart is not None
    at = sorted(series.points[0].x for series in chart.series)
    assert len(at) == 8
    assert min(b - a for a, b in pairwise(at)) > 2
    assert len({(series.role, series.shape) for series in chart.series}) == 8, "told apart without colour"


def test_only_untargeted_attacks_on_the_headlines_probes_are_drawn(report: GaitReport) -> None:
    coats = replace(report.attacks[2], condition="CL", attack="random")
    chart = accuracy_against_sparsity((*report.attacks, coats))
    assert chart is not None
    assert chart.condition == "NM"
    assert [series.label for series in chart.series] == ["Temporal sparse", "Random real", "PGD, 100 steps"]
    assert accuracy_against_sparsity(report.attacks[-1:]) is None
