"""The same skeletons in other company: alone, and with more padding and more absent people."""

from __future__ import annotations

from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["alone", "with_more_padding"]


def alone(batch: Skeletons, row: int) -> Skeletons:
    """One sequence as `Skeletons.pad` would make it without the others: its own frames, its own people."""
    one = batch.select([row])
    people = one.present.any(2)[0].nonzero().flatten()
    count = int(people[-1]) + 1 if len(people) else 1
    confidence = None if one.confidence is None else one.confidence[:, :count]
    return Skeletons(one.joints[:, :count], one.present[:, :count], one.lengths, one.ids, one.layout, confidence)


def with_more_padding(batch: Skeletons, frames: int = 3, people: int = 1) -> Skeletons:
    """The sequences with so many frames more of padding, and so many people more who are never there."""

    def grown(values: Tensor) -> Tensor:
        wider = values.new_zeros(len(values), values.shape[1] + people, values.shape[2] + frames, *values.shape[3:])
        wider[:, : values.shape[1], : values.shape[2]] = values
        return wider

    confidence = None if batch.confidence is None else grown(batch.confidence)
    return Skeletons(grown(batch.joints), grown(batch.present), batch.lengths, batch.ids, batch.layout, confidence)
