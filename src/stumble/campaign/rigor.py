"""What in a campaign's own results speaks against them: attacks that were too weak, or did nothing.

After Carlini et al., "On Evaluating Adversarial Robustness" (2019): a larger budget or more effort must not do worse,
twice the steps or any more restarts should not do much better, no control and no attack without gradients may beat one
with them, a sample on which nothing changed has not been attacked, gradients must be there, and a target must answer
twice the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float
from scipy.stats import binomtest

from stumble.campaign.cell import Cell
from stumble.interfaces import Access
from stumble.spec import identity

__all__ = ["Flag", "flags", "reached", "reached_by_any", "worst_case"]

_BUDGETS = ("epsilon", "share", "frames", "distortion")
_EFFORTS = ("iterations", "candidates", "draws", "queries")
_RESTARTS = ("restarts", "starts")
_LEVEL = 0.05
_CONVERGED = 2.0  # points of success that more effort may add

_BOUNDS: Mapping[str, object] = {"edit": "alter", "distortion": 1.0, "coherence": None, "projection": "box"}
"""What bounds an adversary besides its budget and positions, and what those without such a field are held to."""


@dataclass(frozen=True)
class Flag:
    """Something that speaks against a figure.

    Attributes:
        cell: whose figure.
        kind: "budget", "effort", "convergence", "restarts", "control", "black box", "unchanged", "gradient" or
            "varying".
        text: what was found, for the reader.
    """

    cell: Cell
    kind: str
    text: str


Results = Sequence[tuple[Cell, pa.Table]]


def flags(results: Results) -> tuple[Flag, ...]:
    """All flags of the cells, each with its verdicts."""
    found = [flag for cell, table in results for flag in (*_insane(cell), *_unchanged(cell, table))]
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
        hits = [_hits(table) for _, table in group]
        common = set(hits[0]).intersection(*hits[1:])
        if common:
            fallen = sum(any(one[key] for one in hits) for key in common)
            entry = group[0][0].entry
            worst[f"{entry.bench} · {entry.goal}"] = 100.0 * fallen / len(common), len(common)
    return worst


def reached_by_any(results: Results) -> dict[str, Bool[np.ndarray, " n"]]:
    """For each cell, by its id, row by row: whether at least one attack with one seed has that decision where it wants
    it."""
    found: dict[str, Bool[np.ndarray, " n"]] = {}
    for group in _groups(results, seeds=False).values():
        fallen = {key for _, table in group for key, hit in _hits(table).items() if hit}
        for cell, table in group:
            found[cell.id] = np.array([key in fallen for key in _keys(table)], bool)
    return found


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


def _insane(cell: Cell) -> Iterator[Flag]:
    """What the first look at the target found."""
    of = f"of {cell.sanity.get('samples')} clean sequences"
    if count := cell.sanity.get("varying"):
        yield Flag(cell, "varying", f"the target answers {count} {of} otherwise when it is asked again")
    if _access(cell) != "gradients":
        return
    if count := cell.sanity.get("flat"):
        yield Flag(cell, "gradient", f"on {count} {of} the gradient is zero everywhere: there is nothing to follow")
    if count := cell.sanity.get("broken"):
        yield Flag(cell, "gradient", f"on {count} {of} the gradient is NaN or infinite")


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
    access = _access(first), _access(second)
    if (access[0] == "gradients") != (access[1] == "gradients"):
        blind, attack = (first, a, ours), (second, b, theirs)
        if access[0] == "gradients":
            blind, attack = attack, blind
        if _bounds(first) == _bounds(second) and _more(blind[1], attack[1]):
            yield _beaten(attack[0], blind[0], _rates(blind[1], attack[1]), _queries(blind[2]), _queries(attack[2]))
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
    comparable = name in _RESTARTS or max(low, high) <= 2 * min(low, high)
    if kind == "effort" and comparable and gained > _CONVERGED and _more(more[1], less[1]):
        text = f"not converged: {more[0].entry.attack!r}, with more {name}, has {gained:.1f} points more"
        yield Flag(less[0], "restarts" if name in _RESTARTS else "convergence", text)


def _beaten(attack: Cell, by: Cell, rates: str, queries: float | None, own: float | None) -> Flag:
    """An attack with gradients that one without them does better than."""
    if _access(by) == "none":
        return Flag(attack, "control", f"the control {by.entry.attack!r} succeeds more often ({rates})")
    asked = "" if queries is None or own is None else f" and with {queries:.3g} queries, where this one had {own:.3g}"
    text = f"{by.entry.attack!r}, without gradients{asked}, succeeds more often ({rates})"
    return Flag(attack, "black box", text)


def _access(cell: Cell) -> Access:
    """What the attack asks of the target, as its class says."""
    module, _, name = str(cell.specification["attack"]["class_path"]).rpartition(".")
    return cast(Access, getattr(import_module(module), name).access)


def _bounds(cell: Cell) -> Mapping[str, object]:
    """All that an adversary may do, so that two can be compared."""
    fields = cell.specification["attack"]["init_args"]
    return {name: fields.get(name) for name in ("budget", "positions")} | {
        name: fields.get(name, default) for name, default in _BOUNDS.items()
    }


def _queries(table: pa.Table) -> float | None:
    return float(pc.mean(table["queries"]).as_py()) if "queries" in table.column_names else None


def _difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str | None, float, float]:
    """The one budget or effort in which two attacks differ, and both values; None where they differ otherwise."""
    a, b = _flat(first), _flat(second)
    different = [path for path in a.keys() | b.keys() if a.get(path) != b.get(path)]
    if len(different) != 1 or different[0].rpartition(".")[2] not in (*_BUDGETS, *_EFFORTS, *_RESTARTS):
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


def _hits(table: pa.Table) -> dict[tuple[str, ...], bool]:
    return dict(zip(_keys(table), reached(table).tolist(), strict=True))


def _common(first: pa.Table, second: pa.Table) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """What both reached, of the rows that both have."""
    a, b = _hits(first), _hits(second)
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
