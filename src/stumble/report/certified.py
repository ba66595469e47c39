"""Certified accuracy against the radius, beside what attacks of that size leave, as an SVG document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.campaign.attack_curve import AttackPoint
from stumble.campaign.certificates import CertifiedSummary
from stumble.report.charts import Point, Tick
from stumble.report.wording import number

__all__ = ["CertifiedChart", "certified_chart", "certified_svg"]

_ROOM = 3.0  # percent of the width left free at both ends
_TICKS = 8
_APART = 6.0  # percent of the width between two values in writing


@dataclass(frozen=True)
class CertifiedChart:
    """Where the marks stand.

    Attributes:
        ticks: of the horizontal axis, linear from 0.
        certified: certified accuracy with its interval.
        attacked: what attacks on the recogniser as it is leave of its right answers; may be empty.
        plain: right answers of the recogniser as it is, in percent from the top.
        box: a norm to compare the radius with; None where there is none.
    """

    ticks: tuple[Tick, ...]
    certified: tuple[Point, ...]
    attacked: tuple[Point, ...]
    plain: float
    box: Tick | None

    @property
    def written(self) -> tuple[Point, ...]:
        """The certified points whose value has room beside them."""
        chosen: list[Point] = []
        for point in self.certified:
            if not chosen or point.x - chosen[-1].x >= _APART:
                chosen.append(point)
        return tuple(chosen)


def certified_chart(
    summary: CertifiedSummary, attacks: Sequence[AttackPoint], unit: str, box: tuple[str, float] | None = None
) -> CertifiedChart:
    """The chart.

    Args:
        summary: of the certificates.
        attacks: on the recogniser as it is.
        unit: of the radius, for the reader: "frames", "m".
        box: what to compare the radius with: its name, and its norm.
    """
    named = () if box is None else (box[1],)
    largest = max((level.radius for level in summary.curve), default=0.0)
    largest = max(largest, *named, *(point.radius for point in attacks), 0.0) or 1.0

    def x(radius: float) -> float:
        return _ROOM + (100 - 2 * _ROOM) * radius / largest

    def mark(radius: float, percent: float, interval: tuple[float, float], what: str) -> Point:
        low, high = interval
        text = f"{what}, {radius:.3g} {unit}: {number(percent)} %"
        return Point(x(radius), 100 - percent, 100 - low, 100 - high, percent, text)

    ticks = []
    for radius in _steps(largest, whole=unit == "frames"):
        ticks.append(Tick(x(radius), f"{radius:g}", f"{radius:g} {unit}"))
    return CertifiedChart(
        ticks=tuple(ticks),
        certified=tuple(mark(level.radius, level.percent, level.ci95, "certified") for level in summary.curve),
        attacked=tuple(mark(p.radius, p.percent, (p.percent, p.percent), "after attacks") for p in attacks),
        plain=100 - summary.plain,
        box=None if box is None else Tick(x(box[1]), box[0], f"{box[1]:.3g} {unit}"),
    )


def certified_svg(chart: CertifiedChart, axis: str, source: str, synthetic: bool) -> str:
    """The document.

    Args:
        axis: what the horizontal axis shows.
        source: which recogniser, method and data the curve is of.
        synthetic: whether the people are made up, which is said in the figure.
    """
    templates = Environment(
        loader=PackageLoader("stumble.report", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = templates.get_template("certified.svg")
    return template.render(chart=chart, axis=axis, source=source, synthetic=synthetic)


def _steps(largest: float, whole: bool) -> list[float]:
    """Round numbers from 0 to the largest, at most about eight."""
    rough = largest / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    step = max(step, 1.0) if whole else step
    return [float(f"{step * k:.6g}") for k in range(int(largest / step + 1e-9) + 1)]
