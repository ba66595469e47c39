"""From the judge's rows to rates: how often an attack has what it wants, among how many, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int

from stumble.campaign.action_summary import ActionSummary, summarise_actions
from stumble.campaign.summary import AttackSummary, summarise
from stumble.metrics.intervals import subject_bootstrap, wilson

__all__ = ["Figures", "Outcomes", "Rate", "column", "figures", "rate", "reached"]


@dataclass(frozen=True)
class Rate:
    """A share in percent.

    Attributes:
        percent: the share; NaN of nothing.
        n: its denominator.
        low, high: 95 % interval: bootstrap over subjects; Wilson's where the data does not tell subjects.
    """

    percent: float
    n: int
    low: float
    high: float


def rate(hits: Bool[np.ndarray, " n"], of: Bool[np.ndarray, " n"], subjects: np.ndarray | None) -> Rate:
    """The share of hits among those of `of`; `subjects` says by name or number whose each is, if the data tells."""
    hit, n = int((hits & of).sum()), int(of.sum())
    if subjects is None:
        interval = wilson(hit, n)
    else:
        interval = subject_bootstrap((hits & of).astype(float), of.astype(float), subjects)
    return Rate(100 * hit / n if n else float("nan"), n, *interval)


@dataclass(frozen=True)
class Outcomes:
    """What became of each decision (gait) or clip (actions), of one attack or of several together.

    Attributes:
        before, after: whether it is right without and with the attack.
        counted: whether success is counted in it: gait untargeted, where it was right; otherwise everywhere.
        reached: whether the attack has it where it wants it; only where counted.
        subjects: whose it is, as numbers; None where the data does not tell.
        of: what success is counted among, for the reader.
    """

    before: Bool[np.ndarray, " n"]
    after: Bool[np.ndarray, " n"]
    counted: Bool[np.ndarray, " n"]
    reached: Bool[np.ndarray, " n"]
    subjects: Int[np.ndarray, " n"] | None
    of: str

    @classmethod
    def read(cls, tables: Sequence[pa.Table]) -> Outcomes:
        """From verdicts with one goal, at least one row."""
        before, after = (
            np.concatenate([column(table, f"correct_{when}").astype(bool) for table in tables])
            for when in ("before", "after")
        )
        counted = np.ones(len(before), bool)
        targeted = tables[0]["goal"][0].as_py() == "targeted"
        if "fooled" in tables[0].column_names:
            of = "all clips aimed at" if targeted else "all clips"
        elif targeted:
            of = "all decisions"
        else:
            counted, of = before, "decisions that were right"
        names = pa.chunked_array([chunk for table in tables for chunk in table["subject"].chunks])
        told = all(names.unique().to_pylist())
        subjects = names.combine_chunks().dictionary_encode().indices.to_numpy() if told else None
        return cls(before, after, counted, np.concatenate([reached(table) for table in tables]), subjects, of)

    def __len__(self) -> int:
        return len(self.before)

    def where(self, rows: Bool[np.ndarray, " n"]) -> Outcomes:
        """Some of them."""
        subjects = None if self.subjects is None else self.subjects[rows]
        before, after, counted, hits = (part[rows] for part in (self.before, self.after, self.counted, self.reached))
        return Outcomes(before, after, counted, hits, subjects, self.of)

    @property
    def clean(self) -> Rate:
        """How many are right without the attack."""
        return self._rate(self.before, np.ones(len(self), bool))

    @property
    def attacked(self) -> Rate:
        """How many are right with the attack."""
        return self._rate(self.after, np.ones(len(self), bool))

    @property
    def success(self) -> Rate:
        """How many of those counted are where the attack wants them."""
        return self._rate(self.reached, self.counted)

    def _rate(self, hits: Bool[np.ndarray, " n"], of: Bool[np.ndarray, " n"]) -> Rate:
        return rate(hits, of, self.subjects)


@dataclass(frozen=True)
class Figures:
    """One attack with one goal and one seed on one bench.

    Attributes:
        sequences: attacked sequences.
        of: what success is counted among.
        clean, attacked: decisions or clips that are right without and with the attack.
        success: those of `of` where the attack has what it wants.
        summary: what else was measured.
    """

    sequences: int
    of: str
    clean: Rate
    attacked: Rate
    success: Rate
    summary: AttackSummary | ActionSummary


def figures(verdicts: pa.Table) -> Figures:
    """Sum up the verdicts of one cell, at least one row."""
    outcomes = Outcomes.read([verdicts])
    actions = "fooled" in verdicts.column_names
    summary = summarise_actions(verdicts) if actions else summarise(verdicts)
    sequences = len(verdicts["sample"].unique())
    return Figures(sequences, outcomes.of, outcomes.clean, outcomes.attacked, outcomes.success, summary)


def reached(table: pa.Table) -> Bool[np.ndarray, " n"]:
    """Row by row, whether what the attack wanted is so: gait untargeted, a decision that was right is wrong."""
    if "fooled" in table.column_names:
        return column(table, "fooled").astype(bool)
    if table["goal"][0].as_py() == "targeted":
        return column(table, "hit_after").astype(bool)
    return column(table, "correct_before").astype(bool) & ~column(table, "correct_after").astype(bool)


def column(table: pa.Table, name: str) -> np.ndarray:
    """A column as an array."""
    return table[name].to_numpy(zero_copy_only=False)
