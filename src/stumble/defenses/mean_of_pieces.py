"""What to descend on where the pieces of a clip vote."""

from __future__ import annotations

from dataclasses import dataclass

from stumble.certify import ActionScorer, Pieces
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.sequences import Skeletons
from stumble.targets.frozen import frozen

__all__ = ["MeanOfPieces"]


@dataclass(frozen=True)
class MeanOfPieces:
    """An action recogniser that answers with the mean logits of the pieces of a clip.

    Attributes:
        target: the recogniser of a piece.
        pieces: which frames go together.
    """

    target: SkeletonTarget
    pieces: Pieces

    @property
    def takes(self) -> SkeletonInput:
        return self.target.takes

    def __call__(self, batch: Skeletons) -> Output:
        """(B, C); pieces without frames do not count."""
        with frozen(self.target):
            scores = ActionScorer(self.target).scores(batch, self.pieces.mask(batch))[:, :, 0]
        there = scores.isfinite().all(2, keepdim=True)
        return Output(logits=scores.masked_fill(~there, 0).sum(1) / there.sum(1))
