"""Several gait recognisers as one: a source from which attacks transfer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError
from stumble.interfaces import Features, FrameSeparable, Output, SetPooled, SilhouetteInput, Target
from stumble.sequences import Silhouettes

__all__ = ["GaitEnsemble", "gait_ensemble"]


@dataclass(frozen=True)
class GaitEnsemble:
    """A target that answers with its members' embeddings, each of length 1, side by side.

    The cosine of two answers is the mean of the members' cosines, so the gradient of that objective is the mean of
    theirs; embeddings of different networks have no mean of their own.

    Attributes:
        members: at least one; they take silhouettes of the same size.
    """

    members: tuple[Target, ...]

    @property
    def takes(self) -> SilhouetteInput:
        takes = [member.takes for member in self.members]
        return SilhouetteInput(takes[0].height, takes[0].width, max(each.minimum_frames for each in takes))

    def __call__(self, batch: Silhouettes) -> Output:
        return _side_by_side(member(batch) for member in self.members)


@dataclass(frozen=True)
class _Separable(GaitEnsemble):
    """Attributes:
    encoded, pooled: how many of the tensors that come of frames, or of their pooling, are each member's.
    """

    members: tuple[FrameSeparable, ...]
    encoded: tuple[int, ...]
    pooled: tuple[int, ...]

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        return tuple(part for member in self.members for part in member.encode(frames))

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        own = zip(self.members, _split(features, self.encoded), strict=True)
        return _side_by_side(member.aggregate(part, lengths) for member, part in own)


@dataclass(frozen=True)
class _Pooled(_Separable):
    members: tuple[SetPooled, ...]

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        own = zip(self.members, _split(features, self.encoded), strict=True)
        return tuple(part for member, parts in own for part in member.pool(parts, lengths))

    def merge(self, first: Features, second: Features) -> Features:
        own = zip(self.members, _split(first, self.pooled), _split(second, self.pooled), strict=True)
        return tuple(part for member, one, two in own for part in member.merge(one, two))

    def head(self, pooled: Features) -> Output:
        own = zip(self.members, _split(pooled, self.pooled), strict=True)
        return _side_by_side(member.head(part) for member, part in own)


def gait_ensemble(members: Sequence[Target]) -> GaitEnsemble:
    """An ensemble that is separable by frames, or pools a set, where all its members are.

    Raises:
        TargetError: there is none, or they take silhouettes of different sizes.
    """
    sizes = dict.fromkeys(f"{member.takes.height}x{member.takes.width}" for member in members)
    if len(sizes) != 1:
        found = ", ".join(sizes) or "nothing"
        raise TargetError(f"an ensemble of targets that take {found}; expected all to take the same size")
    separable = tuple(member for member in members if isinstance(member, FrameSeparable))
    if len(separable) < len(members):
        return GaitEnsemble(tuple(members))
    takes = members[0].takes
    with torch.no_grad():
        blank = [member.encode(torch.zeros(1, takes.height, takes.width)) for member in separable]
        encoded = tuple(map(len, blank))
        sets = tuple(member for member in separable if isinstance(member, SetPooled))
        if len(sets) < len(members):
            return _Separable(separable, encoded, ())
        once = torch.ones(1, dtype=torch.int64)
        pooled = tuple(len(member.pool(part, once)) for member, part in zip(sets, blank, strict=True))
    return _Pooled(sets, encoded, pooled)


def _split(features: Features, sizes: tuple[int, ...]) -> Iterator[Features]:
    parts = iter(features)
    for size in sizes:
        yield tuple(next(parts) for _ in range(size))


def _side_by_side(outputs: Iterable[Output]) -> Output:
    """Raises TargetError where a member answers with no embedding."""
    embeddings = []
    for output in outputs:
        if output.embedding is None:
            raise TargetError("an ensemble of gait targets of which one answers with no embedding; all must")
        embeddings.append(functional.normalize(output.embedding.flatten(1), dim=1))
    return Output(embedding=torch.cat(embeddings, 1)[:, None])
