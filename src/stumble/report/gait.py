"""What a report on gait attacks is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from stumble.campaign.summary import AttackSummary
from stumble.constraints.frames import Edit
from stumble.errors import DataError
from stumble.metrics.retrieval import RankTable

__all__ = ["AttackRow", "GaitReport", "Strip", "told"]


@dataclass(frozen=True)
class AttackRow:
    """One line of the table of attacks.

    Attributes:
        attack: "temporal-sparse", "random", "real", "best-real", "fgsm", "pgd", ...
        condition: kind of the probes, "NM".
        sparsity: the nominal S, a share of the clean frames in (0, 1]; `summary.sparsity` is the realised one.
        summary: the figures.
        note: what the reader must know about this line.
        edit: whether the frames stand in for clean ones or are put between them.
    """

    attack: str
    condition: str
    sparsity: float
    summary: AttackSummary
    note: str = ""
    edit: Edit = "alter"


@dataclass(frozen=True)
class Strip:
    """One attacked sequence to look at.

    Attributes:
        title: the sample's id.
        caption: what was done and what it did.
        clean: (N, H, W) uint8 levels.
        adversarial: (N', H, W); N' = N for alteration, N + K for insertion.
        edited: (N',) which adversarial frames are the adversary's.
        plausible, coherent: whether every edited frame is so; None where that was not judged.

    Raises:
        DataError: the lengths fit neither alteration nor insertion.
    """

    title: str
    caption: str
    clean: UInt8[np.ndarray, "n h w"]
    adversarial: UInt8[np.ndarray, "m h w"]
    edited: Bool[np.ndarray, " m"]
    plausible: bool | None = None
    coherent: bool | None = None

    def __post_init__(self) -> None:
        altered, inserted = len(self.clean), len(self.clean) + int(self.edited.sum())
        if len(self.adversarial) not in (altered, inserted):
            found = f"{len(self.adversarial)} adversarial frames beside {altered} clean ones"
            raise DataError(self.title, found, f"{altered} frames with alteration or {inserted} with insertion")

    @property
    def inserted(self) -> bool:
        """Whether the edited frames were put between the clean ones."""
        return len(self.adversarial) > len(self.clean)

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the edited frames are, from 0, in the adversarial sequence."""
        return tuple(int(i) for i in np.flatnonzero(self.edited))

    @property
    def aligned(self) -> UInt8[np.ndarray, "m h w"]:
        """The clean frames beside the adversarial ones they belong to; black where a frame was inserted."""
        if not self.inserted:
            return self.clean
        frames = np.zeros_like(self.adversarial)
        frames[~self.edited] = self.clean
        return frames


@dataclass(frozen=True)
class GaitReport:
    """One recogniser, its clean figures, and what attacks do to it.

    Attributes:
        title: of the page.
        data: name of the data set.
        synthetic: whether its people are rendered ones.
        clean: kind of probes ("NM") -> rank-1 table on clean probes.
        clean_baseline: kind -> rank-1 in percent of the nearest gait energy image, or None where not measured.
        attacks: the lines of the table, in the order to show.
        strips: sequences to look at.
        plausibility: measure ("overlap", "component", "coherence") -> threshold in [0, 1].
        provenance: what made the figures: "command" (shown as the way to run it again), "version", "seed", ...
        notes: sentences for the reader.
    """

    title: str
    data: str
    synthetic: bool
    clean: dict[str, RankTable]
    clean_baseline: dict[str, float] | None
    attacks: tuple[AttackRow, ...]
    strips: tuple[Strip, ...]
    plausibility: dict[str, float]
    provenance: dict[str, str]
    notes: tuple[str, ...] = ()


def told(verdicts: Sequence[Mapping[str, Any]], edited: int, length: int) -> str:
    """What was done to a sequence and what it did: "untargeted, 1 of 40 frames: 2 of 3 right decisions flipped".

    Args:
        verdicts: the judge's rows about it.
        edited: frames that are the adversary's.
        length: frames of the adversarial sequence.
    """
    if verdicts[0]["goal"] == "targeted":
        hits = sum(bool(v["hit_after"]) for v in verdicts)
        return (
            f"targeted at {verdicts[0]['wanted']}, {edited} of {length} frames: {hits} of {len(verdicts)} decisions hit"
        )
    right = [v for v in verdicts if v["correct_before"]]
    flipped = sum(not v["correct_after"] for v in right)
    return f"untargeted, {edited} of {length} frames: {flipped} of {len(right)} right decisions flipped"
