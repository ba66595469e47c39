"""What an attack made on one recogniser reaches on another: sources against the recognisers that are judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stumble.campaign.figures import Outcomes, Rate
from stumble.campaign.results import CellResult
from stumble.spec import identity

__all__ = ["TransferMatrix", "Transferred", "transfer_matrices"]

_Pair = tuple[str, str]
"""The digests of the recogniser that the attack sees and of the one that is judged."""


@dataclass(frozen=True)
class Transferred:
    """One attack from one recogniser to another, all seeds together.

    Attributes:
        bench: name in the plan.
        success: of the attack on the recogniser that is judged.
        white_box: whether that is the one that the attack saw.
    """

    bench: str
    success: Rate
    white_box: bool


@dataclass(frozen=True)
class TransferMatrix:
    """One attack with one goal, on benches that differ in nothing but their recognisers.

    Attributes:
        attack, goal: names in the plan.
        data: the data set's name.
        synthetic: whether its people are made up.
        of: what success is counted among.
        judged: the recognisers whose answers count, by their names in the plan.
        rows: for each recogniser that the attack saw, by its name, success on each of the judged; None where there is
            no such bench, or nothing is done of it.
    """

    attack: str
    goal: str
    data: str
    synthetic: bool
    of: str
    judged: tuple[str, ...]
    rows: Mapping[str, tuple[Transferred | None, ...]]


def transfer_matrices(
    results: Sequence[CellResult], benches: Mapping[str, Mapping[str, Any]]
) -> tuple[TransferMatrix, ...]:
    """A table for each attack and goal of benches on the same sequences that differ in source and model alone.

    There is none where every attack is judged on what it saw, or where there is but one pair of recognisers.

    Args:
        benches: by their names the fields that the plan gives them.
    """
    groups: dict[tuple[str, str, str], dict[_Pair, list[CellResult]]] = {}
    for result in results:
        if result.verdicts is not None:
            facts, entry = dict(result.cell.specification["bench"]), result.cell.entry
            judged = facts.pop("model")
            pair = facts.pop("source", judged), judged
            pairs = groups.setdefault((identity(facts), entry.attack, entry.goal), {})
            pairs.setdefault(pair, []).append(result)
    names = _names(results, benches)
    return tuple(
        _matrix(pairs, names)
        for pairs in groups.values()
        if len(pairs) > 1 and any(source != judged for source, judged in pairs)
    )


def _names(results: Iterable[CellResult], benches: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the plan calls the recogniser of each digest, in the plan's order, sources before what is judged."""
    names: dict[str, str] = {}
    for result in results:
        facts, fields = result.cell.specification["bench"], benches[result.cell.entry.bench]
        if "source" in facts:
            names.setdefault(facts["source"], str(fields["source"]))
        names.setdefault(facts["model"], str(fields["model"]))
    return names


def _matrix(pairs: Mapping[_Pair, Sequence[CellResult]], names: Mapping[str, str]) -> TransferMatrix:
    found = {
        pair: Outcomes.read([r.verdicts for r in group if r.verdicts is not None]) for pair, group in pairs.items()
    }
    benches = {pair: group[0].cell.entry.bench for pair, group in pairs.items()}
    sources, judged = ([digest for digest in names if digest in side] for side in map(set, zip(*pairs, strict=True)))
    rows = {
        names[source]: tuple(
            Transferred(benches[source, one], found[source, one].success, source == one)
            if (source, one) in pairs
            else None
            for one in judged
        )
        for source in sources
    }
    cell, of = next(iter(pairs.values()))[0].cell, next(iter(found.values())).of
    columns = tuple(names[one] for one in judged)
    return TransferMatrix(cell.entry.attack, cell.entry.goal, cell.data, cell.synthetic, of, columns, rows)
