"""Which frames of a sequence are looked at together, and how many of these pieces an adversary can reach."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from stumble.errors import SpecError
from stumble.seeds import stream
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["ByContent", "ByIndex", "Pieces", "RandomSubsets"]


class Pieces(ABC):
    """A way to cut sequences into pieces, the same number whatever their length.

    Attributes:
        count: how many pieces.
        touches: by kind of edit, how many pieces one edited frame can change at most; kinds that are not named can
            change them all.
    """

    count: int
    touches: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def mask(self, batch: Silhouettes | Skeletons) -> Bool[Tensor, "b g n"]:
        """Which frames each piece has. A piece may have none."""


@dataclass(frozen=True)
class ByIndex(Pieces):
    """Frame t is in group t modulo `count`. An altered frame changes one group; an inserted one shifts all that follow.

    Attributes:
        count: groups; never a function of the sequence's length.

    Raises:
        SpecError: fewer than one group.
    """

    count: int
    touches: ClassVar[Mapping[str, int]] = {"alter": 1}

    def __post_init__(self) -> None:
        _at_least_one("ByIndex", "count", self.count)

    def mask(self, batch: Silhouettes | Skeletons) -> Bool[Tensor, "b g n"]:
        real = batch.mask
        group = torch.arange(real.shape[1], device=real.device) % self.count
        return (group == torch.arange(self.count, device=real.device)[:, None]) & real[:, None]


@dataclass(frozen=True)
class ByContent(Pieces):
    """A frame's group is a hash of what it holds, modulo `count`, wherever it stands.

    An altered frame may leave one group and enter another; an inserted or deleted frame changes the group it is in.

    Attributes:
        count: groups; never a function of the sequence's length.

    Raises:
        SpecError: fewer than one group.
    """

    count: int
    touches: ClassVar[Mapping[str, int]] = {"alter": 2, "insert": 1, "delete": 1}

    def __post_init__(self) -> None:
        _at_least_one("ByContent", "count", self.count)

    def mask(self, batch: Silhouettes | Skeletons) -> Bool[Tensor, "b g n"]:
        real = batch.mask
        mask = torch.zeros(len(batch), self.count, real.shape[1], dtype=torch.bool, device=real.device)
        for row, frames in enumerate(batch.contents()):
            for index, content in enumerate(frames):
                mask[row, self.group(content), index] = True
        return mask

    def group(self, content: bytes) -> int:
        """That of a frame which holds this."""
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little") % self.count


@dataclass(frozen=True)
class RandomSubsets(Pieces):
    """Independent random subsets of `size` frames; a sequence with fewer frames has none.

    Who knows seed and sample knows the subsets: a proof about random subsets is about fresh ones.

    Attributes:
        count: subsets.
        size: frames of each; never a function of the sequence's length.
        seed, purpose: of their random stream, beside the sample's name.

    Raises:
        SpecError: fewer than one subset or frame.
    """

    count: int
    size: int
    seed: int = 0
    purpose: str = "subsets"

    def __post_init__(self) -> None:
        _at_least_one("RandomSubsets", "count", self.count)
        _at_least_one("RandomSubsets", "size", self.size)

    def mask(self, batch: Silhouettes | Skeletons) -> Bool[Tensor, "b g n"]:
        mask = np.zeros((len(batch), self.count, batch.mask.shape[1]), bool)
        for row, (sample, length) in enumerate(zip(batch.ids, batch.lengths.tolist(), strict=True)):
            if length >= self.size:
                keys = stream(self.seed, sample, self.purpose).random((self.count, length))
                np.put_along_axis(mask[row], keys.argsort(1)[:, : self.size], True, 1)
        return torch.from_numpy(mask).to(batch.lengths.device)


def _at_least_one(who: str, name: str, value: int) -> None:
    if value < 1:
        raise SpecError(f"{who}: {name} is {value}; it must be at least 1")
