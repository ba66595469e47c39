"""What a recogniser says of pieces of sequences, each seen alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.errors import TargetError
from stumble.interfaces import Features, FrameSeparable, SkeletonTarget, Target
from stumble.objectives import logits_of
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.gallery import Gallery

__all__ = ["ActionScorer", "GaitScorer", "Scorer", "aggregated_pieces", "embedded_pieces", "silent"]

_FRAMES = 512
"""So many frames of pieces are answered to at once."""


class Scorer(ABC):
    """A recogniser that can be asked about pieces of sequences."""

    @abstractmethod
    def scores(self, batch: Silhouettes | Skeletons, mask: Bool[Tensor, "b g n"]) -> Float[Tensor, "b g v c"]:
        """The score of each identity or class in each view, higher is nearer.

        Args:
            mask: which frames each piece has.

        Returns:
            (B, G, V, C); -inf throughout for a piece that is shorter than the recogniser takes, or `silent`.

        Raises:
            TargetError: the recogniser does not take such sequences.
        """


@dataclass(frozen=True)
class GaitScorer(Scorer):
    """A gait recogniser with a gallery: minus the distance to each identity's nearest sequence, view by view."""

    target: Target
    gallery: Gallery

    def scores(self, batch: Silhouettes | Skeletons, mask: Bool[Tensor, "b g n"]) -> Float[Tensor, "b g v c"]:
        if not isinstance(batch, Silhouettes):
            raise TargetError("a gait recogniser takes silhouettes; found skeletons")
        embeddings, answered = embedded_pieces(self.target, batch, mask)
        shape = *mask.shape[:2], len(self.gallery.views), len(self.gallery.identities)
        if not len(embeddings):
            return torch.full(shape, -torch.inf)
        found = self.gallery.scores(embeddings).masked_fill(silent(embeddings)[:, None, None], -torch.inf)
        return found.new_full(shape, -torch.inf).index_put((answered,), found)


@dataclass(frozen=True)
class ActionScorer(Scorer):
    """An action recogniser: its logits, in one view."""

    target: SkeletonTarget

    def scores(self, batch: Silhouettes | Skeletons, mask: Bool[Tensor, "b g n"]) -> Float[Tensor, "b g v c"]:
        pieces, filled = self._skeletons(batch).pieces(mask), mask.any(2)
        if not len(pieces):
            raise TargetError("found no piece with frames; expected at least one")
        found = _in_order([(rows, self.logits(pieces.select(rows))) for rows in _portions(pieces.lengths)])[:, None]
        return found.new_full((*filled.shape, *found.shape[1:]), -torch.inf).index_put((filled,), found)

    def logits(self, batch: Silhouettes | Skeletons) -> Float[Tensor, "b c"]:
        """Those of whole sequences."""
        return logits_of(self.target(self._skeletons(batch)))

    @staticmethod
    def _skeletons(batch: Silhouettes | Skeletons) -> Skeletons:
        if not isinstance(batch, Skeletons):
            raise TargetError("an action recogniser takes skeletons; found silhouettes")
        return batch


def embedded_pieces(
    target: Target, batch: Silhouettes, mask: Bool[Tensor, "b g n"]
) -> tuple[Float[Tensor, "r p d"], Bool[Tensor, "b g"]]:
    """The embeddings of the pieces that have as many frames as the target takes, and which these are.

    Of a `FrameSeparable` every frame is encoded once, however many pieces it is in.
    """
    answered = _long_enough(target, mask)
    if isinstance(target, FrameSeparable):
        target.takes.check(batch)
        if not bool(answered.any()):
            return torch.zeros(0, 0, 0), answered
        return aggregated_pieces(target, target.encode(batch.floating().packed()), batch.lengths, mask)
    pieces = batch.pieces(mask & answered[..., None])
    found = [(rows, target(pieces.select(rows)).embedding) for rows in _portions(pieces.lengths)]
    return _joined(target, found), answered


def aggregated_pieces(
    target: FrameSeparable, features: Features, lengths: Int[Tensor, " b"], mask: Bool[Tensor, "b g n"]
) -> tuple[Float[Tensor, "r p d"], Bool[Tensor, "b g"]]:
    """`embedded_pieces` from the packed features of all frames of sequences of these lengths."""
    answered = _long_enough(target, mask)
    mask = mask & answered[..., None]
    sizes = mask.sum(2)[answered]
    row, _, frame = mask.nonzero(as_tuple=True)
    before = lengths.cumsum(0) - lengths
    frames, found = (before[row] + frame).split(sizes.tolist()), []
    for rows in _portions(sizes):
        chosen = torch.cat([frames[k] for k in rows.tolist()])
        answer = target.aggregate(tuple(feature[chosen] for feature in features), sizes[rows])
        found.append((rows, answer.embedding))
    return _joined(target, found), answered


def _long_enough(target: Target, mask: Bool[Tensor, "b g n"]) -> Bool[Tensor, "b g"]:
    return mask.sum(2) >= max(1, target.takes.minimum_frames)


def silent(embeddings: Float[Tensor, "r p d"]) -> Bool[Tensor, " r"]:
    """Which are 0 throughout: of a piece without an answer, or one in which a network without biases sees nothing.

    They are no nearer to one person than to another, and have no vote.
    """
    return ~embeddings.ne(0).flatten(1).any(1)


def _joined(target: Target, found: Sequence[tuple[Tensor, Tensor | None]]) -> Float[Tensor, "r p d"]:
    embeddings = [(rows, each) for rows, each in found if each is not None]
    if len(embeddings) < len(found):
        raise TargetError(f"{type(target).__name__} answers with no embedding; a gait target must")
    return _in_order(embeddings) if embeddings else torch.zeros(0, 0, 0)


def _portions(lengths: Int[Tensor, " r"]) -> Iterator[Int[Tensor, " r"]]:
    """The places of pieces that are answered to together. All are of one length: where nothing is padded, no piece can
    be seen to be shorter than another, whatever the recogniser does with padding."""
    for length in lengths.unique().tolist():
        yield from (lengths == length).nonzero()[:, 0].split(max(1, _FRAMES // length))


def _in_order(found: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """What was found for each place, by places."""
    return torch.cat([each for _, each in found])[torch.cat([rows for rows, _ in found]).argsort()]
