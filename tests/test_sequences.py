from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stumble.errors import DataError
from stumble.sequences import Silhouettes


def walk(length: int, level: int = 255) -> np.ndarray:
    return np.full((length, 4, 3), level, np.uint8)


batches = st.lists(
    st.integers(1, 5).flatmap(lambda n: arrays.arrays(np.uint8, (n, 4, 3), elements=st.integers(0, 255))),
    min_size=1,
    max_size=4,
)


def test_sequences_of_different_length_make_a_padded_batch() -> None:
    batch = Silhouettes.pad([walk(2), walk(3)], ["a", "b"])
    assert batch.frames.shape == (2, 3, 4, 3)
    assert batch.frames.dtype == torch.uint8
    assert batch.lengths.tolist() == [2, 3]
    assert batch.mask.tolist() == [[True, True, False], [True, True, True]]
    assert int(batch.frames[0, 2].sum()) == 0
    assert len(batch) == 2


@given(batches)
def test_padding_and_unpadding_are_inverse(sequences: list[np.ndarray]) -> None:
    batch = Silhouettes.pad(sequences, [str(k) for k in range(len(sequences))])
    for given_, back in zip(sequences, batch.unpadded(), strict=True):
        assert np.array_equal(given_, back.numpy())
    assert np.array_equal(batch.packed().numpy(), np.concatenate(sequences))
    assert int(batch.mask.sum()) == len(batch.packed()) == int(batch.lengths.sum())


@given(batches)
def test_levels_survive_floating_point(sequences: list[np.ndarray]) -> None:
    batch = Silhouettes.pad(sequences, [str(k) for k in range(len(sequences))])
    for dtype in (torch.float32, torch.float64):
        floating = batch.floating(dtype)
        assert floating.frames.dtype == dtype
        assert 0 <= float(floating.frames.min()) <= float(floating.frames.max()) <= 1
        assert torch.equal(floating.quantised().frames, batch.frames)


def test_quantising_rounds_to_the_nearest_level_and_clips() -> None:
    frames = torch.tensor([-0.5, 0.0, 0.49 / 255, 0.51 / 255, 1.0, 1.5]).view(1, 1, 2, 3)
    levels = Silhouettes(frames, torch.tensor([1]), ("a",)).quantised().frames
    assert levels.flatten().tolist() == [0, 0, 0, 1, 255, 255]


def test_gradient_passes_through_floating() -> None:
    frames = torch.rand(1, 2, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(Silhouettes(frames, torch.tensor([2]), ("a",)).floating().frames.sum(), frames)
    assert bool((gradient == 1).all())


@given(batches, st.data())
def test_selecting_keeps_order_and_drops_needless_padding(sequences: list[np.ndarray], data: st.DataObject) -> None:
    batch = Silhouettes.pad(sequences, [str(k) for k in range(len(sequences))])
    index = data.draw(st.lists(st.integers(0, len(sequences) - 1), max_size=5))
    chosen = batch.select(index)
    assert chosen.ids == tuple(str(k) for k in index)
    assert chosen.frames.shape[1] == max((len(sequences[k]) for k in index), default=0)
    for k, back in zip(index, chosen.unpadded(), strict=True):
        assert np.array_equal(sequences[k], back.numpy())


def test_moving_keeps_everything() -> None:
    batch = Silhouettes.pad([walk(2), walk(3)], ["a", "b"])
    moved = batch.to("cpu")
    assert torch.equal(moved.frames, batch.frames)
    assert moved.ids == batch.ids


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([walk(2), walk(0)], r"b: found an array \(0, 4, 3\); expected \(frames >= 1, 4, 3\)"),
        ([walk(2), walk(2)[:, :3]], r"b: found an array \(2, 3, 3\)"),
        ([walk(2)[0], walk(2)], r"a: found an array \(4, 3\)"),
    ],
)
def test_what_is_no_sequence_is_refused_by_name(sequences: list[np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Silhouettes.pad(sequences, ["a", "b"])


@pytest.mark.parametrize("length", [0, 4])
def test_lengths_must_lie_within_the_frames(length: int) -> None:
    with pytest.raises(DataError, match=r"b: found a length outside 1\.\.3"):
        Silhouettes(torch.zeros(2, 3, 4, 3), torch.tensor([2, length]), ("a", "b"))


def test_every_sequence_needs_an_id() -> None:
    with pytest.raises(DataError, match="1 ids"):
        Silhouettes(torch.zeros(2, 3, 4, 3), torch.tensor([2, 3]), ("a",))


@given(batches, st.data())
def test_pieces_are_the_chosen_frames_in_their_order(sequences: list[np.ndarray], data: st.DataObject) -> None:
    batch = Silhouettes.pad(sequences, [f"{k}" for k in range(len(sequences))])
    bits = data.draw(arrays.arrays(bool, (len(batch), 3, batch.frames.shape[1])))
    mask = torch.from_numpy(bits) & batch.mask[:, None]
    pieces = batch.pieces(mask)
    expected = {
        f"{row}#{piece}": batch.frames[row, chosen]
        for row, own in enumerate(mask)
        for piece, chosen in enumerate(own)
        if chosen.any()
    }
    assert pieces.ids == tuple(expected)
    for found, frames in zip(pieces.unpadded(), expected.values(), strict=True):
        assert torch.equal(found, frames)
    assert not pieces.frames[~pieces.mask].any()


def test_contents_are_the_bytes_of_each_real_frame() -> None:
    batch = Silhouettes.pad([walk(1, 7), walk(2, 9)], ["a", "b"])
    assert batch.contents() == [[bytes([7] * 12)], [bytes([9] * 12)] * 2]
    assert batch.floating().contents() == batch.contents()


def test_gradient_passes_through_pieces() -> None:
    frames = torch.rand(2, 3, 2, 2).requires_grad_()
    batch = Silhouettes(frames, torch.tensor([3, 3]), ("a", "b"))
    mask = torch.tensor([[[True, False, False]], [[False, True, True]]])
    batch.pieces(mask).frames.sum().backward()
    assert frames.grad is not None
    assert torch.equal(frames.grad[:, :, 0, 0] > 0, mask[:, 0])
