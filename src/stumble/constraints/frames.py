"""Frame budgets: how many frames an adversary may change or insert, which ones, and that no other changes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.errors import SpecError
from stumble.interfaces import Constraint
from stumble.seeds import stream
from stumble.sequences import Silhouettes

__all__ = ["Edit", "Even", "First", "Given", "Kept", "Positions", "RandomPositions", "Sparsity", "insert_gaps"]

Edit = Literal["alter", "insert"]


@dataclass(frozen=True)
class Sparsity:
    """How many frames K of a clip's N the adversary may touch.

    Attributes:
        share: the sparsity S in (0, 1]; ignored where `frames` is given.
        frames: K itself.
        rounding: K = ceil(S N) (default), floor(S N), or the floor(N S) + 1 of the authors' code; at least 1
            and at most N.
    """

    share: float = 1 / 40
    frames: int | None = None
    rounding: Literal["ceil", "floor", "authors"] = "ceil"

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 1:
            raise SpecError(f"Sparsity: frames is {self.frames}; it must be at least 1")
        if not 0 < self.share <= 1:
            raise SpecError(f"Sparsity: share is {self.share:g}; it must lie in (0, 1]")

    def count(self, length: int) -> int:
        """K for a clip of `length` frames. A share that is a fraction meant exactly (1/10 of 40) is not rounded up."""
        if self.frames is not None:
            return min(self.frames, length)
        exact = self.share * length
        nearest = round(exact)
        exact = nearest if abs(exact - nearest) < 1e-9 * length else exact
        wanted = {"ceil": math.ceil(exact), "floor": math.floor(exact), "authors": math.floor(exact) + 1}[self.rounding]
        return min(max(wanted, 1), length)


class Positions(ABC):
    """Where the K frames are, as indices in the resulting sequence."""

    @abstractmethod
    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        """`count` increasing indices below `length`, the length of the resulting sequence."""

    def mask(self, lengths: Tensor, counts: list[int], ids: tuple[str, ...], seed: int) -> Bool[Tensor, "b n"]:
        """True at the chosen positions of each sequence of the resulting batch."""
        chosen = torch.zeros(len(ids), int(lengths.max()), dtype=torch.bool)
        for row, (length, count, sample) in enumerate(zip(lengths.tolist(), counts, ids, strict=True)):
            index = self.choose(length, count, sample, seed)
            if len(set(index)) != count or min(index) < 0 or max(index) >= length:
                raise SpecError(f"{sample}: positions {index} for {count} of {length} frames")
            chosen[row, list(index)] = True
        return chosen


@dataclass(frozen=True)
class First(Positions):
    """The first K frames, the paper's default."""

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        return tuple(range(count))


@dataclass(frozen=True)
class Given(Positions):
    """Named positions, such as those of Table VII. Their number must be K."""

    indices: tuple[int, ...]

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        if len(self.indices) != count:
            raise SpecError(f"{sample}: {len(self.indices)} positions were given for a budget of {count} frames")
        return tuple(sorted(self.indices))


@dataclass(frozen=True)
class Even(Positions):
    """K positions spread evenly, each in the middle of its share of the sequence."""

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        return tuple((2 * k + 1) * length // (2 * count) for k in range(count))


@dataclass(frozen=True)
class RandomPositions(Positions):
    """K positions drawn uniformly without replacement, anew for every sample and seed.

    Attributes:
        draw: which of any number of independent draws for the same seed.
    """

    draw: int = 0

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        purpose = f"positions {self.draw}" if self.draw else "positions"
        return tuple(sorted(stream(seed, sample, purpose).choice(length, count, replace=False).tolist()))


def insert_gaps(clean: Silhouettes, edited: Bool[Tensor, "b n"]) -> Silhouettes:
    """The clean frames moved to the positions that are not edited, zeros where frames are to be inserted."""
    lengths = clean.lengths + edited.sum(1)
    frames = clean.frames.new_zeros(len(clean), edited.shape[1], *clean.frames.shape[2:])
    kept = ~edited & (torch.arange(edited.shape[1]) < lengths[:, None])
    frames[kept] = clean.packed()
    return Silhouettes(frames, lengths, clean.ids)


@dataclass(frozen=True)
class Kept(Constraint):
    """No frame outside the edited ones may change by a single level; nor may any be added or lost."""

    edit: Edit = "alter"

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]) -> Silhouettes:
        """Every frame that is not edited put back."""
        base = clean if self.edit == "alter" else insert_gaps(clean, edited)
        if adversarial.frames.is_floating_point():
            base = base.floating(adversarial.frames.dtype)
        frames = torch.where(edited[:, :, None, None], adversarial.frames, base.frames)
        return Silhouettes(frames, base.lengths, clean.ids)

    def violation(
        self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]
    ) -> Float[Tensor, " b"]:
        """Pixels outside the edited frames whose stored level changed; infinite where the frame counts disagree."""
        result = torch.full((len(clean),), torch.inf)
        sequences = zip(adversarial.quantised().unpadded(), clean.quantised().unpadded(), edited, strict=True)
        for row, (now, before, marks) in enumerate(sequences):
            kept = ~marks[: len(now)]
            if self.edit == "alter" and len(now) == len(before):
                result[row] = (now[kept] != before[kept]).sum()
            elif self.edit == "insert" and int(kept.sum()) == len(before):
                result[row] = (now[kept] != before).sum()
        return result
