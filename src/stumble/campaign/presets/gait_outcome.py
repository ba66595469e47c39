"""What came of an attack on silhouettes, as the paper's tables have it: by kind and view of the probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from stumble.campaign.presets.gait import ALL, GaitPreset, GaitRow, Measure
from stumble.campaign.run_folder import RunFolder
from stumble.metrics.intervals import subject_bootstrap

__all__ = ["Dynamic", "GaitFigures", "GaitOutcome", "dynamic", "figures", "gait_outcomes"]


@dataclass(frozen=True)
class GaitFigures:
    """One line of a table, in percent.

    Attributes:
        views: by the probe's view; empty where they are taken together.
        mean: of the views, or of all decisions.
        ci95: of all decisions, bootstrapped over people.
        n: decisions, of "fooling" those that were right.
    """

    views: Mapping[str, float]
    mean: float
    ci95: tuple[float, float]
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
        fooling: percent of the decisions that were right, wrong with at least one of the numbers of frames.
        frames: mean of the first number that does it, over those.
        most: the largest number that was tried.
        n: decisions that were right.
    """

    fooling: float
    frames: float
    most: int
    n: int


def gait_outcomes(preset: GaitPreset, folder: RunFolder) -> tuple[GaitOutcome, ...]:
    """All rows in order. Raises DataError where nothing is there of one."""
    found = []
    for row, _, verdicts in preset.found(folder):
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
    interval = subject_bootstrap((hits & counted).astype(float), counted.astype(float), verdicts["subject"].to_pylist())
    mean = float(np.mean(list(views.values()) or [0.0]))
    return GaitFigures(views if apart else {}, mean, interval, int(counted.sum()))


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
    share = 100 * len(first) / max(len(right), 1)
    return Dynamic(share, sum(first.values()) / max(len(first), 1), len(outcomes), len(right))


def _parts(verdicts: pa.Table) -> dict[str, pa.Table]:
    """By kind of probe, in the paper's order."""
    kinds = [condition.partition("-")[0].upper() for condition in verdicts["condition"].to_pylist()]
    order = sorted(set(kinds), key=lambda kind: ("NM", "BG", "CL").index(kind))
    return {kind: verdicts.filter(pa.array([one == kind for one in kinds])) for kind in order}


def _hits(verdicts: pa.Table, measure: Measure, when: str) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Decision by decision, whether it is what the measure counts, and whether the measure asks about it."""

    def column(name: str) -> Bool[np.ndarray, " n"]:
        return verdicts[name].to_numpy(zero_copy_only=False).astype(bool)

    if measure == "fooling":
        return ~column(f"correct_{when}"), column("correct_before")
    hits = column(f"{'correct' if measure == 'rank1' else 'hit'}_{when}")
    return hits, np.ones(len(hits), bool)
