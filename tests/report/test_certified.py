from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from stumble.campaign.attack_curve import AttackPoint
from stumble.campaign.certificates import CertifiedSummary, Level
from stumble.report.certified import certified_chart, certified_svg

CURVE = (Level(0.0, 90.0, (80.0, 95.0)), Level(1.0, 80.0, (70.0, 90.0)), Level(2.0, 40.0, (30.0, 50.0)))
SUMMARY = CertifiedSummary(40, 120, 96.0, 91.0, 1.0, 2.0, CURVE, 5.0, 0.2, 1.2)
ATTACKS = (AttackPoint(1.0, 10.0, 120, 2), AttackPoint(4.0, 1.0, 120, 1))


def test_certified_and_attacked_accuracy_share_an_axis() -> None:
    chart = certified_chart(SUMMARY, ATTACKS, "frames")
    assert [tick.label for tick in chart.ticks] == ["0", "1", "2", "3", "4"]
    assert [point.x for point in chart.certified] == [chart.ticks[k].x for k in (0, 1, 2)]
    assert [point.x for point in chart.attacked] == [chart.ticks[k].x for k in (1, 4)]
    assert [(point.y, point.low, point.high) for point in chart.certified][1] == (20.0, 30.0, 10.0)
    assert [point.y for point in chart.attacked] == [90.0, 99.0] and chart.plain == 4.0


def test_the_norm_of_a_box_is_marked_where_it_stands() -> None:
    curve = (Level(0.0, 90.0, (80.0, 95.0)), Level(0.02, 40.0, (30.0, 50.0)))
    summary = CertifiedSummary(40, 40, 96.0, 91.0, 1.0, 0.02, curve, 1100.0, 9.0, 80.0)
    chart = certified_chart(summary, (), "m", ("norm of the box", 0.35))
    assert chart.box is not None and chart.box.x == pytest.approx(97.0) and chart.box.detail == "0.35 m"
    assert chart.certified[1].x == pytest.approx(3 + 94 * 0.02 / 0.35)
    assert chart.written == chart.certified[:1]  # the other is too near to be written beside it
    assert [tick.label for tick in chart.ticks] == [f"{0.05 * k:g}" for k in range(8)]


def test_the_figure_says_what_it_shows_and_escapes_names() -> None:
    chart = certified_chart(SUMMARY, ATTACKS, "frames")
    text = certified_svg(chart, "frames that may be altered", "Partition of <model> & co", True)
    words = " ".join(ElementTree.fromstring(text).itertext())
    for told in (
        "Partition of <model> & co",
        "Synthetic data",
        "frames that may be altered",
        "proven right",
        "attacks",
    ):
        assert told in words
    assert "certified, 2 frames: 40.0 %" in words and "after attacks, 4 frames: 1.0 %" in words
    quiet = certified_svg(certified_chart(SUMMARY, (), "frames"), "frames", "real", False)
    assert "Synthetic" not in quiet and "attacks" not in "".join(ElementTree.fromstring(quiet).itertext())


def test_nothing_proven_is_a_point_at_the_origin() -> None:
    summary = CertifiedSummary(4, 4, 50.0, 0.0, 100.0, 0.0, (Level(0.0, 0.0, (0.0, 50.0)),), 5.0, 0.1, 1.1)
    chart = certified_chart(summary, (), "m")
    assert [(point.x, point.y) for point in chart.certified] == [(3.0, 100.0)]
