"""Success against queries: what a black-box attack reaches with ever more questions to the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stumble.campaign.figures import reached
from stumble.metrics.intervals import subject_bootstrap

__all__ = ["QueryPoint", "query_curve"]


@dataclass(frozen=True)
class QueryPoint:
    """What so many queries of each sample are enough for.

    Attributes:
        queries: at most so many.
        percent: decisions that are as wanted, of `n`; untargeted, of those that were right.
        ci95: bootstrapped over people.
        n: decisions.
    """

    queries: int
    percent: float
    ci95: tuple[float, float]
    n: int


def query_curve(verdicts: pa.Table, queries: Sequence[int]) -> tuple[QueryPoint, ...]:
    """Success by queries, from the verdicts of an attack that stops at success.

    The attack stops at what it is told, the nearest of the whole gallery. Where the judge decides in each gallery view
    by itself, a decision counts from the queries of its sample on, which may be too few or too many for that view; in a
    pooled evaluation both are the same.
    """
    hits = reached(verdicts)
    targeted = verdicts["goal"][0].as_py() == "targeted"
    counted = hits | targeted | verdicts["correct_before"].to_numpy(zero_copy_only=False).astype(bool)
    used, people = verdicts["queries"].to_numpy(), verdicts["subject"].to_pylist()
    total, points = int(counted.sum()), []
    for limit in queries:
        enough = hits & (used <= limit)
        interval = subject_bootstrap(enough.astype(float), counted.astype(float), people)
        points.append(QueryPoint(limit, 100 * int(enough.sum()) / max(total, 1), interval, total))
    return tuple(points)
