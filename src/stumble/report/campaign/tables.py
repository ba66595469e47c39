"""Tables of rates: by view, class and the like, and benches against attacks; in portions that fit on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from stumble.campaign.breakdown import Breakdown
from stumble.campaign.figures import Outcomes, Rate
from stumble.campaign.results import CellResult

__all__ = ["RateRow", "RateTable", "matrices", "split_table"]

_COLUMNS = 6  # attacks beside one another


@dataclass(frozen=True)
class RateRow:
    """A view, a class, a bench, ….

    Attributes:
        name: of it.
        clean: right answers without an attack; None where the table does not show them.
        success: of each attack; None where it was not run.
    """

    name: str
    clean: Rate | None
    success: tuple[Rate | None, ...]


@dataclass(frozen=True)
class RateTable:
    """Success, a row for each value and a column for each attack, all seeds together.

    Attributes:
        bench: name in the plan; empty where the rows are benches.
        goal: name in the plan.
        by: what the rows are: "probe view", "bench".
        of: what success is counted among.
        portions: (attacks, rows) that stand below one another, each with some of the attacks.
    """

    bench: str
    goal: str
    by: str
    of: str
    portions: tuple[tuple[tuple[str, ...], tuple[RateRow, ...]], ...]


def split_table(split: Breakdown) -> RateTable:
    """A breakdown as a table."""
    known = {value: [each for each in outcomes if each is not None] for value, outcomes in split.rows.items()}
    rows = [
        RateRow(
            value, max(known[value], key=len).clean, tuple(None if one is None else one.success for one in outcomes)
        )
        for value, outcomes in split.rows.items()
    ]
    of = next(iter(known.values()))[0].of
    return RateTable(split.bench, split.goal, split.by, of, _portions(split.attacks, rows))


def matrices(results: Sequence[CellResult]) -> tuple[RateTable, ...]:
    """Benches against attacks, a table for each goal, where there are several of both."""
    done = [result for result in results if result.verdicts is not None]
    benches, attacks, goals = (
        tuple(dict.fromkeys(getattr(result.cell.entry, name) for result in done))
        for name in ("bench", "attack", "goal")
    )
    if len(benches) < 2 or len(attacks) < 2:
        return ()
    cells: dict[tuple[str, str, str], list[CellResult]] = {}
    for result in done:
        cells.setdefault((result.cell.entry.goal, result.cell.entry.bench, result.cell.entry.attack), []).append(result)
    found = {key: Outcomes.read([result.verdicts for result in group]) for key, group in cells.items()}
    tables = []
    for goal in goals:
        rates = {key: outcomes.success for key, outcomes in found.items() if key[0] == goal}
        rows = [
            RateRow(bench, None, tuple(rates.get((goal, bench, attack)) for attack in attacks)) for bench in benches
        ]
        of = next(outcomes.of for key, outcomes in found.items() if key[0] == goal)
        tables.append(RateTable("", goal, "bench", of, _portions(attacks, rows)))
    return tuple(tables)


def _portions(
    attacks: tuple[str, ...], rows: Sequence[RateRow]
) -> tuple[tuple[tuple[str, ...], tuple[RateRow, ...]], ...]:
    width = ceil(len(attacks) / ceil(len(attacks) / _COLUMNS))
    parts = [slice(start, start + width) for start in range(0, len(attacks), width)]
    return tuple(
        (attacks[part], tuple(RateRow(row.name, row.clean, row.success[part]) for row in rows)) for part in parts
    )
