"""Batches of sequences of similar length, as large as a memory budget admits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from stumble.errors import SpecError

__all__ = ["MEMORY", "Room", "ahead", "grouped", "in_order", "kept_by_graph"]

MEMORY = 2**30
"""Bytes that the graph of one batch may take where nobody says otherwise: 1 GiB."""

_WINDOW = 8  # batches read ahead, among which those of similar length find together

Item = TypeVar("Item")
Extent = tuple[int, ...]
"""Of a sequence: its frames, or its people and frames; a batch is padded to the largest of each."""


def kept_by_graph(answer: Callable[[], object]) -> int:
    """Bytes that autograd keeps between forward and backward, each tensor counted once."""
    kept: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(count, lambda tensor: tensor):
        answer()
    return sum(kept.values())


@dataclass(frozen=True)
class Room:
    """How much goes into a batch.

    Attributes:
        frames: in all, padding included; of people each for themselves.
        sequences: whatever their length.
    """

    frames: int
    sequences: int

    @classmethod
    def measured(cls, answer: Callable[[], object], frames: int, memory: int = MEMORY) -> Room:
        """From the graph of a target's answer to one sequence of so many frames.

        Some targets bring every sequence to the same length, others do not: both bounds hold.

        Raises:
            SpecError: no memory at all.
        """
        if memory < 1:
            raise SpecError(f"memory: found {memory / 2**30:g} GiB for the graph of a batch; expected more than 0")
        size = max(kept_by_graph(answer), 1)
        return cls(max(1, memory * frames // size), max(1, memory // size))

    def holds(self, sequences: int, extent: Extent) -> bool:
        """Whether so many sequences, all padded to this extent, fit. One alone always goes in."""
        return sequences == 1 or (sequences <= self.sequences and sequences * prod(extent) <= self.frames)


def grouped(items: Iterable[Item], extent: Callable[[Item], Extent], room: Room) -> Iterator[list[Item]]:
    """Every item once, in batches that fit, those of similar extent together.

    It reads some batches ahead and no further. Which items meet follows from their extents and the room alone.
    """
    waiting: list[Item] = []
    for item in items:
        waiting.append(item)
        frames = sum(prod(extent(one)) for one in waiting)
        if frames > _WINDOW * room.frames or len(waiting) > _WINDOW * room.sequences:
            *full, waiting = _cut(waiting, extent, room)
            yield from full
    if waiting:
        yield from _cut(waiting, extent, room)


def _cut(items: list[Item], extent: Callable[[Item], Extent], room: Room) -> list[list[Item]]:
    batches: list[list[Item]] = []
    largest: Extent = ()
    for item in sorted(items, key=extent):
        joined = tuple(map(max, largest, extent(item)))
        if not batches or not room.holds(len(batches[-1]) + 1, joined):
            batches.append([])
            joined = extent(item)
        batches[-1].append(item)
        largest = joined
    return batches


def ahead(batches: Iterator[Item]) -> Iterator[Item]:
    """The same, each read in another thread while the one before it is in use."""
    nothing = object()
    with ThreadPoolExecutor(1, "reading ahead") as reader:
        following = reader.submit(next, batches, nothing)
        while (batch := following.result()) is not nothing:
            following = reader.submit(next, batches, nothing)
            yield cast(Item, batch)


def in_order(tables: Sequence[pa.Table], samples: Sequence[str]) -> pa.Table:
    """The verdicts of all batches in the order of the samples, which no grouping changes."""
    table = pa.concat_tables(tables, promote_options="permissive")
    place = {sample: number for number, sample in enumerate(samples)}
    return table.take(np.argsort([place[sample] for sample in table["sample"].to_pylist()], kind="stable"))
