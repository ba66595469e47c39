"""Random subsets: the three bounds against every subset and every edit, and the confidence against known odds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import comb

import pytest
import torch
from scipy.stats import binom, chisquare
from torch import Tensor

from stumble.certify import Ablation, FrameEdit, RandomSubsets, Sampling, Scorer, Votes
from stumble.certify.ablation import ablation_radius, survives
from stumble.certify.sampling import lower_bound
from stumble.errors import SpecError
from stumble.sequences import Silhouettes, Skeletons

Bound = Callable[[Fraction, int, int, int, FrameEdit], bool]


@dataclass(frozen=True)
class AnyMarked(Scorer):
    """Takes a subset for class 1 where one of its frames is marked."""

    def scores(self, batch: Silhouettes | Skeletons, mask: Tensor) -> Tensor:
        assert isinstance(batch, Silhouettes)
        marked = (mask & (batch.frames[:, None, :, 0, 0] > 0)).any(2)
        return torch.stack([~marked, marked], 2).float()[:, :, None]


def sequence(marked: int, length: int) -> Silhouettes:
    frames = torch.zeros(1, length, 1, 1, dtype=torch.uint8)
    frames[:, :marked] = 1
    return Silhouettes(frames, torch.tensor([length]), ("a",))


def test_a_class_that_most_subsets_are_taken_for_survives_edits_that_few_subsets_see() -> None:
    proof = Ablation(frames=2, sampling=Sampling(20, 2000))(AnyMarked(), sequence(18, 20), seed=1)
    assert (proof.answer.item(), proof.abstained.item(), proof.unit) == (1, False, "frames")
    # true odds 1 − 1/190; Δ of five frames is 1 − 105/190, of six 1 − 91/190
    assert proof.radius.item() == 5 == ablation_radius(1 - 1 / 190, 20, 2, "alter")
    assert (proof.confidence, proof.queries) == (0.999, 2020)


def worst(hits: int, length: int, size: int, edited: int, edit: FrameEdit) -> float:
    """The share that an adversary leaves to a class of so many subsets, in the worst of all voters: subsets that the
    edited frames are in vote for it first."""
    positions = tuple(range(edited))
    subsets = sorted(combinations(range(length), size), key=lambda s: not set(s) & set(positions))
    voters = set(subsets[:hits])
    if edit == "insert":
        return len(voters) / comb(length + edited, size)
    left = [s for s in subsets if not set(s) & set(positions)]
    kept = sum(s in voters for s in left)
    return kept / comb(length if edit == "alter" else length - edited, size)


def violated(bound: Bound, edit: FrameEdit) -> tuple[int, int]:
    """How often a bound says that a class survives which does not, and the other way round."""
    wrong = loose = 0
    for length, size in product((4, 5, 6), (1, 2, 3)):
        for edited in range(1, length - (size if edit == "delete" else 0) + 1):
            for hits in range(comb(length, size) + 1):
                survived = worst(hits, length, size, edited, edit) > 0.5
                claimed = bound(Fraction(hits, comb(length, size)), length, size, edited, edit)
                wrong += claimed and not survived
                loose += survived and not claimed
    return wrong, loose


@pytest.mark.parametrize("edit", ["alter", "insert", "delete"])
def test_the_bounds_hold_for_the_worst_voter_and_are_the_best_there_are(edit: FrameEdit) -> None:
    assert violated(survives, edit) == (0, 0)


def delta(length: int, size: int, edited: int) -> float:
    return 1 - comb(length - edited, size) / comb(length, size)


@pytest.mark.parametrize(
    ("edit", "bound"),
    [
        ("alter", lambda p, n, k, e, _: p > 0.5 + delta(n, k, e) / 2),
        ("insert", lambda p, n, k, e, _: p > 1 / (2 * (1 - delta(n + e + 1, k, e)))),
        ("delete", lambda p, n, k, e, _: p > 0.5 + delta(n, k, e) / 3),
    ],
    ids=["half of Δ", "of a longer sequence", "a third of Δ"],
)
def test_the_worst_voter_breaks_wrong_bounds(edit: FrameEdit, bound: Bound) -> None:
    assert violated(bound, edit)[0] > 0


@pytest.mark.parametrize("edit", ["alter", "insert", "delete"])
def test_edits_of_real_sequences_never_go_below_the_bound(edit: FrameEdit) -> None:
    def odds(marks: list[int], size: int) -> Fraction:
        mask = torch.zeros(1, comb(len(marks), size), len(marks), dtype=torch.bool)
        for row, subset in enumerate(combinations(range(len(marks)), size)):
            mask[0, row, list(subset)] = True
        frames = torch.tensor(marks, dtype=torch.uint8).reshape(1, -1, 1, 1)
        found = AnyMarked().scores(Silhouettes(frames, torch.tensor([len(marks)]), ("a",)), mask)
        return Fraction(int(found[0, :, 0, 1].sum()), found.shape[1])

    for marked, size in product(range(7), (1, 2)):
        clean = [1] * marked + [0] * (6 - marked)
        radius = ablation_radius(odds(clean, size), 6, size, edit)
        for edited in range(1, min(radius, 3) + 1):
            results = {
                "alter": [[0] * edited + clean[edited:]],
                "insert": [clean + [0] * edited],
                "delete": [[f for k, f in enumerate(clean) if k not in w] for w in combinations(range(6), edited)],
            }
            assert all(odds(result, size) > Fraction(1, 2) for result in results[edit])


def test_more_cannot_be_deleted_than_leaves_a_subset_and_a_short_sequence_gets_nothing() -> None:
    assert ablation_radius(1.0, 6, 4, "delete") == 2
    proof = Ablation(frames=7)(AnyMarked(), sequence(3, 6), seed=0)
    assert (proof.answer.item(), proof.abstained.item(), proof.radius.item(), proof.queries) == (-1, True, 0, 0)


def test_without_a_majority_it_abstains() -> None:
    proof = Ablation(frames=1, sampling=Sampling(50, 200))(AnyMarked(), sequence(5, 10), seed=0)
    assert proof.abstained.item() and proof.radius.item() == 0


def error_rate(bound: Callable[[int, int, float], float], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Of 300 bounds with alpha = 0.1, how many exceed the true odds of 1 − C(14, 2) / C(20, 2)."""
    monkeypatch.setattr("stumble.certify.sampling.lower_bound", bound)
    one, truth = sequence(6, 20), 1 - comb(14, 2) / comb(20, 2)

    def wrong(seed: int) -> bool:
        def draw(purpose: str, count: int) -> Votes:
            return Votes.of(AnyMarked().scores(one, RandomSubsets(count, 2, seed, purpose).mask(one))[0])

        return float(Sampling(5, 60, alpha=0.1).estimate(draw)[1]) > truth

    return sum(wrong(seed) for seed in range(300)), 300


def test_the_stated_confidence_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, runs = error_rate(lower_bound, monkeypatch)
    assert binom.sf(wrong - 1, runs, 0.1) > 1e-3  # no more than one in ten, but for chance


def test_a_share_in_place_of_its_lower_bound_does_not_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, runs = error_rate(lambda hits, total, alpha: hits / total, monkeypatch)
    assert binom.sf(wrong - 1, runs, 0.1) < 1e-9


def test_clopper_and_pearson_by_hand() -> None:
    assert lower_bound(0, 10, 0.05) == 0
    assert lower_bound(10, 10, 0.05) == pytest.approx(0.05 ** (1 / 10))
    for hits in range(1, 10):  # the odds at which so many hits or more have probability alpha
        assert binom.sf(hits - 1, 10, lower_bound(hits, 10, 0.05)) == pytest.approx(0.05)


def test_claims_about_several_views_share_alpha() -> None:
    def draw(purpose: str, count: int) -> Votes:
        return Votes(torch.zeros(count, 4, dtype=torch.int64), torch.ones(count, 4, dtype=torch.bool), 2)

    answer, bound = Sampling(10, 100, alpha=0.04).estimate(draw)
    assert answer.tolist() == [0] * 4
    assert bound.tolist() == pytest.approx([0.01 ** (1 / 100)] * 4)


def test_the_class_is_chosen_on_other_samples_and_portions_do_not_matter() -> None:
    purposes: list[tuple[str, int]] = []

    def draw(purpose: str, count: int) -> Votes:
        purposes.append((purpose, count))
        choice = torch.full((count, 1), int(purpose.startswith("estimation")))
        return Votes(choice, torch.ones(count, 1, dtype=torch.bool), 2)

    answer, bound = Sampling(30, 70, portion=40).estimate(draw)
    assert answer.tolist() == [0] and bound.tolist() == [0.0]  # not the one that most of the others are taken for
    assert purposes == [("selection 0", 30), ("estimation 0", 40), ("estimation 40", 30)]


def test_votes_that_rounding_could_turn_do_not_count() -> None:
    def draw(purpose: str, count: int) -> Votes:
        sure = torch.arange(count)[:, None] >= count // 4
        return Votes(torch.zeros(count, 1, dtype=torch.int64), sure, 2)

    assert float(Sampling(10, 100).estimate(draw)[1]) == pytest.approx(lower_bound(75, 100, 0.001))


def test_subsets_are_uniform_fresh_and_independent_of_the_batch() -> None:
    one = sequence(0, 5)
    mask = RandomSubsets(4000, 2, seed=1).mask(one)[0]
    assert mask.sum(1).eq(2).all()
    pairs = torch.stack([mask[:, a] & mask[:, b] for a, b in combinations(range(5), 2)]).sum(1)
    assert chisquare(pairs.numpy()).pvalue > 1e-3
    assert not torch.equal(mask, RandomSubsets(4000, 2, seed=2).mask(one)[0])
    both = Silhouettes.pad([torch.zeros(7, 1, 1), torch.zeros(5, 1, 1)], ["b", "a"])
    assert torch.equal(RandomSubsets(4000, 2, seed=1).mask(both)[1, :, :5], mask)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Ablation(frames=0), "frames is 0; it must be at least 1"),
        (lambda: Sampling(selection=0), "selection is 0; it must be at least 1"),
        (lambda: Sampling(alpha=1.0), "alpha is 1; it must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_sampled_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        make()
