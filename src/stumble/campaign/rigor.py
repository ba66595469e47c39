"""What in a campaign's own results speaks against them: attacks that were too weak, or did nothing.

After Carlini et al., "On Evaluating Adversarial Robustness" (2019): a larger budget or more effort must not do worse,
twice the effort should not do much better, no control may beat an attack, and a sample on which nothing changed has not
been attacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
from jaxtyping import Bool
from scipy.stats import binomtest

from stumble.campaign.cell import Cell
from stumble.campaign.figures import column, reached
from stumble.campaign.ladders import class_name, difference
from stumble.spec import identity

__all__ = ["CONTROLS", "Flag", "flags", "worst_case"]

CONTROLS = ("RandomFrames", "RealFrames")
"""Attacks that optimise nothing."""

_LEVEL = 0.05
_CONVERGED = 2.0  # points of success that twice the effort may add


@dataclass(frozen=True)
class Flag:
    """Something that speaks against a figure.

    Attributes:
        cell: whose figure.
        kind: "budget", "effort", "convergence", "control" or "unchanged".
        text: what was found, for the reader.
    """

    cell: Cell
    kind: str
    text: str


@dataclass(frozen=True)
class _Hits:
    """What a cell's attack reached, by sample (gait: and gallery view)."""

    cell: Cell
    rows: Mapping[tuple[str, ...], bool]


Results = Sequence[tuple[Cell, pa.Table]]


def flags(results: Results) -> tuple[Flag, ...]:
    """All flags of the cells, each with its verdicts."""
    found = [flag for cell, table in results for flag in _unchanged(cell, table)]
    for group in _groups(results).values():
        for first, second in combinations(group, 2):
            found += _compared(first, second)
    return tuple(found)


def worst_case(results: Results) -> dict[tuple[str, str], tuple[float, int]]:
    """For each bench and goal: the percentage of all decisions that at least one attack with one seed has where it
    wants them, and their number. Where some attacks were on fewer samples: of those that all were on.
    """
    worst: dict[tuple[str, str], tuple[float, int]] = {}
    for group in _groups(results, seeds=False).values():
        common = set(group[0].rows).intersection(*(hits.rows for hits in group[1:]))
        if common:
            fallen = sum(any(hits.rows[key] for hits in group) for key in common)
            entry = group[0].cell.entry
            worst[entry.bench, entry.goal] = 100.0 * fallen / len(common), len(common)
    return worst


def _groups(results: Results, seeds: bool = True) -> dict[tuple[str, str, int], list[_Hits]]:
    """Cells that differ in nothing but the attack, and the seed where that does not matter."""
    groups: dict[tuple[str, str, int], list[_Hits]] = {}
    for cell, table in results:
        if len(table):
            facts = identity(dict(cell.specification["bench"]))
            hits = _Hits(cell, dict(zip(_keys(table), reached(table).tolist(), strict=True)))
            groups.setdefault((facts, cell.entry.goal, cell.entry.seed if seeds else 0), []).append(hits)
    return groups


def _unchanged(cell: Cell, table: pa.Table) -> Iterator[Flag]:
    if not len(table):
        return
    same = column(table, "margin_before") == column(table, "margin_after")
    if same.any():
        rows = f"{int(same.sum())} of {len(table)} rows"
        text = (
            f"in {rows} the target answers exactly as before: a gradient that vanishes, or an attack that did nothing"
        )
        yield Flag(cell, "unchanged", text)


def _compared(first: _Hits, second: _Hits) -> Iterator[Flag]:
    common = [key for key in first.rows if key in second.rows]
    if not common:
        return
    a, b = (np.array([hits.rows[key] for key in common], bool) for hits in (first, second))
    attacks = [hits.cell.specification["attack"] for hits in (first, second)]
    controls = [class_name(attack) in CONTROLS for attack in attacks]
    if controls[0] != controls[1]:
        control, attack = ((first, a), (second, b)) if controls[0] else ((second, b), (first, a))
        if _more(control[1], attack[1]):
            name = control[0].cell.entry.attack
            text = f"the control {name!r} succeeds more often ({_rates(control[1], attack[1])})"
            yield Flag(attack[0].cell, "control", text)
        return
    if (found := difference(*attacks)) is None:
        return
    number, kind, low, high = found
    less, more = ((first.cell, a), (second.cell, b)) if low < high else ((second.cell, b), (first.cell, a))
    if _more(less[1], more[1]):
        text = f"{less[0].entry.attack!r}, with less {number}, succeeds more often ({_rates(less[1], more[1])})"
        yield Flag(more[0], kind, text)
    gained = 100 * float(more[1].mean() - less[1].mean())
    if kind == "effort" and max(low, high) <= 2 * min(low, high) and gained > _CONVERGED:
        text = f"not converged: {more[0].entry.attack!r}, with more {number}, has {gained:.1f} points more"
        yield Flag(less[0], "convergence", text)


def _keys(table: pa.Table) -> list[tuple[str, ...]]:
    columns = [table[name].to_pylist() for name in ("sample", "gallery_view") if name in table.column_names]
    return list(zip(*columns, strict=True))


def _more(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> bool:
    """Whether the first succeeds more often than chance makes it: a sign test on the rows where they differ."""
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    return wins > losses and bool(binomtest(wins, wins + losses, alternative="greater").pvalue < _LEVEL)


def _rates(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> str:
    return f"{100 * first.mean():.1f} against {100 * second.mean():.1f} % of {len(first)} rows"
