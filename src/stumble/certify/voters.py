"""Voting recognisers as targets, so that an attack can be run on what is certified, and judged."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.certify.pieces import Pieces, RandomSubsets
from stumble.certify.scorers import ActionScorer, aggregated_pieces, embedded_pieces, silent
from stumble.certify.votes import tally
from stumble.errors import TargetError
from stumble.interfaces import (
    Features,
    FrameSeparable,
    Output,
    SilhouetteInput,
    SkeletonInput,
    SkeletonTarget,
    Target,
)
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import frozen
from stumble.targets.gallery import Gallery

__all__ = ["Piecewise", "SeparablePiecewise", "VotingClassifier", "VotingGallery", "piecewise"]


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
            raise TargetError(f"{batch.ids[0]}: {self._too_short}")
        return _side_by_side(found, answered)

    @property
    def _too_short(self) -> str:
        return f"found {self.pieces.count} pieces of fewer than {self.takes.minimum_frames} frames"


@dataclass(frozen=True)
class SeparablePiecewise(Piecewise):
    """The same of a recogniser that sees one frame at a time: clean frames need to be encoded only once.

    Frames travel along with their features, since what they hold may decide which piece they are in.

    Raises:
        TargetError: pieces that depend on a sequence's name, which features do not have.
    """

    target: FrameSeparable

    def __post_init__(self) -> None:
        if isinstance(self.pieces, RandomSubsets):
            raise TargetError("SeparablePiecewise: found pieces that depend on a sequence's name; expected others")

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        return *self.target.encode(frames), frames

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """As `Piecewise` answers. Raises TargetError: every piece is too short."""
        *own, frames = features
        batch = Silhouettes.pad(frames.detach().split(lengths.tolist()), [str(row) for row in range(len(lengths))])
        with frozen(self.target):
            found, answered = aggregated_pieces(self.target, tuple(own), lengths, self.pieces.mask(batch))
        if not len(found):
            raise TargetError(self._too_short)
        return _side_by_side(found, answered)


def piecewise(target: Target, pieces: Pieces) -> Piecewise:
    """A recogniser of pieces that is separable by frames where target and pieces allow it."""
    if isinstance(target, FrameSeparable) and not isinstance(pieces, RandomSubsets):
        return SeparablePiecewise(target, pieces)
    return Piecewise(target, pieces)


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
        return tally(self.of_pieces(embedding))

    def of_pieces(self, embedding: Float[Tensor, "b p d"]) -> Float[Tensor, "b g views identities"]:
        """The scores by which each piece votes; -inf throughout for a piece that is too short, or `silent`."""
        single = embedding.unflatten(1, (self.pieces, -1)).flatten(0, 1)
        scores = super().scores(single).masked_fill(silent(single)[:, None, None], float("-inf"))
        return scores.unflatten(0, (-1, self.pieces))


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
        return Output(logits=tally(self.of_pieces(batch))[:, 0])

    def of_pieces(self, batch: Skeletons) -> Float[Tensor, "b g 1 c"]:
        """The logits by which each piece votes; -inf throughout for one without frames."""
        with frozen(self.target):
            return ActionScorer(self.target).scores(batch, self.pieces.mask(batch))


def _side_by_side(found: Float[Tensor, "r p d"], answered: Bool[Tensor, "b g"]) -> Output:
    """Those of one sequence one after the other, with zeros for pieces without an answer, or with one that is no
    number."""
    found = found.where(found.isfinite().flatten(1).all(1)[:, None, None], 0)
    whole = found.new_zeros(*answered.shape, *found.shape[1:]).index_put((answered,), found)
    return Output(embedding=whole.flatten(1, 2))
