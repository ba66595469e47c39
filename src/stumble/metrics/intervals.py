"""How far a percentage can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from jaxtyping import Int

from stumble.seeds import stream

__all__ = ["subject_bootstrap", "wilson"]


def wilson(successes: int | float, total: int | float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion of independent trials, in percent; (0, 100) without trials."""
    if total == 0:
        return 0.0, 100.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return 100 * max(centre - half, 0.0), 100 * min(centre + half, 1.0)


def subject_bootstrap(
    successes: Sequence[int | float] | np.ndarray,
    totals: Sequence[int | float] | np.ndarray,
    subjects: Sequence[str] | np.ndarray,
    *,
    groups: Sequence[str] | np.ndarray | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a ratio of sums, or of its mean over groups, in percent, from resampling subjects with all
    that belongs to them.

    Decisions of one subject are not independent, so subjects are the units that are drawn.

    Args:
        successes: of each row (a decision, or a sequence with several), how many succeeded.
        totals: of each row, how many there are; rows of 0 are ignored.
        subjects: whose row it is, by name or number.
        groups: such as the view of each row: the interval is that of the mean of the groups' percentages, in every
            resample of those that have rows in it. None: all rows are one group.

    Returns:
        (low, high). Where every resample gives the same percentage (one subject, or 0 or 100 % throughout)
        the bootstrap says nothing; then Wilson's interval as if each subject were one trial.
    """
    names, person = np.unique(np.asarray(subjects), return_inverse=True)
    kinds, group = np.unique(np.zeros(len(person)) if groups is None else np.asarray(groups), return_inverse=True)
    shape = len(names), len(kinds)
    hits, trials = (
        np.bincount(person * len(kinds) + group, np.asarray(values, float), math.prod(shape)).reshape(shape)
        for values in (successes, totals)
    )
    counted = trials.any(1)
    hits, trials = hits[counted], trials[counted]
    if len(trials) == 0:
        return 0.0, 100.0
    drawn = _drawn(len(trials), resamples, seed)
    with np.errstate(invalid="ignore"):  # a group without rows in a resample
        shares = np.nanmean((drawn @ hits) / (drawn @ trials), axis=1)
    if np.ptp(shares) < 1e-9:
        return wilson(float(shares[0]) * len(trials), len(trials), level)
    low, high = np.quantile(shares, [0.5 - level / 2, 0.5 + level / 2])
    return 100 * float(low), 100 * float(high)


@lru_cache(maxsize=16)
def _drawn(count: int, resamples: int, seed: int) -> Int[np.ndarray, "r s"]:
    """How often each of so many subjects is drawn in each resample: the same for all rows about the same people."""
    generator = stream(seed, "", "bootstrap over subjects")
    return generator.multinomial(count, np.full(count, 1 / count), size=resamples)
