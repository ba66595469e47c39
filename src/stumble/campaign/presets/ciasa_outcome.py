"""What came of an attack on skeletons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from stumble.campaign.action_summary import ActionSummary, summarise_actions
from stumble.campaign.presets.ciasa import SkeletonPreset, SkeletonRow
from stumble.campaign.results import CellResult
from stumble.campaign.run_folder import RunFolder

__all__ = ["SkeletonOutcome", "skeleton_outcomes"]


@dataclass(frozen=True)
class SkeletonOutcome:
    """A row with what is in the campaign's folder of it.

    Attributes:
        row: the attack.
        goal: what it wanted.
        verdicts: the judge's table, a row per clip.
        samples: the folders of its adversarial sequences.
    """

    row: SkeletonRow
    goal: str
    verdicts: pa.Table
    samples: tuple[Path, ...] = ()

    @cached_property
    def summary(self) -> ActionSummary:
        """The figures."""
        return summarise_actions(self.verdicts)

    @cached_property
    def height(self) -> float:
        """Mean height of the clean skeletons in the units of the data."""
        return float(self.verdicts["height"].to_numpy().mean())

    def missed(self) -> list[dict[str, Any]]:
        """The clips whose goal was not reached, those that stayed furthest from it first."""
        names = ("sample", "label", "wanted", "predicted_before", "predicted_after", "margin_after")
        rows = [row for row in self.verdicts.to_pylist() if not row["fooled"]]
        return [{name: row[name] for name in names} for row in sorted(rows, key=lambda row: row["margin_after"])]


def skeleton_outcomes(
    preset: SkeletonPreset, folder: RunFolder, results: Sequence[CellResult]
) -> tuple[SkeletonOutcome, ...]:
    """All rows in order, with where their samples lie in the folder. Raises DataError where nothing is there of one."""
    return tuple(
        SkeletonOutcome(row, preset.goal, verdicts, tuple(map(folder.samples, result.done)))
        for row, result, verdicts in preset.found(results)
    )
