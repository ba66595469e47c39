"""What a preset is: a table or a figure of a paper as a plan, with what the paper prints beside each attack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pyarrow as pa

from stumble.campaign.bench import Bench
from stumble.campaign.plan import Plan
from stumble.campaign.results import CellResult
from stumble.errors import DataError
from stumble.interfaces import Attack, SkeletonAttack

__all__ = ["Preset", "Row", "spelled"]


@dataclass(frozen=True)
class Row:
    """One attack.

    Attributes:
        label: for the reader.
        attack: the adversary.
    """

    label: str
    attack: Attack | SkeletonAttack

    @property
    def name(self) -> str:
        """Of the attack in the plan: "epsilon-0.004-as-printed"."""
        return spelled(self.label)


Rows = TypeVar("Rows", bound=Row)


@dataclass(frozen=True)
class Preset(Generic[Rows]):
    """One table or figure.

    Attributes:
        name: "ciasa-table1".
        title: what it shows.
        goal: of all attacks.
        rows: its attacks, no two of one label.
        notes: what the reader must know to compare.
    """

    name: str
    title: str
    goal: str
    rows: tuple[Rows, ...]
    notes: tuple[str, ...]

    def plan(self, benches: Mapping[str, Bench], seed: int, memory: float) -> Plan:
        """Its attacks on benches.

        Args:
            memory: GiB that the graph of one batch may take.
        """
        attacks = {row.name: row.attack for row in self.rows}
        return Plan(dict(benches), attacks, (self.goal,), (seed,), memory=memory)

    def found(self, results: Sequence[CellResult]) -> Iterator[tuple[Rows, CellResult, pa.Table]]:
        """Each cell with its row and all its verdicts, bench by bench.

        Args:
            results: of the preset's campaign, as `read_results` has them.

        Raises:
            DataError: there are none, as where all clips are taken for the wanted class already.
        """
        rows = {row.name: row for row in self.rows}
        for result in results:
            row = rows[result.cell.entry.attack]
            if result.verdicts is None:
                raise DataError(f"preset:{self.name}", f"no verdict on {row.label!r}", "at least one")
            yield row, result, result.verdicts


def spelled(label: str) -> str:
    """A label as a name that needs no quotes."""
    text = label.lower().replace("ε", "epsilon").replace("λ", "lambda").replace("/", "in")
    return "-".join(re.findall(r"[a-z0-9.]+", text))
