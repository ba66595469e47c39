"""Votes of random subsets of frames that an adversary cannot foresee: drawn anew for the judge, and for each step of an
attack."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from stumble.certify import Pieces, Piecewise, RandomSubsets, SeparablePiecewise
from stumble.errors import SpecError
from stumble.interfaces import FrameSeparable, SilhouetteInput
from stumble.seeds import stream
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["SubsetVote", "SubsetsByLength"]


@dataclass(frozen=True)
class SubsetsByLength(Pieces):
    """Independent random subsets of `size` frames, the same for all sequences of a length; a sequence with fewer has
    none. Unlike `RandomSubsets` they need no name, and so can be cut from features.

    Attributes:
        count: subsets.
        size: frames of each; never a function of the sequence's length.
        seed: of their random stream.
        anew: whether every call draws others, by its number. A sample then meets the same alone as in a batch, unless
            the attack stops early: it asks once more in the steps in which somebody seems to be finished, after which
            all meet other subsets, as random as these.

    Raises:
        SpecError: fewer than one subset or frame.
    """

    count: int
    size: int
    seed: int = 0
    anew: bool = False
    _calls: Iterator[int] = field(default_factory=itertools.count, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.count < 1 or self.size < 1:
            raise SpecError(f"SubsetsByLength: found {self.count} of {self.size} frames; expected at least 1 of each")

    def mask(self, batch: Silhouettes | Skeletons) -> Bool[Tensor, "b g n"]:
        purpose = f"subsets, call {next(self._calls)}" if self.anew else "subsets"
        mask = np.zeros((len(batch), self.count, batch.mask.shape[1]), bool)
        for row, length in enumerate(batch.lengths.tolist()):
            if length >= self.size:
                keys = stream(self.seed, str(length), purpose).random((self.count, length))
                np.put_along_axis(mask[row], keys.argsort(1)[:, : self.size], True, 1)
        return torch.from_numpy(mask).to(batch.lengths.device)


@dataclass(frozen=True)
class SubsetVote(SeparablePiecewise):
    """A recogniser of random subsets, whose votes a `VotingGallery` counts: the sampled form of what
    `certify.Ablation` is about.

    Who knows its seed knows its subsets: it is to be judged as `fresh`, from one that no attack has seen. An adversary
    who expects any subset optimises its `surrogate`, which draws `per_step` others at each call.

    Attributes:
        per_step: subsets of the surrogate.
    """

    target: FrameSeparable
    pieces: SubsetsByLength
    per_step: int = 16

    @property
    def takes(self) -> SilhouetteInput:
        """No sequence from which a subset cannot be drawn."""
        own = self.target.takes
        return replace(own, minimum_frames=max(own.minimum_frames, self.pieces.size))

    def fresh(self, seed: int) -> Piecewise:
        """As many subsets that no attack has seen, of each sample others: what one draw happens to favour or to spare
        then says nothing about all samples."""
        return Piecewise(self.target, RandomSubsets(self.pieces.count, self.pieces.size, seed))

    def surrogate(self, seed: int) -> SubsetVote:
        """`per_step` subsets, others at each call."""
        return replace(self, pieces=SubsetsByLength(self.per_step, self.pieces.size, seed, anew=True))
