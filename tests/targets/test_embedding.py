from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.errors import DataError
from stumble.interfaces import Output, SilhouetteInput
from stumble.sequences import Silhouettes
from stumble.targets.embedding import embed


class MeanFrame:
    """A target whose embedding is the mean of all pixels; it remembers the sizes of the batches."""

    takes = SilhouetteInput(2, 2)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, batch: Silhouettes) -> Output:
        self.batches.append(len(batch))
        return Output(embedding=torch.stack([f.float().mean() for f in batch.unpadded()]).view(-1, 1, 1))


def load(key: int) -> np.ndarray:
    if key == 13:
        raise DataError("13", "a truncated file", "an array")
    return np.full((key, 2, 2), key, np.uint8)


def test_embeds_every_key() -> None:
    embeddings, keys = embed(MeanFrame(), load, [3, 1, 2])
    assert embeddings.flatten().tolist() == [3, 1, 2] and keys == (3, 1, 2)


def test_batches_keep_to_the_budget_of_frames() -> None:
    target, done = MeanFrame(), []
    embed(target, load, [4, 4, 4, 9, 1], batch_frames=8, progress=done.append)
    assert target.batches == [2, 1, 1, 1]
    assert done == [2, 3, 4, 5]


def test_only_the_first_frames_are_used() -> None:
    target = MeanFrame()
    embed(target, load, [4, 9], frames=1, batch_frames=2)
    assert target.batches == [2]


def test_damaged_sequences_are_told_or_raised() -> None:
    told: list[int] = []
    embeddings, keys = embed(MeanFrame(), load, [3, 13, 2], on_damage=lambda key, _: told.append(key))
    assert (len(embeddings), keys, told) == (2, (3, 2), [13])
    with pytest.raises(DataError, match="truncated"):
        embed(MeanFrame(), load, [3, 13, 2])
