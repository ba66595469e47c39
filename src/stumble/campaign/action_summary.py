"""From the rows of an evaluation of actions to percentages and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from stumble.metrics.classification import Accuracy

__all__ = ["ActionSummary", "CleanSummary", "summarise_actions", "summarise_clean"]


@dataclass(frozen=True)
class CleanSummary:
    """How well clean clips are recognised; shares in percent.

    Attributes:
        n: clips.
        top1, top5: the true class comes first, is among the first five.
        ci95, top5_ci95: bootstrap intervals over subjects; Wilson's where the data does not tell subjects.
    """

    n: int
    top1: float
    top5: float
    ci95: tuple[float, float]
    top5_ci95: tuple[float, float]


@dataclass(frozen=True)
class ActionSummary:
    """One attack with one goal on one set of clips; shares in percent.

    Attributes:
        goal: "untargeted" or "targeted".
        n: attacked clips, the denominator of every share.
        accuracy_clean, accuracy: clips whose prediction is the true class, before and after.
        fooling: clips whose prediction is another than before, right or wrong.
        success: clips whose goal is reached: `fooling` when untargeted, the wanted class when targeted (what the paper
            calls fooling in Tables I and II).
        ci95: interval of `success`: bootstrap over subjects; Wilson's where the data does not tell subjects.
        joint_mm, joint_max_mm: distance between clean and adversarial joints, mean over clips, and the largest; for
            positions in the image in thousandths of their unit.
        variation_min, variation_max, variation_mean: CIASA's joint variation over all skeletons of all clips.
        coordinate_max: the largest change of a coordinate, in the units of the data.
        bone_pct, bone_max_pct: change of bone lengths, mean over clips, and the largest.
        accel: change of acceleration in percent, mean over the clips that accelerate; accel_absolute over all.
        realness, realness_clean: poses that an independent discriminator takes for real, or None.
        violations: the largest of each constraint, by name ("box": the excess over the box).
    """

    goal: str
    n: int
    accuracy_clean: float
    accuracy: float
    fooling: float
    success: float
    ci95: tuple[float, float]
    joint_mm: float
    joint_max_mm: float
    variation_min: float
    variation_max: float
    variation_mean: float
    coordinate_max: float
    bone_pct: float
    bone_max_pct: float
    accel: float
    accel_absolute: float
    realness: float | None
    realness_clean: float | None
    violations: dict[str, float]


def summarise_clean(table: pa.Table) -> CleanSummary:
    """Sum up `ActionEvaluation.clean`."""
    rank, subjects = table["rank"].to_numpy(), table["subject"].to_pylist()
    first, five = (_accuracy(rank < k, subjects) for k in (1, 5))
    return CleanSummary(len(rank), first.percent, five.percent, (first.low, first.high), (five.low, five.high))


def summarise_actions(table: pa.Table) -> ActionSummary:
    """Sum up the verdicts of one attack with one goal."""
    column = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    reached = _accuracy(column["fooled"], table["subject"].to_pylist())
    accel = column["accel"][np.isfinite(column["accel"])]

    def mean(name: str) -> float:
        return float(column[name].mean())

    def optional(name: str) -> float | None:
        return None if table[name].null_count else mean(name)

    return ActionSummary(
        goal=str(column["goal"][0]),
        n=len(table),
        accuracy_clean=_share(column["correct_before"]),
        accuracy=_share(column["correct_after"]),
        fooling=_share(column["predicted_before"] != column["predicted_after"]),
        success=reached.percent,
        ci95=(reached.low, reached.high),
        joint_mm=mean("joint_mean"),
        joint_max_mm=float(column["joint_max"].max()),
        variation_min=float(column["variation_min"].min()),
        variation_max=float(column["variation_max"].max()),
        variation_mean=float(np.average(column["variation_mean"], weights=column["skeletons"])),
        coordinate_max=float(column["coordinate_max"].max()),
        bone_pct=mean("bone_mean"),
        bone_max_pct=float(column["bone_max"].max()),
        accel=float(accel.mean()) if len(accel) else 0.0,
        accel_absolute=mean("accel_absolute"),
        realness=optional("realness"),
        realness_clean=optional("realness_clean"),
        violations={
            name.removeprefix("violation_"): float(values.max())
            for name, values in column.items()
            if name.startswith("violation_")
        },
    )


def _share(hits: np.ndarray) -> float:
    return 100.0 * float(hits.astype(bool).mean())


def _accuracy(hits: np.ndarray, subjects: Sequence[str]) -> Accuracy:
    return Accuracy.of(torch.from_numpy(hits.astype(bool)), subjects if all(subjects) else None)
