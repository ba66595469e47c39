"""What to descend on where the pieces of a clip vote."""

from __future__ import annotations

from dataclasses import dataclass

from stumble.certify import VotingClassifier
from stumble.interfaces import Output
from stumble.sequences import Skeletons

__all__ = ["MeanOfPieces"]


@dataclass(frozen=True)
class MeanOfPieces(VotingClassifier):
    """An action recogniser that answers with the mean logits of the pieces of a clip in the place of their votes."""

    def __call__(self, batch: Skeletons) -> Output:
        """(B, C); pieces without frames do not count."""
        scores = self.of_pieces(batch)[:, :, 0]
        there = scores.isfinite().all(2, keepdim=True)
        return Output(logits=scores.masked_fill(~there, 0).sum(1) / there.sum(1))
