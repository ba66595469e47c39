"""What in a campaign's own results speaks against them: attacks that were too weak, or did nothing.

After Carlini et al., "On Evaluating Adversarial Robustness" (2019): a larger budget or more effort must not do worse,
twice the steps or any more restarts should not do much better, no control and no random search may beat an attack that
optimises, and no attack without gradients one with them, a sample on which nothing changed has not been attacked,
gradients must be there, and a target must answer twice the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy
from jaxtyping import Bool

from stumble.campaign.cell import Cell
from stumble.campaign.figures import Rate, column, rate, reached
from stumble.campaign.ladders import class_name, difference
from stumble.spec import identity

__all__ = ["Flag", "Objection", "alike", "flags", "objections", "reached_by_any", "uncompared", "worst_case"]

_RESTARTS = ("restarts", "starts")
_LEVEL = 0.05
_CONVERGED = 2.0  # points of success that more effort may add

_BOUNDS: Mapping[str, object] = {
    "edit": "alter",
    "distortion": 1.0,
    "reach": None,
    "coherence": None,
    "projection": "box",
}
"""What bounds an adversary besides its budget and positions, and what those without such a field are held to."""

_NESTED = ("First", "GreedyTrials", "GreedyGradient")
"""Positions of which more frames are the same places and others, or those that a search prefers to these."""

_DRAWN = ("RandomLatents", "RandomJoints", "BestReal")
"""Yardsticks that ask the target, and pick the best of what they have drawn."""


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


@dataclass(frozen=True)
class Objection:
    """A flag as a sentence, or the same flag of several cells as one.

    Attributes:
        kind, text: of the flag.
        cell: the names of its cell, or of the first.
        count: of how many cells it is said.
    """

    kind: str
    cell: str
    text: str
    count: int

    def __str__(self) -> str:
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"{self.kind}: {self.cell}{more}: {self.text}"


@dataclass(frozen=True)
class _Hits:
    """What a cell's attack reached and on whom, by sample (gait: and gallery view), and its mean number of queries."""

    cell: Cell
    rows: Mapping[tuple[str, ...], bool]
    subjects: Mapping[tuple[str, ...], str]
    queries: float | None

    @classmethod
    def read(cls, cell: Cell, table: pa.Table) -> _Hits:
        queries = float(pc.mean(table["queries"]).as_py()) if "queries" in table.column_names else None
        rows, subjects = (
            dict(zip(_keys(table), values, strict=True))
            for values in (reached(table).tolist(), table["subject"].to_pylist())
        )
        return cls(cell, rows, subjects, queries)

    def whose(self, keys: Sequence[tuple[str, ...]]) -> list[str]:
        """The subject of each, where the data tell; else the sample, which may have several rows."""
        told = all(self.subjects.values())
        return [self.subjects[key] if told else key[0] for key in keys]


Results = Sequence[tuple[Cell, pa.Table]]


def flags(results: Results) -> tuple[Flag, ...]:
    """All flags of the cells, each with its verdicts, at least one row."""
    found = [flag for cell, table in results for flag in (*_insane(cell), *_unchanged(cell, table))]
    for group in _groups(results).values():
        for first, second in combinations(group, 2):
            found += _compared(first, second)
    return tuple(found)


def uncompared(results: Results) -> dict[str, int]:
    """How many cells have nothing beside them to be compared with in "budget", in "effort" and in the use of
    "gradients", so that no flag could be raised; what all have is left out.
    """
    met: dict[str, set[str]] = {"budget": set(), "effort": set(), "gradients": set()}
    for group in _groups(results).values():
        for first, second in combinations(group, 2):
            if kind := _comparison(first, second):
                met[kind] |= {first.cell.id, second.cell.id}
    cells = {cell.id for cell, _ in results}
    return {kind: len(cells - compared) for kind, compared in met.items() if cells - compared}


def alike(flags: Sequence[Flag]) -> tuple[tuple[Flag, ...], ...]:
    """Those that say the same of several cells together."""
    same: dict[tuple[str, str], list[Flag]] = {}
    for flag in flags:
        same.setdefault((flag.kind, flag.text), []).append(flag)
    return tuple(map(tuple, same.values()))


def objections(results: Results) -> tuple[Objection, ...]:
    """All flags in plain words, those that are alike as one."""
    found = alike(flags(results))
    return tuple(Objection(first.kind, str(first.cell), first.text, 1 + len(others)) for first, *others in found)


def worst_case(results: Results) -> dict[tuple[str, str], Rate]:
    """For each bench and goal: how many of all decisions at least one attack with one seed has where it wants them.
    Where some attacks were on fewer samples: of those that all were on.
    """
    worst: dict[tuple[str, str], Rate] = {}
    for group in _groups(results, seeds=False).values():
        common = [key for key in group[0].rows if all(key in hits.rows for hits in group[1:])]
        if common:
            fallen = np.array([any(hits.rows[key] for hits in group) for key in common])
            subjects = [group[0].subjects[key] for key in common]
            entry = group[0].cell.entry
            told = np.array(subjects) if all(subjects) else None
            worst[entry.bench, entry.goal] = rate(fallen, np.ones(len(common), bool), told)
    return worst


def reached_by_any(results: Results) -> dict[str, Bool[np.ndarray, " n"]]:
    """For each cell, by its id, row by row: whether at least one attack with one seed has that decision where it wants
    it."""
    found: dict[str, Bool[np.ndarray, " n"]] = {}
    for group in _groups(results, seeds=False).values():
        fallen = {key for hits in group for key, hit in hits.rows.items() if hit}
        for hits in group:
            found[hits.cell.id] = np.array([key in fallen for key in hits.rows], bool)
    return found


def _groups(results: Results, seeds: bool = True) -> dict[tuple[str, str, int], list[_Hits]]:
    """Cells that differ in nothing but the attack, and the seed where that does not matter."""
    groups: dict[tuple[str, str, int], list[_Hits]] = {}
    for cell, table in results:
        facts = identity(dict(cell.specification["bench"]))
        setting = facts, cell.entry.goal, cell.entry.seed if seeds else 0
        groups.setdefault(setting, []).append(_Hits.read(cell, table))
    return groups


def _insane(cell: Cell) -> Iterator[Flag]:
    """What the first look at the target found."""
    of = f"of {cell.sanity.get('samples')} clean sequences"
    if count := cell.sanity.get("varying"):
        yield Flag(cell, "varying", f"the target answers {count} {of} otherwise when it is asked again")
    if cell.access != "gradients":
        return
    if count := cell.sanity.get("flat"):
        yield Flag(cell, "gradient", f"on {count} {of} the gradient is zero everywhere: there is nothing to follow")
    if count := cell.sanity.get("broken"):
        yield Flag(cell, "gradient", f"on {count} {of} the gradient is NaN or infinite")


def _unchanged(cell: Cell, table: pa.Table) -> Iterator[Flag]:
    same = column(table, "margin_before") == column(table, "margin_after")
    if same.any():
        rows = f"{int(same.sum())} of {len(table)} rows"
        text = (
            f"in {rows} the target answers exactly as before: a gradient that vanishes, or an attack that did nothing"
        )
        yield Flag(cell, "unchanged", text)


def _comparison(first: _Hits, second: _Hits) -> Literal["budget", "effort", "gradients"] | None:
    """In what two cells can be compared."""
    if first.rows.keys().isdisjoint(second.rows):
        return None
    if _means(first.cell) != _means(second.cell):
        return "gradients" if _bounds(first.cell) == _bounds(second.cell) else None
    found = difference(first.cell.specification["attack"], second.cell.specification["attack"])
    return None if found is None else found[1]


def _compared(first: _Hits, second: _Hits) -> Iterator[Flag]:
    comparison = _comparison(first, second)
    if comparison is None:
        return
    common = [key for key in first.rows if key in second.rows]
    a, b = (np.array([hits.rows[key] for key in common], bool) for hits in (first, second))
    whose = first.whose(common)
    ours, theirs = (first, a), (second, b)
    if comparison == "gradients":
        blind, attack = sorted((ours, theirs), key=lambda one: _means(one[0].cell))
        if _more(blind[1], attack[1], whose):
            yield _beaten(attack[0], blind[0], _rates(blind[1], attack[1]))
        return
    found = difference(first.cell.specification["attack"], second.cell.specification["attack"])
    assert found is not None
    number, kind, low, high = found
    (less, fewer), (more, many) = (ours, theirs) if low < high else (theirs, ours)
    if _more(fewer, many, whose) and (kind == "effort" or _nested(number, more.cell)):
        text = f"{less.cell.entry.attack!r}, with less {number}, succeeds more often ({_rates(fewer, many)})"
        yield Flag(more.cell, kind, text)
    gained = 100 * float(many.mean() - fewer.mean())
    comparable = number in _RESTARTS or max(low, high) <= 2 * min(low, high)
    if kind == "effort" and comparable and gained > _CONVERGED and _more(many, fewer, whose):
        text = f"not converged: {more.cell.entry.attack!r}, with more {number}, has {gained:.1f} points more"
        yield Flag(less.cell, "restarts" if number in _RESTARTS else "convergence", text)


def _means(cell: Cell) -> int:
    """What an attack has to optimise with: 0 nothing (it draws), 1 answers, 2 gradients."""
    drawn = cell.access == "none" or class_name(cell.specification["attack"]) in _DRAWN
    return 0 if drawn else 2 if cell.access == "gradients" else 1


def _nested(number: str, cell: Cell) -> bool:
    """Whether the larger budget allows all that the smaller one does: not where more frames stand in other places, nor
    where they are put in, which makes a longer sequence.
    """
    if number not in ("frames", "share"):
        return True
    fields = cell.specification["attack"]["init_args"]
    altered = fields.get("edit", "alter") == "alter"
    return altered and ("positions" not in fields or class_name(fields["positions"]) in _NESTED)


def _beaten(attack: _Hits, by: _Hits, rates: str) -> Flag:
    """An attack that one with less to optimise with does better than."""
    name = by.cell.entry.attack
    if by.cell.access == "none":
        return Flag(attack.cell, "control", f"the control {name!r} succeeds more often ({rates})")
    counted = by.queries is not None and attack.queries is not None
    asked = f"with {by.queries:.3g} queries, where this one had {attack.queries:.3g}, " if counted else ""
    if attack.cell.access == "gradients":
        without = f"without gradients and {asked}" if asked else "without gradients, "
        return Flag(attack.cell, "black box", f"{name!r}, {without}succeeds more often ({rates})")
    return Flag(attack.cell, "control", f"{name!r}, which optimises nothing, {asked}succeeds more often ({rates})")


def _bounds(cell: Cell) -> Mapping[str, object]:
    """All that an adversary may do, so that two can be compared."""
    fields = cell.specification["attack"]["init_args"]
    return {name: fields.get(name) for name in ("budget", "positions")} | {
        name: fields.get(name, default) for name, default in _BOUNDS.items()
    }


def _keys(table: pa.Table) -> list[tuple[str, ...]]:
    columns = [table[name].to_pylist() for name in ("sample", "gallery_view") if name in table.column_names]
    return list(zip(*columns, strict=True))


def _more(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"], whose: Sequence[str]) -> bool:
    """Whether the first succeeds more often than chance makes it: a sign test on the subjects (or samples) with whom
    they do not succeed equally often, since the rows of one are not independent.
    """
    _, owner = np.unique(whose, return_inverse=True)
    ahead = np.bincount(owner, first.astype(float) - second)
    wins, losses = int((ahead > 0).sum()), int((ahead < 0).sum())
    return wins > losses and bool(scipy.stats.binomtest(wins, wins + losses, alternative="greater").pvalue < _LEVEL)


def _rates(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> str:
    return f"{100 * first.mean():.1f} against {100 * second.mean():.1f} % of {len(first)} rows"
