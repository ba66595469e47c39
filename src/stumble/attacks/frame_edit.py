"""Changing a few frames: where they go, and what the target says, at the price of the changed frames alone.

A target that sees one frame at a time needs the clean frames only once. With set pooling they reduce to one pooled
map per sequence, so that neither time nor memory of an optimisation step grows with the length of the sequence.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.attacks.record import Record
from stumble.constraints.frames import Edit, Positions, Sparsity, insert_gaps
from stumble.errors import TargetError
from stumble.interfaces import AttackResult, Features, FrameSeparable, Output, SetPooled, Target
from stumble.sequences import Silhouettes

__all__ = ["FrameEdit"]


_AT_ONCE = 256  # clean frames encoded together: more would need memory and save no time


@dataclass(frozen=True)
class _Clean:
    """What the target says about the frames that stay: pooled for each sequence, or one by one.

    Attributes:
        sizes: (B,) how many each sequence has.
    """

    features: Features
    sizes: Int[Tensor, " b"]
    pooled: bool

    def select(self, index: Int[Tensor, " r"]) -> _Clean:
        """Those of the sequences at the given positions."""
        if self.pooled:
            return _Clean(tuple(x[index] for x in self.features), self.sizes[index], True)
        packed = torch.arange(int(self.sizes.sum())).split(self.sizes.tolist())
        kept = torch.cat([packed[row] for row in index.tolist()])
        return _Clean(tuple(x[kept] for x in self.features), self.sizes[index], False)


class FrameEdit:
    """One batch under attack in chosen frames.

    Args:
        target: the recogniser.
        batch: the clean sequences.
        edit: "alter" replaces K frames, "insert" adds K.
        budget, positions: how many and where.
        incremental: encode clean frames once where the target allows it. The plain forward gives the same and
            exists to be compared with.

    Attributes:
        base: the resulting sequences with their clean frames in place, floating point.
        edited: (B, N') True where frames are the adversary's.
        counts: K of each sequence. Edited frames travel packed (F = sum of counts, H, W), sequence after sequence.
        owner: (F,) which sequence each packed frame belongs to.
    """

    def __init__(
        self,
        target: Target,
        batch: Silhouettes,
        edit: Edit,
        budget: Sparsity,
        positions: Positions,
        seed: int,
        incremental: bool = True,
    ) -> None:
        target.takes.check(batch)
        self.target, self.clean, self.edit = target, batch, edit
        self.counts = [budget.count(n) for n in batch.lengths.tolist()]
        added = torch.tensor(self.counts) if edit == "insert" else torch.zeros_like(batch.lengths)
        self.edited: Bool[Tensor, "b n"] = positions.mask(batch.lengths + added, self.counts, batch.ids, seed)
        self.base = (insert_gaps(batch, self.edited) if edit == "insert" else batch).floating()
        self.owner = torch.repeat_interleave(torch.arange(len(batch)), torch.tensor(self.counts))
        self._cache = self._prepare() if incremental else None

    def _prepare(self) -> _Clean | None:
        if not isinstance(self.target, FrameSeparable):
            return None
        kept = self.base.mask & ~self.edited
        sizes, parts = kept.sum(1), []
        pooled = isinstance(self.target, SetPooled) and bool((sizes > 0).all())
        with torch.no_grad():
            for rows in torch.arange(len(kept)).split(max(1, _AT_ONCE // kept.shape[1])):
                features = self.target.encode(self.base.frames[rows][kept[rows]])
                if pooled:
                    assert isinstance(self.target, SetPooled)
                    features = self.target.pool(features, sizes[rows])
                parts.append(features)
        return _Clean(tuple(torch.cat(part) for part in zip(*parts, strict=True)), sizes, pooled)

    def select(self, index: Int[Tensor, " r"]) -> FrameEdit:
        """The same for the sequences at the given positions, in that order, some perhaps more than once; nothing is
        encoded again."""
        chosen = copy(self)
        chosen.clean, chosen.base = self.clean.select(index), self.base.select(index)
        chosen.edited = self.edited[index, : chosen.base.frames.shape[1]]
        chosen.counts = [self.counts[row] for row in index.tolist()]
        chosen.owner = torch.repeat_interleave(torch.arange(len(index)), torch.tensor(chosen.counts))
        chosen._cache = None if self._cache is None else self._cache.select(index)
        return chosen

    def clean_frames(self) -> Float[Tensor, "f h w"]:
        """What stands at the edited positions now: the clean frames (alteration) or zeros (insertion)."""
        return self.base.frames[self.edited]

    def sequences(self, frames: Float[Tensor, "f h w"]) -> Silhouettes:
        """The resulting sequences with these frames at the edited positions."""
        full = self.base.frames.masked_scatter(self.edited[:, :, None, None], frames)
        return Silhouettes(full, self.base.lengths, self.base.ids)

    def output(self, frames: Float[Tensor, "f h w"]) -> Output:
        """What the target answers to `sequences(frames)`, differentiable in `frames`."""
        if self._cache is None:
            return self.target(self.sequences(frames))
        assert isinstance(self.target, FrameSeparable)
        features = self.target.encode(frames)
        counts = torch.tensor(self.counts)
        if self._cache.pooled:
            assert isinstance(self.target, SetPooled)
            return self.target.head(self.target.merge(self._cache.features, self.target.pool(features, counts)))
        where = self.edited[self.base.mask]
        merged = tuple(
            new.new_zeros(len(where), *new.shape[1:]).index_put((~where,), old).index_put((where,), new)
            for old, new in zip(self._cache.features, features, strict=True)
        )
        return self.target.aggregate(merged, self.base.lengths)

    def pooled_with(self, row: int, features: Features) -> Output:
        """Sequence `row` with one more frame, for each of F frames, pooled by itself: outputs of batch size F.

        Raises:
            TargetError: the target does not pool frames as a set, or a sequence has no clean frame left.
        """
        if self._cache is None or not self._cache.pooled or not isinstance(self.target, SetPooled):
            raise TargetError("a search needs a target that pools frames as a set, and a clean frame in every sequence")
        clean = tuple(x[row : row + 1].expand_as(y) for x, y in zip(self._cache.features, features, strict=True))
        return self.target.head(self.target.merge(clean, features))

    def result(
        self, frames: Float[Tensor, "f h w"], record: Record, queries: int | Int[Tensor, " b"] = 0
    ) -> AttackResult:
        """The attack's answer with these frames, after this effort and so many queries of each sample before it."""
        return AttackResult(
            adversarial=self.sequences(frames.detach()),
            edited=self.edited,
            steps=record.steps,
            queries=record.queries + queries,
            stopped=tuple(record.stopped),
            trace=record.trace,
        )

    def per_sequence(self, values: Float[Tensor, " f"]) -> Float[Tensor, " b"]:
        """The mean over each sequence's edited frames of a value per frame."""
        total = values.new_zeros(len(self.clean)).index_add(0, self.owner, values)
        return total / torch.tensor(self.counts, dtype=values.dtype)
