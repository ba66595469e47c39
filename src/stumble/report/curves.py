"""Percentages as curves, panel beside panel, as an SVG document that stands alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.campaign.query_curve import QueryPoint

__all__ = ["Curve", "Panel", "curves_svg", "queries_svg"]


@dataclass(frozen=True)
class Curve:
    """Points of a curve: percent of the panel's width from the left, and the percentage it shows."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Panel:
    """Curves over one axis.

    Attributes:
        kind: its heading.
        ticks: percent of the width, and the label there.
        curves: the same labels in all panels, in the same order.
        of: the denominator, where it is not said elsewhere.
    """

    kind: str
    ticks: tuple[tuple[float, str], ...]
    curves: tuple[Curve, ...]
    of: str = ""


def curves_svg(panels: Sequence[Panel], measure: str, title: str, source: str) -> str:
    """The document.

    Args:
        measure: what the percentages are of.
        title: for readers who do not see it.
        source: which data the curves are from, for the reader.
    """
    environment = Environment(
        loader=PackageLoader("stumble.report", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("curves.svg")
    return template.render(panels=panels, measure=measure, title=title, source=source)


def queries_svg(panels: Mapping[str, Mapping[str, Sequence[QueryPoint]]], source: str) -> str:
    """Success against queries on a logarithmic axis: panels by heading, curves by label.

    Args:
        panels: all curves at the same numbers of queries, at least two of them; those of one panel are of the same
            decisions or clips, at least one.
    """
    drawn = []
    for kind, curves in panels.items():
        first = next(iter(curves.values()))
        counts = [point.queries for point in first]
        low, high = math.log(counts[0]), math.log(counts[-1])
        places = {count: 5 + 90 * (math.log(count) - low) / (high - low) for count in counts}
        drawn.append(
            Panel(
                kind,
                tuple((x, str(count)) for count, x in places.items()),
                tuple(
                    Curve(label, tuple((places[point.queries], point.percent) for point in points))
                    for label, points in curves.items()
                ),
                f"of {first[0].n}: {first[0].of}",
            )
        )
    return curves_svg(drawn, "success by queries", "Success of the attack against the number of queries", source)
