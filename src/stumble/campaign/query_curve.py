"""Success against queries: what a black-box attack reaches with ever more questions to the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stumble.campaign.figures import Outcomes, column, rate

__all__ = ["QueryPoint", "query_curve"]


@dataclass(frozen=True)
class QueryPoint:
    """What so many queries of each sample are enough for.

    Attributes:
        queries: at most so many.
        percent: decisions (gait) or clips (actions) that are as wanted, of `n`; NaN of nothing.
        ci95: bootstrapped over people; Wilson's where the data does not tell them.
        n: those that success is counted among.
        of: which these are, as in `figures.Outcomes`.
    """

    queries: int
    percent: float
    ci95: tuple[float, float]
    n: int
    of: str


def query_curve(verdicts: pa.Table, queries: Sequence[int]) -> tuple[QueryPoint, ...]:
    """Success by queries, from the verdicts of an attack that stops at success; in the end it is that of `figures`.

    The attack stops at what it is told, in gait the nearest of the whole gallery. Where the judge decides in each
    gallery view by itself, a decision counts from the queries of its sample on, which may be too few or too many for
    that view; in a pooled evaluation both are the same.
    """
    outcomes, used = Outcomes.read([verdicts]), column(verdicts, "queries")
    points = []
    for limit in queries:
        found = rate(outcomes.reached & (used <= limit), outcomes.counted, outcomes.subjects)
        points.append(QueryPoint(limit, found.percent, (found.low, found.high), found.n, outcomes.of))
    return tuple(points)
