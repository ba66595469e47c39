"""Voting recognisers as targets, so that an attack can be run on what is certified, and judged."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from stumble.certify.pieces import Pieces
from stumble.certify.scorers import ActionScorer, embedded_pieces
from stumble.certify.votes import tally
from stumble.errors import TargetError
from stumble.interfaces import Output, SilhouetteInput, SkeletonInput, SkeletonTarget, Target
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import frozen
from stumble.targets.gallery import Gallery

__all__ = ["Piecewise", "VotingClassifier", "VotingGallery"]


@dataclass(frozen=True)
class Piecewise:
    """A gait recogniser that embeds every piece of a sequence by itself. `VotingGallery` lets the pieces vote.

    Attributes:
        target: the recogniser of a piece.
        pieces: which frames go together.
    """

    target: Target
    pieces: Pieces

    @property
    def takes(self) -> SilhouetteInput:
        return self.target.takes

    def __call__(self, batch: Silhouettes) -> Output:
        """The embeddings of the pieces side by side, (B, G·P, D); 0 throughout for a piece that is too short.

        Raises:
            TargetError: every piece is too short.
        """
        self.takes.check(batch)
        with frozen(self.target):
            found, answered = embedded_pieces(self.target, batch, self.pieces.mask(batch))
        if not len(found):
            least = self.takes.minimum_frames
            raise TargetError(f"{batch.ids[0]}: found {self.pieces.count} pieces of fewer than {least} frames")
        whole = found.new_zeros(*answered.shape, *found.shape[1:]).index_put((answered,), found)
        return Output(embedding=whole.flatten(1, 2))


@dataclass(frozen=True)
class VotingGallery(Gallery):
    """A gallery whose scores are votes: each piece of `Piecewise` has one in each view, for the nearest identity.

    It stands where a gallery stands: the judge and the early stop of an attack count votes then.

    Attributes:
        pieces: how many the embedding is made of.
    """

    pieces: int = 1

    def scores(self, embedding: Float[Tensor, "b p d"]) -> Float[Tensor, "b views identities"]:
        """Votes for each identity in each view; differentiable as `votes.tally` is."""
        single = embedding.unflatten(1, (self.pieces, -1)).flatten(0, 1)
        there = single.ne(0).flatten(1).any(1)[:, None, None]
        scores = super().scores(single).masked_fill(~there, float("-inf"))
        return tally(scores.unflatten(0, (-1, self.pieces)))


@dataclass(frozen=True)
class VotingClassifier:
    """An action recogniser whose logits are votes: each piece of a clip has one.

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
        """Votes for each class (B, C); differentiable as `votes.tally` is."""
        with frozen(self.target):
            scores = ActionScorer(self.target).scores(batch, self.pieces.mask(batch))
        return Output(logits=tally(scores)[:, 0])
