"""Decisions of a defended recogniser: clean, after attacks, and proven; and what they come to in one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import torch

from stumble.metrics.intervals import subject_bootstrap, wilson

__all__ = [
    "UNSEEN",
    "DefenceRow",
    "Share",
    "Verdicts",
    "attacked_in_turn",
    "decisions_of",
    "labelled",
    "relative_cost",
    "summarise_defence",
    "tried",
]

UNSEEN = 2**16  # what judging adds to an attack's seed

One = TypeVar("One")
OneAttack = TypeVar("OneAttack")
Verdicts = tuple[pa.Table, tuple[pa.Table, ...]]
"""The judge's table of the attack as it is, and those of the attacks by who knows the defence."""

_ROUNDS = 3
_ROUNDING = 1e-6  # of a coordinate in single precision, in the units of the joints


@dataclass(frozen=True)
class Share:
    """A share of the decisions in percent, and its 95 % interval: bootstrap over people, or Wilson's without them."""

    percent: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class DefenceRow:
    """One defence against attacks of one size, every share of the same decisions.

    Attributes:
        defence: its name.
        budget: the attacks' size, in words.
        sequences, decisions: how many.
        clean: right unattacked.
        plain: right unattacked and after the attack as it is, run on the defended recogniser.
        adaptive: right unattacked and after every attack, by those who know the defence too: each decision meets the
            worst.
        certified: right and proven to stay so for every edit of the attacks' size; None where nothing is proven.
        within: decisions that are right and certified against as much as was done to them.
        broken: of those, how many an attack turned.
        cost: time of one answer, in answers of the recogniser as it is.
        confidence: with which the claims about one sequence hold; 1 where they are deterministic, or there is none.
        outside: decisions about sequences to which an attack did more than its budget allows, none of them `within`.
        proof_cost: time of an answer with its certificate, in answers of the recogniser as it is; None where nothing is
            proven.
    """

    defence: str
    budget: str
    sequences: int
    decisions: int
    clean: Share
    plain: Share
    adaptive: Share
    certified: Share | None
    within: int
    broken: int
    cost: float
    confidence: float = 1.0
    outside: int = 0
    proof_cost: float | None = None

    @property
    def contradiction(self) -> str | None:
        """Why the row cannot be true, where it cannot: an attack broke a proof that leaves nothing to chance, or left
        less than is certified.

        A proof by sampling says what most of all pieces or noisy versions vote for. The few that the judge draws may
        differ for one decision; that they do so for more than hold without a proof speaks against the proof.
        """
        if self.broken and self.confidence == 1:
            return f"{self.broken} of {self.within} certified decisions were broken within their radius"
        if self.certified is not None and self.certified.percent > self.adaptive.percent:
            left = f"{self.adaptive.percent:.1f} % are left after the attacks"
            why = "the proof is wrong, or the votes drawn are too few (--votes)"
            return f"{self.certified.percent:.1f} % of the decisions are certified, but only {left}: {why}"
        return None

    @property
    def exceeded(self) -> str | None:
        """Where an attack did more than its budget allows, of how many decisions nothing is proven for that."""
        if not self.outside:
            return None
        return (
            f"an attack left its budget in {self.outside} of {self.decisions} decisions, which count as not certified"
        )

    @property
    def sampled(self) -> str | None:
        """What may be chance, where something may: decisions certified by sampling that few votes turned."""
        if not self.broken or self.contradiction:
            return None
        turned = f"{self.broken} of {self.within} decisions certified by sampling were turned by the votes drawn"
        return f"{turned}, few and not drawn again: no check of the proof"

    def figures(self) -> dict[str, Any]:
        """As plain data, with what is to be said of it."""
        remarks = {"contradiction": self.contradiction, "sampled": self.sampled, "exceeded": self.exceeded}
        return asdict(self) | remarks


def attacked_in_turn(
    attacks: Sequence[OneAttack],
    folder: Path,
    run: Callable[[OneAttack, Path], pa.Table],
    progress: Callable[[int, int], None],
) -> Verdicts:
    """What came of each, the first being the attack as it is.

    Args:
        folder: for the adversarial sequences, a folder in it for each attack.
        progress: called with attacks done and their number.
    """
    tables = []
    for number, attack in enumerate(attacks):
        progress(number, len(attacks))
        tables.append(run(attack, folder / (f"adaptive-{number}" if number else "plain")))
    progress(len(attacks), len(attacks))
    return tables[0], tuple(tables[1:])


def relative_cost(defended: Callable[[One], object], plain: Callable[[One], object], samples: Sequence[One]) -> float:
    """Time of an answer, in times of the recogniser as it is: the median over samples, each by its fastest answer."""
    with torch.inference_mode():
        ratios = [_seconds(defended, sample) / _seconds(plain, sample) for sample in samples]
    return median(ratios)


def _seconds(answer: Callable[[One], object], sample: One) -> float:
    found = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        answer(sample)
        found.append(time.perf_counter() - began)
    return min(found)


def decisions_of(
    plain: pa.Table, adaptive: Sequence[pa.Table], certificates: pa.Table | None, radius: Mapping[str, float]
) -> pa.Table:
    """What became of each decision of one defended recogniser.

    Args:
        plain, adaptive: the judge's tables of attacks of one size on the same sequences.
        certificates: of `certify_gait` or `certify_actions` on the defended recogniser's answers; None where nothing is
            proven.
        radius: by sample, how much the attacks did, in the unit of the certificates; infinite for those where the judge
            found that an attack left its budget.

    Returns:
        A row per decision, in the order of `plain`: sample, subject, gallery_view (gait); clean, plain and adaptive,
        whether it is right, attacked only where it is so unattacked, since leaving a sample alone is an attack, too;
        radius; certified, whether it is proven to be right within that radius, null without certificates.
    """
    worst = {_key(row): row["correct_before"] and row["correct_after"] for row in plain.to_pylist()}
    for table in adaptive:
        for row in table.to_pylist():
            worst[_key(row)] &= row["correct_after"]
    outside = {row["sample"] for table in (plain, *adaptive) for row in table.to_pylist() if _exceeds(row)}
    proven = {} if certificates is None else {_key(row): row for row in certificates.to_pylist()}
    rows = []
    for row in plain.to_pylist():
        key, size = _key(row), inf if row["sample"] in outside else radius[row["sample"]]
        proof = proven.get(key)
        rows.append(
            {
                "sample": row["sample"],
                "subject": row["subject"],
                "gallery_view": row.get("gallery_view"),
                "clean": row["correct_before"],
                "plain": row["correct_before"] and row["correct_after"],
                "adaptive": worst[key],
                "radius": size,
                "certified": None
                if certificates is None
                else proof is not None and proof["correct"] and not proof["abstained"] and proof["radius"] >= size,
            }
        )
    named = {"gallery_view": pa.string(), "certified": pa.bool_()}
    table = pa.Table.from_pylist(rows)
    for name, kind in named.items():
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    return table


def summarise_defence(
    decisions: pa.Table,
    defence: str,
    budget: str,
    cost: float,
    confidence: float = 1.0,
    proof_cost: float | None = None,
) -> DefenceRow:
    """The row of a defence from what became of its decisions."""
    subjects = [str(name) for name in decisions["subject"].to_pylist()]

    def share(name: str) -> Share:
        hits = decisions[name].to_numpy(zero_copy_only=False).astype(float)
        ones = np.ones(len(hits))
        interval = subject_bootstrap(hits, ones, subjects) if all(subjects) else wilson(hits.sum(), len(hits))
        return Share(100 * float(hits.mean()), interval)

    proven = decisions["certified"].null_count == 0
    certified = np.zeros(len(decisions), bool)
    if proven:
        certified = decisions["certified"].to_numpy(zero_copy_only=False).astype(bool)
    left = decisions["adaptive"].to_numpy(zero_copy_only=False).astype(bool)
    return DefenceRow(
        defence=defence,
        budget=budget,
        sequences=len(set(decisions["sample"].to_pylist())),
        decisions=len(decisions),
        clean=share("clean"),
        plain=share("plain"),
        adaptive=share("adaptive"),
        certified=share("certified") if proven else None,
        within=int(certified.sum()),
        broken=int((certified & ~left).sum()),
        cost=cost,
        confidence=confidence,
        outside=int(np.isinf(decisions["radius"].to_numpy()).sum()),
        proof_cost=proof_cost,
    )


def tried(rows: Sequence[DefenceRow]) -> tuple[int, int]:
    """How many decisions that are certified for sure met attacks within their radius, and how many of them broke."""
    sure = [row for row in rows if row.confidence == 1]
    return sum(row.within for row in sure), sum(row.broken for row in sure)


def labelled(decisions: pa.Table, **names: str | float) -> pa.Table:
    """The decisions with columns in front that say what they are about."""
    for name, value in reversed(names.items()):
        decisions = decisions.add_column(0, name, pa.array([value] * len(decisions)))
    return decisions


def _exceeds(row: Mapping[str, Any]) -> bool:
    """Whether more was changed than the budget allows: frames beside those edited, or joints beyond their box."""
    return any(row.get(name, 0) > _ROUNDING for name in ("violation", "violation_box"))


def _key(row: Mapping[str, object]) -> tuple[object, ...]:
    return row["sample"], row.get("gallery_view")
