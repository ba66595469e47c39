"""What in a campaign's own results speaks against them: attacks that were too weak, or did nothing.

After Carlini et al., "On Evaluating Adversarial Robustness" (2019): a larger budget or more effort must not do worse,
twice the effort should not do much better, no control may beat an attack, and a sample on which nothing changed has not
been attacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float
from scipy.stats import binomtest

from stumble.campaign.cell import Cell
from stumble.spec import identity

__all__ = ["Flag", "flags", "reached", "worst_case"]

_BUDGETS = ("epsilon", "share", "frames", "distortion")
_EFFORTS = ("iterations", "restarts", "starts", "count")
_CONTROLS = ("RandomFrames", "RealFrames")
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


Results = Sequence[tuple[Cell, pa.Table]]


def flags(results: Results) -> tuple[Flag, ...]:
    """All flags of the cells, each with its verdicts."""
    found = [flag for cell, table in results for flag in _unchanged(cell, table)]
    for group in _groups(results).values():
        for (first, ours), (second, theirs) in combinations(group, 2):
            found += _compared(first, ours, second, theirs)
    return tuple(found)


def worst_case(results: Results) -> dict[str, tuple[float, int]]:
    """For each goal of each bench, "BENCH · GOAL": the percentage of decisions that at least one attack with one seed
    has where it wants them, and their number. Where some attacks were on fewer samples: of those that all were on.
    """
    worst: dict[str, tuple[float, int]] = {}
    for group in _groups(results, seeds=False).values():
        hits = [dict(zip(_keys(table), reached(table).tolist(), strict=True)) for _, table in group]
        common = set(hits[0]).intersection(*hits[1:])
        if common:
            fallen = sum(any(one[key] for one in hits) for key in common)
            entry = group[0][0].entry
            worst[f"{entry.bench} · {entry.goal}"] = 100.0 * fallen / len(common), len(common)
    return worst


def reached(table: pa.Table) -> Bool[np.ndarray, " n"]:
    """Row by row, whether what the attack wanted is so: gait untargeted, a decision that was right is wrong."""
    if "fooled" in table.column_names:
        return _column(table, "fooled").astype(bool)
    if table["goal"][0].as_py() == "targeted":
        return _column(table, "hit_after").astype(bool)
    return _column(table, "correct_before").astype(bool) & ~_column(table, "correct_after").astype(bool)


def _groups(results: Results, seeds: bool = True) -> dict[tuple[str, str, int], list[tuple[Cell, pa.Table]]]:
    """Cells that differ in nothing but the attack, and the seed where that does not matter."""
    groups: dict[tuple[str, str, int], list[tuple[Cell, pa.Table]]] = {}
    for cell, table in results:
        if len(table):
            facts = identity(dict(cell.specification["bench"]))
            groups.setdefault((facts, cell.entry.goal, cell.entry.seed if seeds else 0), []).append((cell, table))
    return groups


def _unchanged(cell: Cell, table: pa.Table) -> Iterator[Flag]:
    if not len(table):
        return
    same = _column(table, "margin_before") == _column(table, "margin_after")
    if same.any():
        rows = f"{int(same.sum())} of {len(table)} rows"
        text = (
            f"in {rows} the target answers exactly as before: a gradient that vanishes, or an attack that did nothing"
        )
        yield Flag(cell, "unchanged", text)


def _compared(first: Cell, ours: pa.Table, second: Cell, theirs: pa.Table) -> Iterator[Flag]:
    a, b = _common(ours, theirs)
    if not len(a):
        return
    names = [str(cell.specification["attack"]["class_path"]).rpartition(".")[2] for cell in (first, second)]
    if (names[0] in _CONTROLS) != (names[1] in _CONTROLS):
        control, attack = ((first, a), (second, b)) if names[0] in _CONTROLS else ((second, b), (first, a))
        if _more(control[1], attack[1]):
            text = f"the control {control[0].entry.attack!r} succeeds more often ({_rates(control[1], attack[1])})"
            yield Flag(attack[0], "control", text)
        return
    path, low, high = _difference(first.specification["attack"], second.specification["attack"])
    if path is None:
        return
    less, more = ((first, a), (second, b)) if low < high else ((second, b), (first, a))
    name = path.rpartition(".")[2]
    kind = "budget" if name in _BUDGETS else "effort"
    if _more(less[1], more[1]):
        text = f"{less[0].entry.attack!r}, with less {name}, succeeds more often ({_rates(less[1], more[1])})"
        yield Flag(more[0], kind, text)
    gained = 100 * float(more[1].mean() - less[1].mean())
    if kind == "effort" and max(low, high) <= 2 * min(low, high) and gained > _CONVERGED:
        text = f"not converged: {more[0].entry.attack!r}, with more {name}, has {gained:.1f} points more"
        yield Flag(less[0], "convergence", text)


def _difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str | None, float, float]:
    """The one budget or effort in which two attacks differ, and both values; None where they differ otherwise."""
    a, b = _flat(first), _flat(second)
    different = [path for path in a.keys() | b.keys() if a.get(path) != b.get(path)]
    if len(different) != 1 or different[0].rpartition(".")[2] not in (*_BUDGETS, *_EFFORTS):
        return None, 0.0, 0.0
    low, high = a.get(different[0]), b.get(different[0])
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None, 0.0, 0.0
    return different[0], float(low), float(high)


def _flat(plain: Any, where: str = "") -> dict[str, Any]:
    if isinstance(plain, Mapping):
        return {k: v for key, value in plain.items() for k, v in _flat(value, f"{where}.{key}").items()}
    return {where: plain}


def _keys(table: pa.Table) -> list[tuple[str, ...]]:
    columns = [table[name].to_pylist() for name in ("sample", "gallery_view") if name in table.column_names]
    return list(zip(*columns, strict=True))


def _common(first: pa.Table, second: pa.Table) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """What both reached, of the rows that both have."""
    a, b = (dict(zip(_keys(table), reached(table).tolist(), strict=True)) for table in (first, second))
    keys = [key for key in a if key in b]
    return np.array([a[key] for key in keys], bool), np.array([b[key] for key in keys], bool)


def _more(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> bool:
    """Whether the first succeeds more often than chance makes it: a sign test on the rows where they differ."""
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    return wins > losses and bool(binomtest(wins, wins + losses, alternative="greater").pvalue < _LEVEL)


def _rates(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> str:
    return f"{100 * first.mean():.1f} against {100 * second.mean():.1f} % of {len(first)} rows"


def _column(table: pa.Table, name: str) -> Float[np.ndarray, " n"] | Bool[np.ndarray, " n"]:
    return table[name].to_numpy(zero_copy_only=False)
