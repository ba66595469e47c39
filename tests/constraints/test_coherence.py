from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stumble.constraints import Coherence, RandomPositions
from stumble.constraints.frames import Edit, insert_gaps
from stumble.errors import SpecError
from stumble.metrics.plausibility import coherence
from stumble.sequences import Silhouettes


def bars(*places: float, width: int = 8) -> Tensor:
    """White upright bars, 8 of 32 pixels wide, at these places: what two of them share is known."""
    columns = torch.arange(32)
    frames = [((columns >= place) & (columns < place + width)).expand(6, 32) for place in places]
    return torch.stack(frames).float()


def one(frames: Tensor) -> Silhouettes:
    return Silhouettes.pad([frames], ["a"])


def test_a_frame_has_to_overlap_with_its_neighbours() -> None:
    """Bars of 8 pixels, 4 apart, share 4 of 12."""
    clean, jump = one(bars(4, 4, 4)), one(bars(4, 8, 4))
    middle = torch.tensor([[False, True, False]])
    assert Coherence(0.5).violation(jump, clean, middle).item() == pytest.approx(0.5 - 1 / 3)
    assert Coherence(0.3).violation(jump, clean, middle).item() == 0
    assert Coherence(0.5).violation(clean, clean, middle).item() == 0


def test_projecting_moves_the_outline_no_further_than_it_must() -> None:
    """Bars s pixels apart share (8 - s) / (8 + s): at least 1/2 where s is at most 2."""
    clean, jump = one(bars(4, 4, 4)), one(bars(4, 10, 4))
    middle = torch.tensor([[False, True, False]])
    projected = Coherence(0.5).project(jump, clean, middle)
    assert torch.equal(projected.frames[0, [0, 2]], clean.frames[0, [0, 2]])
    row = projected.frames[0, 1, 0]
    assert set(row.unique().tolist()) == {0, 1}
    assert torch.equal(projected.frames[0, 1], row.expand(6, 32)), "still a bar"
    assert 0.5 <= float((row * clean.frames[0, 1, 0]).sum() / (row + clean.frames[0, 1, 0]).clamp_max(1).sum()) < 0.62
    assert row[10:12].tolist() == [1, 1], "and part of where it was"


def test_frames_that_keep_it_stay_as_they_are() -> None:
    """Grey ones too."""
    clean, near = one(bars(4, 4, 4)), one(0.9 * bars(4, 5, 4) + 0.05)
    middle = torch.tensor([[False, True, False]])
    projected = Coherence(0.7).project(near, clean, middle)
    assert torch.equal(projected.frames, near.frames)


def test_a_spoiled_sequence_has_to_be_no_better_than_it_was() -> None:
    spoiled = one(bars(4, 4, 12, 12, 12))
    assert Coherence(0.9).bound(spoiled).item() == pytest.approx(0.5), "one neighbour alike, none of the other"
    last = torch.tensor([[False, False, False, False, True]])
    changed = one(bars(4, 4, 12, 12, 14))
    assert Coherence(0.9).violation(changed, spoiled, last).item() == 0
    assert Coherence(0.9).violation(one(bars(4, 4, 12, 12, 20)), spoiled, last).item() == pytest.approx(0.5)


def test_neighbours_that_were_edited_too_move_together() -> None:
    """Two alike, far from the rest: each has the other, and only one neighbour that is not."""
    clean, jump = one(bars(4, 4, 4, 4)), one(bars(4, 20, 20, 4))
    inner = torch.tensor([[False, True, True, False]])
    assert Coherence(0.5).violation(jump, clean, inner).item() == 0
    assert Coherence(0.6).violation(jump, clean, inner).item() == pytest.approx(0.1)
    projected = Coherence(0.6).project(jump, clean, inner)
    assert torch.equal(projected.frames[0, 1], projected.frames[0, 2])
    assert Coherence(0.6).violation(projected, clean, inner).item() == 0


def test_groups_of_frames_apart_are_projected_apart() -> None:
    clean, jump = one(bars(4, 4, 4, 4, 4)), one(bars(4, 5, 4, 20, 4))
    edited = torch.tensor([[False, True, False, True, False]])
    projected = Coherence(0.7).project(jump, clean, edited)
    assert torch.equal(projected.frames[0, 1], jump.frames[0, 1])
    assert not torch.equal(projected.frames[0, 3], jump.frames[0, 3])


def blobs(generator: torch.Generator, number: int) -> Tensor:
    """Soft discs, some of them empty."""
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(10.0), indexing="ij")
    middle = torch.rand(number, 2, 1, 1, generator=generator) * 10
    radius = torch.rand(number, 1, 1, generator=generator) * 5 - 0.5
    return torch.sigmoid(4 * (radius - ((rows - middle[:, 0]) ** 2 + (columns - middle[:, 1]) ** 2).sqrt()))


@given(st.integers(0, 2**32 - 1), st.sampled_from(["alter", "insert"]), st.integers(1, 3), st.floats(0.05, 1))
def test_whatever_is_projected_keeps_it(seed: int, edit: Edit, count: int, least: float) -> None:
    """By the measure that the judge has, on what would be stored."""
    draw = torch.Generator().manual_seed(seed)
    clean = Silhouettes.pad([blobs(draw, 5), blobs(draw, 3)], ["a", "b"]).quantised()
    added = count if edit == "insert" else 0
    edited = RandomPositions().mask(clean.lengths + added, [count, count], clean.ids, seed)
    base = insert_gaps(clean, edited) if edit == "insert" else clean
    frames = base.floating().frames.masked_scatter(edited[:, :, None, None], blobs(draw, 2 * count))
    constraint, adversarial = Coherence(least), replace(base, frames=frames)
    projected = constraint.project(adversarial, clean, edited)
    assert float(constraint.violation(projected, clean, edited).max()) < 1e-6
    for now, marks, before in zip(projected.quantised().unpadded(), edited, clean.unpadded(), strict=True):
        asked = min(least, float(coherence(before).min()))
        assert float(coherence(now)[marks[: len(now)]].min()) >= asked - 1e-6
    assert torch.equal(projected.frames[~edited], adversarial.frames[~edited])
    again = constraint.project(projected, clean, edited)
    assert torch.equal(again.frames, projected.frames)
    levels = constraint.project(adversarial.quantised(), clean, edited)
    assert levels.frames.dtype == torch.uint8
    assert torch.equal(levels.frames, projected.quantised().frames)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1))
def test_in_black_and_white_what_frames_lack_is_what_the_violation_measures(seed: int, least: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    clean = Silhouettes.pad([(blobs(draw, n) > 0.5).float() for n in (5, 1, 3)], ["a", "b", "c"])
    edited = RandomPositions().mask(clean.lengths, [1, 1, 1], clean.ids, seed)
    frames = clean.frames.masked_scatter(edited[:, :, None, None], (blobs(draw, 3) > 0.5).float())
    constraint, adversarial = Coherence(least), replace(clean, frames=frames)
    torch.testing.assert_close(
        constraint.lacking(adversarial, clean, edited), constraint.violation(adversarial, clean, edited)
    )


def test_what_frames_lack_has_a_gradient_towards_their_neighbours() -> None:
    clean = one(bars(4, 4, 4))
    frames = (0.6 * bars(4, 10, 4) + 0.2).requires_grad_()
    middle = torch.tensor([[False, True, False]])
    lacking = Coherence(0.9).lacking(one(frames), clean, middle)
    (gradient,) = torch.autograd.grad(lacking.sum(), frames)
    assert bool((gradient[1][:, 4:10] < 0).all()), "brighter where its neighbours are"
    assert bool((gradient[1][:, 12:18] > 0).all()), "darker where they are not"


@pytest.mark.parametrize("least", [0.0, 1.1, float("nan")])
def test_an_impossible_bound_is_refused(least: float) -> None:
    with pytest.raises(SpecError, match=r"Coherence: least is .*; it must lie in"):
        Coherence(least)
