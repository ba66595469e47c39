"""Certificates against an adversary who tries everything, on voters whose groups belong to whoever edits one frame."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stumble.certify import ByContent, ByIndex, Certificate, Partition, Scorer, Votes
from stumble.certify.votes import tally
from stumble.errors import SpecError, TargetError
from stumble.sequences import Silhouettes, Skeletons

Frame = tuple[int, int, int]
"""Strength, class and salt: the levels of a frame of one row and three columns."""
CLASSES = 3


@dataclass(frozen=True)
class Strongest(Scorer):
    """A group votes for the class of its strongest frame."""

    def scores(self, batch: Silhouettes | Skeletons, mask: Tensor) -> Tensor:
        assert isinstance(batch, Silhouettes)
        strength, label = batch.frames[:, None, :, 0, 0].float(), batch.frames[:, None, :, 0, 1]
        said = [strength.where(mask & (label == one), -torch.inf).amax(2) for one in range(CLASSES)]
        return torch.stack(said, 2)[:, :, None]


def sequence(frames: list[Frame]) -> Silhouettes:
    levels = torch.tensor(frames, dtype=torch.uint8).reshape(1, len(frames), 1, 3)
    return Silhouettes(levels, torch.tensor([len(frames)]), ("a",))


def certificate(frames: list[Frame], method: Partition) -> Certificate:
    return method(Strongest(), sequence(frames))


@cache
def weapons(groups: int, by: str) -> tuple[Frame, ...]:
    """Frames stronger than all clean ones: one of each class, where content decides also for each group."""
    found: dict[tuple[int, int], Frame] = {}
    for label, salt in product(range(CLASSES), range(256 if by == "content" else 1)):
        group = ByContent(groups).mask(sequence([(200, label, salt)]))[0, :, 0].nonzero().item()
        found.setdefault((label, int(group)), (200, label, salt))
    assert len(found) == CLASSES * (groups if by == "content" else 1)
    return tuple(found.values())


def edits(clean: list[Frame], count: int, method: Partition) -> Iterator[list[Frame]]:
    """Every edit of so many frames that matters to such a voter."""
    places = len(clean) + (count if method.edit == "insert" else 0)
    for where in combinations(range(places), count):
        if method.edit == "delete":
            yield [frame for k, frame in enumerate(clean) if k not in where]
            continue
        for chosen in product(weapons(method.groups, method.by), repeat=count):
            edited = list(clean)
            for place, frame in zip(where, chosen, strict=True):
                edited[place : place + (method.edit == "alter")] = [frame]
            yield edited


def broken(clean: list[Frame], count: int, method: Partition) -> bool:
    answer = int(certificate(clean, method).answer)
    return any(int(certificate(edited, method).answer) != answer for edited in edits(clean, count, method))


def walks(number: int, length: int) -> Iterator[list[Frame]]:
    """Random sequences in which one class is frequent, so that votes differ by more than chance."""
    rng = random.Random(0)
    for _ in range(number):
        yield [(10 + k, rng.choice([0, 1, 1, 1, 1, 2]), rng.randrange(256)) for k in range(length)]


METHODS = [
    Partition(5, "index", "alter"),
    Partition(5, "content", "alter"),
    Partition(3, "content", "insert"),
    Partition(3, "content", "delete"),
]


def outcomes(method: Partition, length: int = 6) -> tuple[int, int]:
    """Certified answers that the adversary breaks, within the radius and one frame beyond it."""
    within = beyond = 0
    for clean in walks(12, length):
        proof = certificate(clean, method)
        if bool(proof.abstained):
            continue
        radius = int(proof.radius)
        within += any(broken(clean, count, method) for count in range(1, min(radius, 2) + 1))
        beyond += radius < 2 and broken(clean, radius + 1, method)
    return within, beyond


def test_a_majority_of_groups_outvotes_those_that_an_adversary_can_reach() -> None:
    clean = [(1, 2, 0)] * 8 + [(2, 0, 0)] * 2  # of ten groups of one frame eight vote for class 2
    proof = certificate(clean, Partition(groups=10))
    assert (proof.answer.item(), proof.radius.item(), proof.abstained.item()) == (2, 2, False)  # 8 − 2 > 2 · 2
    assert (proof.unit, proof.confidence, proof.queries) == ("frames", 1.0, 10)
    assert proof.holds(2, 2.0).item() and not proof.holds(2, 3.0).item() and not proof.holds(0).item()


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_no_edit_breaks_a_certified_answer_and_some_break_it_just_beyond(method: Partition) -> None:
    within, beyond = outcomes(method)
    assert within == 0 and beyond > 0


def gap(votes: Votes) -> Tensor:
    first, second = votes.counts(sure=True).topk(2, 1).values.unbind(1)
    return first - second


@pytest.mark.parametrize(
    ("method", "owner", "name", "wrong"),
    [
        (METHODS[0], Votes, "withstands", property(lambda votes: gap(votes) // 2)),
        (METHODS[0], Votes, "withstands", property(lambda votes: gap(votes) - 1)),
        (METHODS[1], ByContent, "touches", {"alter": 1}),
        (Partition(3, "content", "insert"), ByContent, "touches", {"insert": 0.5}),
    ],
    ids=["a tie holds", "the rival gains nothing", "an altered frame touches one group", "half a group per insertion"],
)
def test_the_adversary_breaks_wrong_bounds(
    method: Partition, owner: type, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    assert outcomes(method)[0] > 0


def test_groups_by_index_prove_nothing_about_insertion_and_deletion() -> None:
    for edit in ("insert", "delete"):
        with pytest.raises(SpecError, match=f"Partition: a frame to {edit} shifts the index"):
            Partition(edit=edit)  # type: ignore[arg-type]
    clean = [(50, 0, 0), (50, 1, 0), (50, 0, 0), (50, 1, 0), (60, 1, 0), (40, 0, 0), (60, 1, 0), (40, 0, 0)]
    proof = certificate(clean, Partition(4))
    assert (proof.answer.item(), proof.radius.item()) == (1, 1)  # all four groups, whatever becomes of one frame;
    del clean[3]
    assert certificate(clean, Partition(4)).answer.item() == 0  # but not where it is taken out


@pytest.mark.parametrize("by", ["index", "content"])
@given(levels=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=2, max_size=12), data=st.data())
def test_an_edit_touches_no_more_groups_than_is_claimed(by: str, levels: list[Frame], data: st.DataObject) -> None:
    method = Partition(4, by)
    where = data.draw(st.integers(0, len(levels) - 1))
    other = data.draw(st.tuples(*[st.integers(0, 255)] * 3))
    results = {
        "alter": [*levels[:where], other, *levels[where + 1 :]],
        "insert": [*levels[:where], other, *levels[where:]],
        "delete": [*levels[:where], *levels[where + 1 :]],
    }

    def groups(frames: list[Frame]) -> list[list[list[int]]]:
        batch = sequence(frames)
        return [batch.frames[0, chosen].flatten(1).tolist() for chosen in method.pieces.mask(batch)[0]]

    for edit, touched in method.pieces.touches.items():
        changed = sum(a != b for a, b in zip(groups(levels), groups(results[edit]), strict=True))
        assert changed <= touched


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["alter", "insert", "delete"]), st.integers(0, 30), st.tuples(*[st.integers(0, 255)] * 3)
    ),
    max_size=5,
)


@given(levels=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=12), several=EDITS)
def test_edits_of_several_kinds_together_touch_no_more_groups_than_each_alone(
    levels: list[Frame], several: list[tuple[str, int, Frame]]
) -> None:
    """m ≤ 2 · altered + inserted + deleted, by content."""
    pieces, edited, reach = ByContent(7), list(levels), 0
    for edit, place, frame in several:
        where = place % len(edited)
        if edit == "delete" and len(edited) == 1:
            continue
        edited[where : where + (edit != "insert")] = [] if edit == "delete" else [frame]
        reach += pieces.touches[edit]

    def groups(frames: list[Frame]) -> list[list[list[int]]]:
        batch = sequence(frames)
        return [batch.frames[0, chosen].flatten(1).tolist() for chosen in pieces.mask(batch)[0]]

    assert sum(a != b for a, b in zip(groups(levels), groups(edited), strict=True)) <= reach


def test_groups_do_not_depend_on_the_length() -> None:
    frames = [(k, 1, 7 * k) for k in range(12)]
    for pieces in (ByIndex(5), ByContent(5)):
        whole = pieces.mask(sequence(frames))
        for length in range(1, 12):
            part = pieces.mask(sequence(frames[:length]))
            assert part.shape == (1, 5, length) and torch.equal(part, whole[:, :, :length])


def test_groups_are_those_of_each_sequence_alone_and_padding_is_in_none() -> None:
    levels = torch.randint(0, 256, (3, 9, 2, 2), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    batch = Silhouettes.pad([levels[0], levels[1, :4], levels[2, :7]], ["a", "b", "c"])
    for pieces in (ByIndex(4), ByContent(4)):
        mask = pieces.mask(batch)
        assert torch.equal(mask.sum(1), batch.mask.long())  # every frame in one group
        for row in range(3):
            alone = pieces.mask(batch.select([row]))[0]
            assert torch.equal(mask[row, :, : alone.shape[1]], alone)


def test_as_stored_or_in_floating_point_content_is_the_same() -> None:
    levels = torch.randint(0, 256, (1, 9, 2, 2), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    batch = Silhouettes(levels, torch.tensor([9]), ("a",))
    assert torch.equal(ByContent(4).mask(batch), ByContent(4).mask(batch.floating()))


def test_an_empty_group_abstains() -> None:
    proof = certificate([(1, 1, 0)] * 3, Partition(groups=10))
    assert (proof.answer.item(), proof.radius.item(), proof.queries) == (1, 1, 3)  # 3 − 0 > 2 · 1


def votes(choices: list[int], unsure: list[int] | None = None) -> Votes:
    sure = torch.ones(len(choices), 1, dtype=torch.bool)
    sure[unsure or []] = False
    return Votes(torch.tensor(choices)[:, None], sure, 3)


@pytest.mark.parametrize(
    ("choices", "unsure", "answer", "withstands"),
    [
        ([1, 1, 1], [], 1, 1),
        ([0, 0, 1, 1], [], 0, -1),  # a tie
        ([0, 0, 0, 1, 1], [], 0, 0),
        ([0, 0, 0, 0, 1, 1], [], 0, 0),  # after one turns, three to three
        ([0, 0, 0, 0, 0, 1, 1], [], 0, 1),
        ([0, 0, 0, 0, 0, 1, 2], [], 0, 1),  # rivals do not add up
        ([0, 0, 0, -1, -1], [], 0, 1),  # who abstains may be turned too
        ([0, 0, 0], [2], 0, 0),  # the unsure one may be a rival's
        ([0, 0, 1, 0], [3], 0, -1),
        ([-1, -1], [], -1, -1),
    ],
)
def test_how_many_groups_may_turn(choices: list[int], unsure: list[int], answer: int, withstands: int) -> None:
    found = votes(choices, unsure)
    assert (found.answer.item(), found.withstands.item()) == (answer, withstands)


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=6), st.data())
def test_no_choice_of_touched_groups_and_of_their_votes_beats_the_margin(
    choices: list[int], data: st.DataObject
) -> None:
    unsure = data.draw(st.lists(st.sampled_from(range(len(choices))), max_size=2, unique=True))
    found = votes(choices, unsure)
    most = int(found.withstands)
    for turned in combinations(range(len(choices)), max(most, 0)):
        free = sorted({*turned, *unsure})
        for chosen in product(range(-1, 3), repeat=len(free)):
            after = list(choices)
            for group, choice in zip(free, chosen, strict=True):
                after[group] = choice
            if most >= 0:
                assert votes(after).answer.item() == found.answer.item()


def test_votes_that_rounding_could_turn_are_not_sure() -> None:
    scores = torch.tensor([[-1.0, -1.00005, -2.0], [-1.0, -1.1, -2.0], [-torch.inf] * 3, [-torch.inf, -1, -torch.inf]])
    found = Votes.of(scores[:, None])
    assert found.choice.flatten().tolist() == [0, 0, -1, 1]
    assert found.sure.flatten().tolist() == [False, True, True, True]


def test_answers_in_half_precision_and_nothing_but_nan_are_refused() -> None:
    with pytest.raises(TargetError, match="in float32 or float64; the recogniser's are"):
        Votes.of(torch.zeros(2, 1, 3, dtype=torch.bfloat16))
    with pytest.raises(TargetError, match="to every piece of the sequence with NaN"):
        Votes.of(torch.full((2, 1, 3), torch.nan))


def test_a_piece_of_which_the_recogniser_makes_nonsense_abstains_before_certificate_and_judge_alike() -> None:
    """One frame of absurd levels must not keep the others from answering."""
    scores = torch.tensor([[-1.0, -2.0, -3.0], [torch.nan, -1.0, -2.0], [-1.0, -2.0, -3.0], [torch.nan] * 3])[:, None]
    assert Votes.of(scores).choice.flatten().tolist() == [0, -1, 0, -1]
    assert tally(scores[None]).tolist() == [[[2.0, 0.0, 0.0]]]


def test_no_group_is_refused() -> None:
    with pytest.raises(SpecError, match="count is 0; it must be at least 1"):
        Partition(groups=0)
