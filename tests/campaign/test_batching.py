from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stumble.campaign.batching import Room, ahead, grouped, in_order, kept_by_graph
from stumble.errors import SpecError


def test_sequences_of_similar_length_meet() -> None:
    batches = grouped([5, 1, 5, 1, 9], lambda frames: (frames,), Room(frames=10, sequences=2))
    assert list(batches) == [[1, 1], [5, 5], [9]]


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 40)), max_size=60), st.integers(1, 60), st.integers(1, 8))
def test_every_sequence_once_and_no_batch_beyond_its_room(
    extents: list[tuple[int, int]], frames: int, sequences: int
) -> None:
    """Two people in one clip are two in every clip of the batch."""
    named = list(enumerate(extents))
    batches = list(grouped(named, lambda item: item[1], Room(frames, sequences)))
    assert sorted(item for batch in batches for item in batch) == named
    for batch in batches:
        people, longest = (max(values) for values in zip(*(extent for _, extent in batch), strict=True))
        assert len(batch) == 1 or (len(batch) <= sequences and len(batch) * people * longest <= frames)


def test_no_more_is_read_ahead_than_a_few_batches() -> None:
    read = []

    def endless() -> Iterator[int]:
        while True:
            read.append(1)
            yield 1

    batches = grouped(endless(), lambda _: (1,), Room(frames=4, sequences=4))
    assert [len(next(batches)) for _ in range(20)] == [4] * 20
    assert len(read) < 20 * 4 + 50


def test_what_a_graph_keeps_is_counted_once() -> None:
    """The product of a tensor with itself keeps that tensor alone: 1,000 floats."""
    x = torch.ones(1000, requires_grad=True)
    assert kept_by_graph(lambda: (x * x).sum()) == 4000
    assert kept_by_graph(lambda: torch.ones(3)) == 0


def test_the_room_follows_from_the_graph_of_one_sequence() -> None:
    x = torch.ones(1000, requires_grad=True)
    room = Room.measured(lambda: (x * x).sum(), frames=10, memory=40_000)
    assert room == Room(frames=100, sequences=10)
    assert Room.measured(lambda: (x * x).sum(), frames=10, memory=1) == Room(1, 1)
    with pytest.raises(SpecError, match="found -1 GiB for the graph of a batch; expected more than 0"):
        Room.measured(lambda: (x * x).sum(), frames=10, memory=-(2**30))


def test_the_next_batch_is_read_while_one_is_in_use() -> None:
    second = Event()

    def batches() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    read = ahead(batches())
    assert next(read) == 1
    assert second.wait(10)
    assert list(read) == [2]


def test_an_error_in_reading_ahead_comes_when_its_batch_is_asked_for() -> None:
    def batches() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    read = ahead(batches())
    assert next(read) == 1
    with pytest.raises(OSError, match="gone"):
        next(read)


def test_verdicts_come_in_the_order_of_the_samples() -> None:
    """Two decisions of each sample stay as they were."""
    first = pa.table({"sample": ["c", "c", "a", "a"], "view": [0, 1, 0, 1]})
    second = pa.table({"sample": ["b", "b"], "view": [0, 1], "only here": [True, False]})
    table = in_order([first, second], ["a", "b", "c"])
    assert table["sample"].to_pylist() == ["a", "a", "b", "b", "c", "c"]
    assert table["view"].to_pylist() == [0, 1] * 3
    assert table["only here"].to_pylist() == [None, None, True, False, None, None]
