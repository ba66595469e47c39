"""Who is hit: the outcomes of attacks by the probe's view or kind, by class or camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stumble.campaign.figures import Outcomes, column
from stumble.campaign.results import CellResult, by_setting

__all__ = ["Breakdown", "breakdowns", "kinds"]


@dataclass(frozen=True)
class Breakdown:
    """The attacks with one goal on one bench, all seeds together, split by one property of the samples.

    Attributes:
        bench, goal: names in the plan.
        by: the property, for the reader: "probe view", "kind of probe", "class", "camera".
        attacks: names in the plan.
        rows: for each value of the property the outcomes of each attack; None where it was not attacked.
    """

    bench: str
    goal: str
    by: str
    attacks: tuple[str, ...]
    rows: Mapping[str, tuple[Outcomes | None, ...]]


def kinds(table: pa.Table) -> np.ndarray:
    """The kind of each probe, "NM" of the condition "nm-05"."""
    return np.array([str(condition).partition("-")[0].upper() for condition in column(table, "condition")])


_PROPERTIES: Mapping[str, tuple[str, Callable[[pa.Table], np.ndarray]]] = {
    "condition": ("kind of probe", kinds),
    "view": ("probe view", lambda table: column(table, "view")),
    "camera": ("camera", lambda table: column(table, "camera")),
    "label": ("class", lambda table: column(table, "label")),
}


def breakdowns(results: Sequence[CellResult]) -> tuple[Breakdown, ...]:
    """By every property that the verdicts tell and that has at least two values."""
    found = []
    for (bench, goal), setting in by_setting([r for r in results if r.verdicts is not None]).items():
        attacks: dict[str, list[pa.Table]] = {}
        for result in setting:
            attacks.setdefault(result.cell.entry.attack, []).append(result.verdicts)
        for name, (by, values_of) in _PROPERTIES.items():
            if all(name in table.column_names for tables in attacks.values() for table in tables):
                parts = [_split(tables, values_of) for tables in attacks.values()]
                values = sorted({value for part in parts for value in part})
                if len(values) > 1:
                    rows = {value: tuple(part.get(value) for part in parts) for value in values}
                    found.append(Breakdown(bench, goal, by, tuple(attacks), rows))
    return tuple(found)


def _split(tables: Sequence[pa.Table], values_of: Callable[[pa.Table], np.ndarray]) -> dict[str, Outcomes]:
    values, outcomes = np.concatenate([values_of(table) for table in tables]), Outcomes.read(tables)
    return {str(value): outcomes.where(values == value) for value in set(values.tolist()) if value}
