"""A table of defences part by part, each stored as soon as it is measured, so that an interrupted command goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from stumble.campaign.certificates import relative_seconds
from stumble.campaign.defence_names import DefenceName
from stumble.campaign.defended import DefenceRow, Share, labelled, summarise_defence
from stumble.campaign.portions import kept
from stumble.data.whole_files import PARTS

__all__ = ["Measure", "Part", "all_decisions", "defence_parts"]


@dataclass(frozen=True)
class Part:
    """One defence against attacks of one size.

    Attributes:
        decisions: what became of each, as `decisions_of` has it.
        budget: the attacks' size, in words.
        cost, confidence, proof_cost: as in `DefenceRow`.
        refused: of the clean frames of the probes those that a filter refuses; None where there is no filter.
    """

    decisions: pa.Table
    budget: str
    cost: float
    confidence: float = 1.0
    proof_cost: float | None = None
    refused: Share | None = None

    @classmethod
    def of(cls, decisions: pa.Table, budget: str, cost: float, certificates: pa.Table | None) -> Part:
        """With what the certificates say of themselves, where there are some."""
        if certificates is None:
            return cls(decisions, budget, cost)
        return cls(
            decisions, budget, cost, float(certificates["confidence"][0].as_py()), relative_seconds(certificates)
        )

    def row(self, defence: str) -> DefenceRow:
        """The row of the table."""
        return summarise_defence(self.decisions, defence, self.budget, self.cost, self.confidence, self.proof_cost)


Measure: TypeAlias = Callable[[float, Path], Part]
"""From the size of attacks, and a folder for adversarial sequences, to what came of it."""


def defence_parts(
    folder: Path, names: Sequence[DefenceName], sizes: Sequence[float], opened: Callable[[DefenceName], Measure]
) -> list[tuple[DefenceName, float, Part]]:
    """Every defence against attacks of every size: all defences against the first size, then against the next.

    Args:
        folder: where parts are kept, in `PARTS`; adversarial sequences are written to `samples`. Parts that an earlier
            call left there are read.
        sizes: of attacks, after which folders of adversarial sequences are called.
        opened: prepares a defence. Called for all defences of which a part is missing before anything is measured.

    Raises:
        DataError: a part that is there is damaged.
        StorageError: the disk is full, or cannot be written to.
    """
    files = {(n, k): folder / PARTS / f"{n}-{k}.parquet" for n in range(len(names)) for k in range(len(sizes))}
    missing = {n for (n, _), file in files.items() if not file.exists()}
    measures = {n: opened(names[n]) for n in sorted(missing)}

    def part(n: int, k: int) -> Part:
        def table() -> pa.Table:
            samples = folder / "samples" / f"{n}-{names[n].kind}" / f"{sizes[k]:g}"
            shutil.rmtree(samples, ignore_errors=True)  # of a part that was interrupted
            return _table(measures[n](sizes[k], samples))

        return _part(kept(files[n, k], table))

    found = {(n, k): part(n, k) for n, k in files}
    return [(names[n], size, found[n, k]) for k, size in enumerate(sizes) for n in range(len(names))]


def all_decisions(parts: Sequence[tuple[DefenceName, float, Part]], column: str) -> pa.Table:
    """The decisions of all parts, with the defence's name and the attack's size, under `column`, in front."""
    named: list[tuple[dict[str, str | float], pa.Table]] = [
        ({"defence": name.text, column: size}, part.decisions) for name, size, part in parts
    ]
    return pa.concat_tables(labelled(decisions, **names) for names, decisions in named)


def _table(part: Part) -> pa.Table:
    said = {
        "budget": part.budget,
        "cost": part.cost,
        "confidence": part.confidence,
        "proof_cost": part.proof_cost,
        "refused": None if part.refused is None else asdict(part.refused),
    }
    return part.decisions.replace_schema_metadata({"part": json.dumps(said)})


def _part(table: pa.Table) -> Part:
    said = json.loads(table.schema.metadata[b"part"])
    refused = said.pop("refused")
    share = None if refused is None else Share(refused["percent"], tuple(refused["ci95"]))
    return Part(table.replace_schema_metadata(None), refused=share, **said)
