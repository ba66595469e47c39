"""Every sample of every cell as plain columns, for the list in the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stumble.campaign.breakdown import kinds
from stumble.campaign.cell import Cell
from stumble.campaign.figures import Outcomes, column
from stumble.campaign.results import CellResult

__all__ = ["ALL", "NONE", "NOT_COUNTED", "SOME", "Column", "SampleRows", "sample_rows"]

ALL, SOME, NONE, NOT_COUNTED = "success", "partial success", "no success", "wrong anyway"
"""Of a sample's decisions all, some or none are where the attack wants them; or none was right without it."""

_DIGITS = 3
_HIDDEN = ("camera",)  # which the names of samples tell, too


@dataclass(frozen=True)
class Column:
    """One property of all samples.

    Attributes:
        name: for the reader.
        words: the values that occur, where they are text; None where they are numbers.
        values: for each sample its number, None where there is none, or its place among the words.
        filtered: whether the list can be narrowed down to one of the words.
        shown: whether the list has it as a column.
    """

    name: str
    words: tuple[str, ...] | None
    values: list[int] | list[float | None]
    filtered: bool = False
    shown: bool = True


@dataclass(frozen=True)
class SampleRows:
    """One row for each attacked sample of each cell, in the order of the cells.

    Attributes:
        columns: to be shown.
        reached, counted: of each sample's decisions (actions: the one clip), how many are where the attack wants them,
            and among how many that is counted.
        places: (cell, sample) -> row.
    """

    columns: tuple[Column, ...]
    reached: list[int]
    counted: list[int]
    places: dict[tuple[str, str], int]

    def __len__(self) -> int:
        return len(self.reached)

    def plain(self, films: Sequence[int]) -> dict[str, object]:
        """What the page's script reads.

        Args:
            films: for each film the row that it shows.
        """
        return {
            "columns": [{"name": c.name, "words": c.words, "values": c.values, "shown": c.shown} for c in self.columns],
            "reached": self.reached,
            "counted": self.counted,
            "films": list(films),
        }


def sample_rows(results: Sequence[CellResult]) -> SampleRows:
    """From all verdicts that there are."""
    parts = [_Part.read(result.cell, result.verdicts) for result in results if result.verdicts is not None]
    columns = []
    for name in parts[0].texts if parts else ():
        words: dict[str, int] = {}
        places = [words.setdefault(text, len(words)) for part in parts for text in part.texts[name]]
        if len(words) > 1 or name in ("attack", "sample", "result"):
            columns.append(Column(name, tuple(words), places, name != "sample", name not in _HIDDEN))
    for name in parts[0].numbers if parts else ():
        columns.append(Column(name, None, [_short(x) for part in parts for x in part.numbers[name]]))
    reached, counted = ([x for part in parts for x in getattr(part, name)] for name in ("reached", "counted"))
    keys = ((part.cell, sample) for part in parts for sample in part.texts["sample"])
    return SampleRows(tuple(columns), reached, counted, {key: row for row, key in enumerate(keys)})


@dataclass(frozen=True)
class _Part:
    """The samples of one cell."""

    cell: str
    texts: dict[str, Sequence[str]]
    numbers: dict[str, Iterable[float]]
    reached: list[int]
    counted: list[int]

    @classmethod
    def read(cls, cell: Cell, table: pa.Table) -> _Part:
        names, first, sample = np.unique(column(table, "sample").astype(str), return_index=True, return_inverse=True)
        outcomes, order = Outcomes.read([table]), np.argsort(first)
        rows = [np.bincount(sample, which, len(names))[order] for which in (outcomes.reached, outcomes.counted)]
        reached, counted = (row.astype(int).tolist() for row in rows)
        margin = np.full(len(names), np.inf)
        np.minimum.at(margin, sample[outcomes.counted], column(table, "margin_after")[outcomes.counted])
        once, entry = table.take(first[order]), cell.entry
        setting = {"bench": entry.bench, "attack": entry.attack, "goal": entry.goal, "seed": str(entry.seed)}
        texts: dict[str, Sequence[str]] = {name: [value] * len(once) for name, value in setting.items()}
        own = _gait if "gallery_view" in table.column_names else _action
        texts |= {"sample": _text(once, "sample"), **own(once)}
        texts["result"] = [_result(r, c) for r, c in zip(reached, counted, strict=True)]
        numbers: dict[str, Iterable[float]] = {"margin": margin[order].tolist()}
        if "joint_mean" in table.column_names:
            numbers["moved"] = column(once, "joint_mean").tolist()
        return cls(cell.id, texts, numbers, reached, counted)


def _gait(once: pa.Table) -> dict[str, Sequence[str]]:
    plausible = {None: "", True: "plausible", False: "not plausible"}
    return {
        "kind": kinds(once).tolist(),
        "view": _text(once, "view"),
        "wanted": _text(once, "wanted"),
        "looks": [plausible[value] for value in once["plausible"].to_pylist()],
    }


def _action(once: pa.Table) -> dict[str, Sequence[str]]:
    return {
        "class": _text(once, "label"),
        "before": _text(once, "predicted_before"),
        "after": _text(once, "predicted_after"),
        "wanted": _text(once, "wanted"),
        "camera": _text(once, "camera"),
    }


def _text(table: pa.Table, name: str) -> list[str]:
    return ["" if value is None else str(value) for value in table[name].to_pylist()]


def _result(reached: int, counted: int) -> str:
    if not counted:
        return NOT_COUNTED
    return ALL if reached == counted else SOME if reached else NONE


def _short(value: float) -> float | None:
    """Three significant digits; nothing where there is no number."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
