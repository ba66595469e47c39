from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stumble.constraints import Even, First, Given, Kept, Positions, RandomPositions, Sparsity
from stumble.constraints.frames import Edit, insert_gaps
from stumble.errors import SpecError
from stumble.sequences import Silhouettes

LENGTHS = st.integers(1, 200)


def made_up(lengths: tuple[int, ...] = (5, 3)) -> Silhouettes:
    draw = torch.Generator().manual_seed(0)
    frames = [torch.randint(0, 256, (n, 4, 3), generator=draw, dtype=torch.uint8) for n in lengths]
    return Silhouettes.pad(frames, [f"{i:03d}/nm-01/090" for i in range(len(lengths))])


def test_a_budget_in_frames() -> None:
    assert Sparsity(1 / 40).count(40) == 1
    assert Sparsity(1 / 40).count(41) == 2
    assert Sparsity(frames=3).count(40) == 3


@given(LENGTHS, st.integers(1, 60), st.integers(1, 60))
def test_rounding_is_exact_for_shares_that_are_fractions(length: int, above: int, below: int) -> None:
    above = min(above, below)
    exact = Fraction(above, below) * length
    expected = {"ceil": math.ceil(exact), "floor": math.floor(exact), "authors": math.floor(exact) + 1}
    for rounding, count in expected.items():
        budget = Sparsity(above / below, rounding=rounding)  # type: ignore[arg-type]
        assert budget.count(length) == min(max(count, 1), length)


@pytest.mark.parametrize("percent", range(1, 101))
def test_hundredths_of_a_hundred_frames_are_whole_numbers(percent: int) -> None:
    """In floating point 0.07 * 100 lies above 7 and 0.29 * 100 below 29."""
    for rounding in ("ceil", "floor"):
        assert Sparsity(percent / 100, rounding=rounding).count(100) == percent  # type: ignore[arg-type]


@given(LENGTHS, st.integers(1, 300))
def test_a_number_of_frames_is_at_most_all(length: int, frames: int) -> None:
    assert Sparsity(frames=frames).count(length) == min(frames, length)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"share": 0.0}, "share is 0; it must lie in"),
        ({"share": 1.1}, r"share is 1\.1"),
        ({"share": float("nan")}, "share is nan"),
        ({"frames": 0}, "frames is 0; it must be at least 1"),
    ],
)
def test_an_impossible_budget_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Sparsity(**fields)  # type: ignore[arg-type]


@given(LENGTHS, st.data())
def test_every_rule_chooses_that_many_different_frames(length: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, length))
    for rule in (First(), Even(), RandomPositions()):
        chosen = rule.choose(length, count, "a", 0)
        assert len(set(chosen)) == count and list(chosen) == sorted(chosen)
        assert 0 <= chosen[0] and chosen[-1] < length


def test_where_the_rules_put_frames() -> None:
    assert First().choose(10, 3, "a", 0) == (0, 1, 2)
    assert Even().choose(10, 2, "a", 0) == (2, 7)
    assert Even().choose(9, 3, "a", 0) == (1, 4, 7)
    assert Given((7, 2)).choose(10, 2, "a", 0) == (2, 7)


def test_random_positions_are_the_samples_own_and_reach_every_frame() -> None:
    rule = RandomPositions()
    assert len({RandomPositions(draw).choose(40, 8, "a", 0) for draw in range(5)}) == 5
    assert rule.choose(30, 4, "a", 0) == rule.choose(30, 4, "a", 0)
    assert rule.choose(30, 4, "a", 0) != rule.choose(30, 4, "b", 0)
    assert rule.choose(30, 4, "a", 0) != rule.choose(30, 4, "a", 1)
    assert {i for seed in range(60) for i in rule.choose(30, 4, "a", seed)} == set(range(30))


def test_the_mask_of_a_batch() -> None:
    mask = First().mask(torch.tensor([5, 3]), [2, 1], ("a", "b"), 0)
    assert mask.tolist() == [[True, True, False, False, False], [True, False, False, False, False]]


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (Given((0, 1, 2)), "a: 3 positions were given for a budget of 2 frames"),
        (Given((0, 9)), r"a: positions \(0, 9\) for 2 of 5 frames"),
        (Given((-1, 2)), r"a: positions \(-1, 2\)"),
        (Given((2, 2)), r"a: positions \(2, 2\)"),
    ],
)
def test_positions_that_do_not_fit_are_refused(positions: Positions, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        positions.mask(torch.tensor([5]), [2], ("a",), 0)


@given(st.integers(0, 2**32 - 1))
def test_gaps_move_clean_frames_and_lose_none(seed: int) -> None:
    clean = made_up((5, 1, 3))
    draw = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 4, (3,), generator=draw)
    edited = torch.zeros(3, int((clean.lengths + counts).max()), dtype=torch.bool)
    for row, (length, count) in enumerate(zip(clean.lengths.tolist(), counts.tolist(), strict=True)):
        edited[row, torch.randperm(length + count, generator=draw)[:count]] = True
    longer = insert_gaps(clean, edited)
    assert torch.equal(longer.lengths, clean.lengths + counts)
    for row, (sequence, before) in enumerate(zip(longer.unpadded(), clean.unpadded(), strict=True)):
        marks = edited[row, : len(sequence)]
        assert torch.equal(sequence[~marks], before)
        assert not bool(sequence[marks].any())


@pytest.fixture
def altered() -> tuple[Silhouettes, Silhouettes, torch.Tensor]:
    """Clean sequences, sequences whose second frame is another, and the marks on it."""
    clean = made_up()
    frames = clean.frames.clone()
    frames[:, 1] = 255 - frames[:, 1]
    return clean, replace(clean, frames=frames), clean.mask & (torch.arange(5) == 1)


def test_frames_that_may_change_violate_nothing(altered: tuple[Silhouettes, Silhouettes, torch.Tensor]) -> None:
    clean, adversarial, edited = altered
    assert Kept().violation(adversarial, clean, edited).tolist() == [0, 0]
    assert Kept().violation(adversarial.floating(), clean, edited).tolist() == [0, 0]


def test_a_single_level_of_another_frame_is_one_violation(
    altered: tuple[Silhouettes, Silhouettes, torch.Tensor],
) -> None:
    clean, adversarial, edited = altered
    frames = adversarial.frames.clone()
    frames[1, 2, 3, 1] ^= 1
    changed = replace(adversarial, frames=frames)
    assert Kept().violation(changed, clean, edited).tolist() == [0, 1]
    restored = Kept().project(changed, clean, edited)
    assert torch.equal(restored.frames, adversarial.frames)


def test_less_than_a_level_is_nothing_once_stored(altered: tuple[Silhouettes, Silhouettes, torch.Tensor]) -> None:
    clean, adversarial, edited = altered
    floating = adversarial.floating()
    nudged = replace(floating, frames=(floating.frames + 0.4 / 255 * floating.mask[:, :, None, None]).clamp(0, 1))
    assert Kept().violation(nudged, clean, edited).tolist() == [0, 0]


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_lost_frames_are_an_infinite_violation_of_that_sequence_alone(edit: Edit) -> None:
    clean = made_up((4, 4))
    edited = torch.zeros(2, 4, dtype=torch.bool)
    shorter = Silhouettes.pad([clean.frames[0], clean.frames[1, :3]], clean.ids)
    assert Kept(edit).violation(shorter, clean, edited).tolist() == [0, math.inf]


def test_inserted_frames_have_to_be_marked() -> None:
    clean = made_up((4, 4))
    grown = Silhouettes.pad([torch.cat([frames[:1], frames]) for frames in clean.unpadded()], clean.ids)
    marked = torch.zeros(2, 5, dtype=torch.bool)
    marked[0, 0] = True
    assert Kept("insert").violation(grown, clean, marked).tolist() == [0, math.inf]
    assert Kept("alter").violation(grown, clean, marked).tolist() == [math.inf, math.inf]
    wrong = marked.clone()
    wrong[1, 4] = True  # deleting this frame leaves the first one twice
    assert 0 < float(Kept("insert").violation(grown, clean, wrong)[1]) < math.inf


@given(st.integers(0, 2**32 - 1), st.sampled_from(["alter", "insert"]))
def test_projected_sequences_violate_nothing(seed: int, edit: Edit) -> None:
    clean = made_up((5, 3))
    draw = torch.Generator().manual_seed(seed)
    added = 2 if edit == "insert" else 0
    lengths = clean.lengths + added
    edited = RandomPositions().mask(lengths, [2, 2], clean.ids, seed)
    frames = torch.rand(2, 5 + added, 4, 3, generator=draw)
    noise = Silhouettes(frames, lengths, clean.ids)
    projected = Kept(edit).project(noise, clean, edited)
    assert Kept(edit).violation(projected, clean, edited).tolist() == [0, 0]
    assert torch.equal(projected.frames[edited], noise.frames[edited])
    assert not bool(projected.frames[~projected.mask].any())
