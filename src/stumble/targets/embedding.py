"""Embeddings of many sequences, in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stumble.errors import DataError, TargetError
from stumble.interfaces import Target
from stumble.sequences import Silhouettes

__all__ = ["embed"]

Key = TypeVar("Key")


def embed(
    target: Target,
    load: Callable[[Key], np.ndarray],
    keys: Sequence[Key],
    *,
    frames: int | None = None,
    batch_frames: int = 160,
    bfloat16: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    on_damage: Callable[[Key, DataError], None] | None = None,
) -> tuple[Float[Tensor, "s p d"], tuple[Key, ...]]:
    """The target's embedding of each sequence.

    Args:
        load: from a key to its silhouettes, uint8 (n, H, W): the `load` of a data set.
        frames: use only the first `frames` frames of each sequence; None uses all.
        batch_frames: embed at once as many sequences as have this many frames together, or a single longer one.
        bfloat16: run under autocast: about twice as fast, with three significant digits.
        progress: is told after each batch how many keys are done.
        on_damage: is told of each sequence that cannot be read, which is then left out; None raises its error.

    Returns:
        The embeddings, and the keys that they belong to.

    Raises:
        TargetError: the target answers with no embedding, or there is no sequence to embed.
    """
    embeddings: list[Tensor] = []
    kept: list[Key] = []
    for done, batch_keys, sequences in _batches(load, keys, frames, batch_frames, on_damage):
        batch = Silhouettes.pad(sequences, [str(key) for key in batch_keys])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            embedding = target(batch).embedding
        if embedding is None:
            raise TargetError(f"{type(target).__name__} answers with no embedding; a gait target must")
        embeddings.append(embedding.float())
        kept.extend(batch_keys)
        progress(done)
    if not embeddings:
        raise TargetError("no readable sequence to embed")
    return torch.cat(embeddings), tuple(kept)


def _batches(
    load: Callable[[Key], np.ndarray],
    keys: Sequence[Key],
    frames: int | None,
    batch_frames: int,
    on_damage: Callable[[Key, DataError], None] | None,
) -> Iterator[tuple[int, list[Key], list[np.ndarray]]]:
    """Keys done so far, and the keys and sequences of a batch."""
    batch_keys: list[Key] = []
    sequences: list[np.ndarray] = []
    total = 0
    for index, key in enumerate(keys):
        try:
            sequence = load(key)[:frames]
        except DataError as error:
            if on_damage is None:
                raise
            on_damage(key, error)
            continue
        if sequences and total + len(sequence) > batch_frames:
            yield index, batch_keys, sequences
            batch_keys, sequences, total = [], [], 0
        batch_keys.append(key)
        sequences.append(sequence)
        total += len(sequence)
    if sequences:
        yield len(keys), batch_keys, sequences
