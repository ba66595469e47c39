"""What came of an attack on silhouettes, as the paper's tables have it: by kind and view of the probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from stumble.campaign.breakdown import kinds
from stumble.campaign.figures import column
from stumble.campaign.presets.gait import ALL, GaitPreset, GaitRow, Measure
from stumble.campaign.results import CellResult
from stumble.metrics.intervals import subject_bootstrap

__all__ = ["Dynamic", "GaitFigures", "GaitOutcome", "dynamic", "figures", "gait_outcomes"]


@dataclass(frozen=True)
class GaitFigures:
    """One line of a table, in percent.

    Attributes:
        views: by the probe's view; empty where they are taken together.
        mean: of the views, or of all decisions; None where nothing is counted.
        ci95: of the mean, bootstrapped over people; None likewise.
        n: decisions, of "fooling" those that were right.
    """

    views: Mapping[str, float]
    mean: float | None
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class GaitOutcome:
    """A row with its figures.

    Attributes:
        row: the attack.
        after, before: by kind of probe, or of `ALL`; before the attack is fooling nothing.
        verdicts: the judge's table, a row per decision.
    """

    row: GaitRow
    after: Mapping[str, GaitFigures]
    before: Mapping[str, GaitFigures]
    verdicts: pa.Table


@dataclass(frozen=True)
class Dynamic:
    """As many frames as it takes.

    Attributes:
        fooling: percent of the decisions that were right, wrong with at least one of the numbers of frames; None where
            none was right.
        frames: mean of the first number that does it, over those; None where there are none.
        most: the largest number that was tried.
        n: decisions that were right.
    """

    fooling: float | None
    frames: float | None
    most: int
    n: int


def gait_outcomes(preset: GaitPreset, results: Sequence[CellResult]) -> tuple[GaitOutcome, ...]:
    """All rows in order. Raises DataError where nothing is there of one."""
    found = []
    for row, _, verdicts in preset.found(results):
        parts = _parts(verdicts) if preset.apart else {ALL: verdicts}
        after, before = (
            {kind: figures(part, preset.measure, when, preset.apart) for kind, part in parts.items()}
            for when in ("after", "before")
        )
        found.append(GaitOutcome(row, after, before, verdicts))
    return tuple(found)


def figures(verdicts: pa.Table, measure: Measure, when: str = "after", apart: bool = True) -> GaitFigures:
    """A line of a table.

    Args:
        when: "after" or "before" the attack.
        apart: by view, or all views together.
    """
    hits, counted = _hits(verdicts, measure, when)
    view = np.array(verdicts["view"].to_pylist() if apart else [ALL] * len(verdicts))
    views = {
        str(one): 100 * float((hits & counted & (view == one)).sum()) / int((counted & (view == one)).sum())
        for one in np.unique(view)
        if (counted & (view == one)).any()
    }
    if not views:
        return GaitFigures({}, None, None, 0)
    interval = subject_bootstrap(hits & counted, counted, verdicts["subject"].to_pylist(), groups=view)
    return GaitFigures(views if apart else {}, float(np.mean(list(views.values()))), interval, int(counted.sum()))


def dynamic(outcomes: Sequence[GaitOutcome]) -> Dynamic:
    """From rows of ever more frames, in that order, 1, 2, 3, …"""
    first: dict[tuple[str, str], int] = {}
    right: set[tuple[str, str]] = set()
    for count, outcome in enumerate(outcomes, 1):
        hits, counted = _hits(outcome.verdicts, "fooling", "after")
        names = (outcome.verdicts[name].to_pylist() for name in ("sample", "gallery_view"))
        for key, hit, was_right in zip(zip(*names, strict=True), hits.tolist(), counted.tolist(), strict=True):
            if was_right:
                right.add(key)
            if was_right and hit:
                first.setdefault(key, count)
    share = 100 * len(first) / len(right) if right else None
    frames = sum(first.values()) / len(first) if first else None
    return Dynamic(share, frames, len(outcomes), len(right))


def _parts(verdicts: pa.Table) -> dict[str, pa.Table]:
    """By kind of probe, in the paper's order."""
    own = kinds(verdicts)
    order = sorted(set(own.tolist()), key=("NM", "BG", "CL").index)
    return {kind: verdicts.filter(own == kind) for kind in order}


def _hits(verdicts: pa.Table, measure: Measure, when: str) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Decision by decision, whether it is what the measure counts, and whether the measure asks about it."""
    right = column(verdicts, f"correct_{when}").astype(bool)
    if measure == "fooling":
        return ~right, column(verdicts, "correct_before").astype(bool)
    hits = right if measure == "rank1" else column(verdicts, f"hit_{when}").astype(bool)
    return hits, np.ones(len(hits), bool)
