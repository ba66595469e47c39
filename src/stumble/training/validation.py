"""Rank-1 on people who are not trained on, as a training's `validate`."""

from __future__ import annotations

import numpy as np

from stumble.data.gait import GaitData, SequenceKey
from stumble.data.splits import PROTOCOLS
from stumble.errors import DataError
from stumble.interfaces import Target
from stumble.metrics.retrieval import EmbeddedSequences, nearest, rank1_table
from stumble.targets.embedding import embed

__all__ = ["HeldOutRank1"]


class HeldOutRank1:
    """From a target to its rank-1 in percent without identical views, the mean of the conditions' kinds.

    Args:
        data: sequences of other people than the training's; their protocol says which are gallery and probes.
        frames: use the first `frames` frames of each sequence.

    Raises:
        DataError: the data have no gallery or no probe.
    """

    def __init__(self, data: GaitData, frames: int = 40) -> None:
        self._gallery = frozenset(PROTOCOLS[data.protocol].gallery)
        self._sequences: dict[SequenceKey, np.ndarray] = {}
        for key, sequence in data.sequences(on_damage=lambda _key, _error: None):
            self._sequences[key] = sequence[:frames].copy()
        if len({key.condition in self._gallery for key in self._sequences}) != 2:
            raise DataError(data.name, f"{len(self._sequences)} sequences", "both gallery and probes of its protocol")

    def __call__(self, target: Target) -> float:
        return float(np.mean(list(self.by_kind(target).values())))

    def by_kind(self, target: Target) -> dict[str, float]:
        """Rank-1 in percent of each kind of probe: NM, BG, CL."""
        embeddings, keys = embed(target, self._sequences.__getitem__, tuple(self._sequences), bfloat16=True)

        def part(chosen: list[int]) -> EmbeddedSequences:
            own = [keys[i] for i in chosen]
            return EmbeddedSequences(embeddings[chosen], [k.subject for k in own], [k.view for k in own])

        gallery = part([i for i, key in enumerate(keys) if key.condition in self._gallery])
        probes = [i for i, key in enumerate(keys) if key.condition not in self._gallery]
        return {
            kind: rank1_table(nearest(part([i for i in probes if keys[i].kind == kind]), gallery)).mean
            for kind in sorted({keys[i].kind for i in probes})
        }
