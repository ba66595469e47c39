"""From the judge's rows to the figures of a table: rank-1, success, plausible success, each with its denominator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stumble.metrics.intervals import subject_bootstrap

__all__ = ["AttackSummary", "by_kind", "summarise"]


@dataclass(frozen=True)
class AttackSummary:
    """One attack on one set of probes; shares in percent.

    Attributes:
        goal: "untargeted" or "targeted".
        sequences: attacked sequences.
        decisions: (sequence, gallery view) pairs that the protocol counts.
        n: the denominator of `success`: decisions right on the clean probe (untargeted), all (targeted).
        rank1_clean, rank1: decisions right before and after.
        success: untargeted, decisions that were right and go wrong; targeted, decisions whose nearest identity
            is the wanted one.
        success_clean: targeted only, the share already so before the attack; 0 when untargeted.
        success_binary: success with the edited frames rounded to black and white.
        plausible: success with every edited frame plausible.
        plausible_coherent: the same, and every edited frame coherent with its neighbours.
        plausible_samples, coherent_samples: sequences whose edited frames all are so, successful or not.
        realness: mean probability of a real frame by the attack's critic, or None.
        ci95: bootstrap interval of `success` over subjects; plausible_ci95 likewise.
        violation: largest violation of the constraint among the samples.
        sparsity: realised K / N, mean over sequences.
    """

    goal: str
    sequences: int
    decisions: int
    n: int
    rank1_clean: float
    rank1: float
    success: float
    success_clean: float
    success_binary: float
    plausible: float | None
    plausible_coherent: float | None
    plausible_samples: float | None
    coherent_samples: float | None
    realness: float | None
    ci95: tuple[float, float]
    plausible_ci95: tuple[float, float] | None
    rank1_ci95: tuple[float, float]
    violation: float
    sparsity: float


def summarise(table: pa.Table) -> AttackSummary:
    """Sum up the verdicts of one attack with one goal."""
    column = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    goal = str(column["goal"][0])
    targeted = goal == "targeted"
    before = column["correct_before"].astype(bool)
    counted = np.ones(len(table), bool) if targeted else before
    reached = {
        name: column[f"hit_{name}"].astype(bool) if targeted else ~column[f"correct_{name}"].astype(bool)
        for name in ("before", "after", "binary")
    }
    subjects = [str(s) for s in column["subject"]]
    judged = table["plausible"].null_count == 0
    plausible = column["plausible"].astype(bool) if judged else np.zeros(len(table), bool)
    coherent = column["coherent"].astype(bool) if judged else np.zeros(len(table), bool)

    def share(hits: np.ndarray, of: np.ndarray = counted) -> float:
        return 100.0 * float((hits & of).sum()) / max(int(of.sum()), 1)

    def interval(hits: np.ndarray, of: np.ndarray = counted) -> tuple[float, float]:
        return subject_bootstrap((hits & of).astype(float), of.astype(float), subjects)

    _, first = np.unique(column["sample"].astype(str), return_index=True)
    everything = np.ones(len(table), bool)
    realness = None if table["realness"].null_count else float(column["realness"][first].astype(float).mean())
    return AttackSummary(
        goal=goal,
        sequences=len(first),
        decisions=len(table),
        n=int(counted.sum()),
        rank1_clean=share(before, everything),
        rank1=share(column["correct_after"].astype(bool), everything),
        success=share(reached["after"]),
        success_clean=share(reached["before"]),
        success_binary=share(reached["binary"]),
        plausible=share(reached["after"] & plausible) if judged else None,
        plausible_coherent=share(reached["after"] & plausible & coherent) if judged else None,
        plausible_samples=100.0 * float(plausible[first].mean()) if judged else None,
        coherent_samples=100.0 * float(coherent[first].mean()) if judged else None,
        realness=realness,
        ci95=interval(reached["after"]),
        plausible_ci95=interval(reached["after"] & plausible) if judged else None,
        rank1_ci95=interval(column["correct_after"].astype(bool), everything),
        violation=float(pc.max(table["violation"]).as_py()),
        sparsity=float(column["sparsity"][first].astype(float).mean()),
    )


def by_kind(table: pa.Table, kinds: Sequence[str]) -> dict[str, pa.Table]:
    """The rows of each kind of probes, such as NM, of which there are any, by their `condition`, such as nm-05."""
    found = [condition.partition("-")[0].upper() for condition in table["condition"].to_pylist()]
    return {kind: table.filter(pa.array([k == kind for k in found])) for kind in kinds if kind in found}
