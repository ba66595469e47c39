"""Deterministic certificates: frames are split into groups, each group votes, and few frames reach few groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from stumble.certify.certificate import Certificate, FrameEdit, Method, as_deployed
from stumble.certify.pieces import ByContent, ByIndex, Pieces
from stumble.certify.scorers import Scorer
from stumble.certify.votes import Votes
from stumble.errors import SpecError
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["Partition"]


@dataclass(frozen=True)
class Partition(Method):
    """Every group of frames votes by itself and the majority answers (docs/certificates.md, Theorem 1).

    One pass over the frames and as many aggregations as there are groups. Groups are made of the frames as they come;
    whatever the recogniser does to several frames (dropping, centring, resizing) it does inside a group. A group
    without frames, or with fewer than the recogniser takes, abstains.

    Attributes:
        groups: G, whatever the length of the sequence.
        by: "index", frame t in group t modulo G, which proves something about alteration alone; "content", by a hash
            of the frame, about alteration, insertion and deletion.
        edit: what the adversary does: "alter", "insert" or "delete".

    Raises:
        SpecError: fewer than one group, or an edit about which the grouping proves nothing.
    """

    groups: int = 5
    by: Literal["index", "content"] = "index"
    edit: FrameEdit = "alter"

    def __post_init__(self) -> None:
        if self.edit not in self.pieces.touches:
            raise SpecError(
                f"Partition: a frame to {self.edit} shifts the index of all that follow; expected by 'content', "
                f"found {self.by!r}"
            )

    @property
    def pieces(self) -> Pieces:
        """The grouping."""
        return {"index": ByIndex, "content": ByContent}[self.by](self.groups)

    def __call__(self, scorer: Scorer, one: Silhouettes | Skeletons, *, seed: int = 0) -> Certificate:
        mask = self.pieces.mask(one)
        with as_deployed(scorer):
            votes = Votes.of(scorer.scores(one, mask)[0])
        groups = votes.withstands
        radius = torch.div(groups, self.pieces.touches[self.edit], rounding_mode="floor").clamp_min(0)
        return Certificate(votes.answer, groups < 0, radius.double(), "frames", 1.0, int(mask.any(2).sum()))
