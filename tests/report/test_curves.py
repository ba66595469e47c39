from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from stumble.campaign.query_curve import QueryPoint
from stumble.report.curves import queries_svg

SPACE = "{http://www.w3.org/2000/svg}"


def points(*values: float) -> list[QueryPoint]:
    return [QueryPoint(10**k, float(value), (0.0, 100.0), 40, "all decisions") for k, value in enumerate(values, 1)]


def test_success_against_queries() -> None:
    curves = {"evolution": points(0, 40, 90), "<random>": points(0, 10, 20)}
    drawing = ElementTree.fromstring(queries_svg({"untargeted": curves, "targeted": curves}, "synthetic data"))
    texts = [text.text for text in drawing.iter(f"{SPACE}text")]
    assert "untargeted: success by queries, percent" in texts and "synthetic data" in texts
    assert texts.count("of 40: all decisions") == 2
    assert {"10", "100", "1000", "evolution", "<random>"} <= set(texts)
    marks = list(drawing.iter(f"{SPACE}circle"))[:3]
    assert [(280 - float(mark.get("cy", 0))) / 2.2 for mark in marks] == pytest.approx([0, 40, 90], abs=0.1)
    first, middle, last = (float(mark.get("cx", 0)) for mark in marks)
    assert middle - first == pytest.approx(last - middle, abs=0.11), "a logarithmic axis"
