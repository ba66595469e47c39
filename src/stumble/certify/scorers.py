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

__all__ = ["ActionScorer", "GaitScorer", "Scorer", "aggregated_pieces", "embedded_pieces"]

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
            (B, G, V, C); -inf throughout for a piece that is shorter than the recogniser takes.

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
        found = self.gallery.scores(embeddings)
        return found.new_full(shape, -torch.inf).index_put((answered,), found)


@dataclass(frozen=True)
class ActionScorer(Scorer):
    """An action recogniser: its logits, in one view."""

    target: SkeletonTarget

    def scores(self, batch: Silhouettes | Skeletons, mask: Bool[Tensor, "b g n"]) -> Float[Tensor, "b g v c"]:
        pieces, filled = self._skeletons(batch).pieces(mask), mask.any(2)
        if not len(pieces):
            raise TargetError("found no piece with frames; expected at least one")
        longest = pieces.joints.shape[2]
        logits = torch.cat([self.logits(pieces.select(rows)) for rows in _portions(len(pieces), longest)])
        found = logits[:, None]
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
    pieces, found = batch.pieces(mask & answered[..., None]), []
    for rows in _portions(len(pieces), pieces.frames.shape[1]):
        found.append(target(pieces.select(rows)).embedding)
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
    for rows in _portions(len(sizes), int(sizes.max()) if len(sizes) else 0):
        chosen = torch.cat([frames[k] for k in rows.tolist()])
        found.append(target.aggregate(tuple(feature[chosen] for feature in features), sizes[rows]).embedding)
    return _joined(target, found), answered


def _long_enough(target: Target, mask: Bool[Tensor, "b g n"]) -> Bool[Tensor, "b g"]:
    return mask.sum(2) >= max(1, target.takes.minimum_frames)


def _joined(target: Target, found: Sequence[Tensor | None]) -> Float[Tensor, "r p d"]:
    embeddings = [each for each in found if each is not None]
    if len(embeddings) < len(found):
        raise TargetError(f"{type(target).__name__} answers with no embedding; a gait target must")
    return torch.cat(embeddings) if embeddings else torch.zeros(0, 0, 0)


def _portions(pieces: int, longest: int) -> Iterator[Int[Tensor, " r"]]:
    if pieces:
        yield from torch.arange(pieces).split(max(1, _FRAMES // max(longest, 1)))
