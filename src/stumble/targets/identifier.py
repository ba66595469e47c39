"""A gait recogniser with a gallery as a classifier of people."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jaxtyping import Float, Int
from torch import Tensor

from stumble.errors import TargetError
from stumble.interfaces import Features, FrameSeparable, Output, SetPooled, SilhouetteInput, Target
from stumble.sequences import Silhouettes
from stumble.targets.gallery import Gallery

__all__ = ["Identifier", "identifier"]


@dataclass(frozen=True)
class Identifier:
    """A target that answers with its embedding and with a logit for each person of a gallery, in the gallery's order:
    minus the distance to the person's nearest sequence, whatever its view.

    It is what attacks on classes take, and what says during an attack whether a sample is finished. The judge decides
    in each gallery view by itself, without the probe's own: what is finished here need not have succeeded in all.
    """

    target: Target
    gallery: Gallery

    @property
    def takes(self) -> SilhouetteInput:
        return self.target.takes

    def __call__(self, batch: Silhouettes) -> Output:
        return self.named(self.target(batch))

    def named(self, output: Output) -> Output:
        """The answer with its logits. Raises TargetError where there is no embedding, or not of the gallery's size."""
        if output.embedding is None:
            raise TargetError(f"{type(self.target).__name__} answers with no embedding; a gait target must")
        return replace(output, logits=self.gallery.scores(output.embedding).amax(1))


@dataclass(frozen=True)
class _Separable(Identifier):
    target: FrameSeparable

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        return self.target.encode(frames)

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        return self.named(self.target.aggregate(features, lengths))


@dataclass(frozen=True)
class _Pooled(_Separable):
    target: SetPooled

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        return self.target.pool(features, lengths)

    def merge(self, first: Features, second: Features) -> Features:
        return self.target.merge(first, second)

    def head(self, pooled: Features) -> Output:
        return self.named(self.target.head(pooled))


def identifier(target: Target, gallery: Gallery) -> Identifier:
    """An identifier that is separable by frames, or pools a set, where the target is."""
    if isinstance(target, SetPooled):
        return _Pooled(target, gallery)
    if isinstance(target, FrameSeparable):
        return _Separable(target, gallery)
    return Identifier(target, gallery)
