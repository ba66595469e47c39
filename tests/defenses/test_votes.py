"""Votes as predictors: attacked like any target, and jointly by who knows how they are counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from stumble import zoo
from stumble.attacks import GreedyTrials, PixelAttack, TemporalSparse
from stumble.attacks.frame_edit import FrameEdit
from stumble.certify import ByContent, ByIndex, Pieces, Piecewise, RandomSubsets, VotingGallery, piecewise
from stumble.constraints import First, RandomPositions, Sparsity
from stumble.defenses import (
    AcrossGroups,
    Evading,
    FrameFilter,
    GaitDefence,
    JointVotes,
    OnSurrogate,
    SubsetsByLength,
    SubsetVote,
    VotesLeft,
    filtering,
    partition_vote,
    subset_vote,
    undefended,
)
from stumble.errors import SpecError, TargetError
from stumble.interfaces import FrameSeparable, Goal, Output, SilhouettePrior
from stumble.objectives import Margin
from stumble.sequences import Silhouettes
from stumble.targets import Gallery
from stumble.testing import check_target

from .conftest import walks


def voting(gallery: Gallery, pieces: int) -> VotingGallery:
    return VotingGallery(gallery.enrolled, gallery.distance, pieces)


def right(target: Piecewise, gallery: Gallery, batch: Silhouettes, label: Tensor) -> Tensor:
    """Decisions that are right, a row per sequence."""
    embedding = target(batch).embedding
    assert embedding is not None
    return voting(gallery, target.pieces.count).scores(embedding).argmax(2) == label[:, None]


@pytest.mark.parametrize("pieces", [ByIndex(3), ByContent(3), SubsetsByLength(5, 2)], ids=str)
def test_clean_frames_are_encoded_once_and_the_votes_are_the_same(
    outline: FrameSeparable, pieces: Pieces, batch: Silhouettes
) -> None:
    target, plain = piecewise(outline, pieces), Piecewise(outline, pieces)
    assert isinstance(target, FrameSeparable) and not isinstance(plain, FrameSeparable)
    frames = torch.rand(6, 8, 6, generator=torch.Generator().manual_seed(0))
    answers = []
    for each in (target, plain):
        scene = FrameEdit(each, batch, "alter", Sparsity(frames=2), RandomPositions(), 0)
        answers.append(scene.output(frames).embedding)
    torch.testing.assert_close(*answers)


@pytest.mark.parametrize("pieces", [ByIndex(3), SubsetsByLength(5, 2)], ids=str)
def test_they_meet_the_contract_of_targets(outline: FrameSeparable, pieces: Pieces) -> None:
    check_target(piecewise(outline, pieces), walks(7, 4, 3))


def test_pieces_that_depend_on_names_are_not_cut_from_features(outline: FrameSeparable) -> None:
    assert type(piecewise(outline, RandomSubsets(3, 2))) is Piecewise


def test_the_joint_objective_is_the_lead_over_a_common_rival(gallery: Gallery) -> None:
    """Two pieces of three numbers against a gallery on the axes: distances are known."""
    axes = replace(gallery.enrolled, embeddings=torch.eye(3)[[0, 1, 2, 0, 1, 2]][:, None])
    objective = JointVotes(Gallery(axes), enough=0.5)
    pieces = torch.tensor([[[1.0, 0, 0], [0, 0.9, 0]]])  # the first stands on 001's place, the second next to 002's
    goal = Goal("untargeted", torch.tensor([0]))
    near, far = (0.1, (1 + 0.9**2) ** 0.5)  # of the second piece to 002 and to 001
    expected = (2**0.5 + 0.5) + max(near - far + 0.5, 0)  # the first piece leads by √2, the second is lost already
    assert objective(Output(embedding=pieces), goal).item() == pytest.approx(expected, rel=1e-5)
    targeted = Goal("targeted", torch.tensor([0]), torch.tensor([2]))
    expected = (2**0.5 + 0.5) + 0.5  # from 003 the second piece is as far as from 001
    assert objective(Output(embedding=pieces), targeted).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(TargetError, match="needs an embedding"):
        objective(Output(), goal)


def test_the_joint_objective_heeds_the_views_alone_that_count(gallery: Gallery) -> None:
    """In the second view everybody is twice as far apart, so that there is more to win."""
    near = gallery.enrolled.embeddings
    wide = Gallery(replace(gallery.enrolled, embeddings=torch.cat([near[:3], 2 * near[:3]])))
    objective, output = JointVotes(wide), Output(embedding=1.5 * near[:2])
    label, views = torch.arange(2), torch.tensor([[True, False], [False, True]])
    first, second = (objective(output, Goal("untargeted", label, counted=views[[k, k]])) for k in (0, 1))
    mixed = Goal("untargeted", label, counted=views)
    assert bool((first != second).all())
    assert torch.equal(objective(output, mixed), torch.stack([first[0], second[1]]))
    torch.testing.assert_close(objective(output, Goal("untargeted", label)), (first + second) / 2)
    turned, backwards = Output(embedding=1.5 * near[[1, 0]]), mixed.select(torch.tensor([1, 0]))
    assert torch.equal(objective(turned, backwards), objective(output, mixed).flip(0))


def test_pieces_that_are_too_short_neither_lead_nor_follow(gallery: Gallery) -> None:
    objective, goal = JointVotes(gallery), Goal("untargeted", torch.tensor([0]))
    piece = gallery.enrolled.embeddings[:1]
    alone = objective(Output(embedding=piece), goal)
    assert torch.equal(objective(Output(embedding=torch.cat([piece, 0 * piece], 1)), goal), alone)


def test_an_attack_on_the_votes_together_turns_more_of_them(
    outline: FrameSeparable, gallery: Gallery, batch: Silhouettes
) -> None:
    target, label = piecewise(outline, ByIndex(3)), torch.arange(3)
    goal = Goal("untargeted", label, None, target(batch).embedding)
    plain = PixelAttack(Sparsity(frames=2), First(), iterations=40)
    knowing = replace(plain, objective=JointVotes(voting(gallery, 3)))
    left = [
        right(target, gallery, attack(target, batch, goal, seed=0).adversarial, label) for attack in (plain, knowing)
    ]
    assert bool(right(target, gallery, batch, label).all())
    assert left[1].sum() < left[0].sum()


@pytest.mark.parametrize("asking", [{"stop": 0.0}, {"objective": Margin()}], ids=str)
def test_who_wants_to_know_whom_it_is_taken_for_is_told_behind_every_defence(
    asking: Any, outline: Any, darkness: SilhouettePrior, gallery: Gallery, batch: Silhouettes
) -> None:
    attack = PixelAttack(**{"budget": Sparsity(frames=2), "iterations": 2, **asking})
    for defence in (
        undefended(outline, gallery),
        partition_vote(outline, gallery, 3),
        subset_vote(outline, gallery, 2, votes=5),
        filtering(FrameFilter(outline, darkness, 0.0, 0.0), gallery),
    ):
        goal = Goal("untargeted", torch.arange(3), None, defence.target(batch).embedding)
        for each in defence.adaptive(attack):
            assert each(defence.target, batch, goal, seed=0).queries.ge(1).all()


def test_subsets_of_a_length_are_uniform_and_new_ones_come_with_every_call(batch: Silhouettes) -> None:
    mask = SubsetsByLength(4000, 3).mask(batch)
    assert mask.sum(2).unique().tolist() == [3] and not bool(mask[:, :, 12:].any())
    shares = mask[0].double().mean(0)[:10]
    assert bool(((shares - 0.3).abs() < 0.04).all())
    fixed, anew = SubsetsByLength(8, 3), SubsetsByLength(8, 3, anew=True)
    assert torch.equal(fixed.mask(batch), fixed.mask(batch))
    assert not torch.equal(anew.mask(batch), anew.mask(batch))
    assert torch.equal(fixed.mask(batch.select([1]))[0], fixed.mask(batch)[1])
    assert not SubsetsByLength(8, 11).mask(batch)[0].any()
    with pytest.raises(SpecError, match="found 0 of 3 frames"):
        SubsetsByLength(0, 3)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_sample_goes_its_way_alone_as_in_a_batch(
    outline: FrameSeparable, gallery: Gallery, batch: Silhouettes, row: int
) -> None:
    """Also on a surrogate that draws other subsets at each step, and after other attacks on the same target."""
    target, index = SubsetVote(outline, SubsetsByLength(15, 2)), torch.tensor([row])
    goal = Goal("untargeted", torch.arange(3), None, target(batch).embedding)
    attack = OnSurrogate(PixelAttack(Sparsity(frames=3), RandomPositions(), JointVotes(gallery), iterations=6))
    together = attack(target, batch, goal, seed=0).adversarial.quantised().select([row])
    alone = attack(target, batch.select([row]), goal.select(index), seed=0).adversarial.quantised()
    assert torch.equal(alone.frames, together.frames)


def test_what_is_tuned_to_known_subsets_does_less_to_others(
    outline: FrameSeparable, gallery: Gallery, batch: Silhouettes
) -> None:
    target, label = SubsetVote(outline, SubsetsByLength(15, 2)), torch.arange(3)
    goal = Goal("untargeted", label, None, target(batch).embedding)
    attack = PixelAttack(Sparsity(frames=4), RandomPositions(), JointVotes(gallery), iterations=60)
    tuned = attack(target, batch, goal, seed=0).adversarial
    expecting = OnSurrogate(attack)(target, batch, goal, seed=0).adversarial
    assert torch.equal(expecting.frames, OnSurrogate(attack)(target, batch, goal, seed=0).adversarial.frames)

    def wrong(batch: Silhouettes, *judges: Piecewise) -> float:
        seen = [~right(judge, gallery, batch, label) for judge in judges]
        return float(torch.stack(seen).double().mean())

    others = [target.fresh(seed) for seed in range(1, 20)]
    assert wrong(batch, target, *others) == 0
    assert wrong(tuned, target) > wrong(tuned, *others)
    assert wrong(expecting, *others) > wrong(tuned, *others)


def test_the_judge_draws_other_subsets_for_each_sample(outline: FrameSeparable) -> None:
    judge, alike = SubsetVote(outline, SubsetsByLength(15, 2)).fresh(7), walks(10, 10, 10)
    masks = judge.pieces.mask(alike)
    assert masks.sum(2).unique().tolist() == [2]
    assert not torch.equal(masks[0], masks[1]) and not torch.equal(masks[1], masks[2])


def test_of_all_iterates_the_one_is_handed_over_that_leaves_the_fewest_views(
    outline: FrameSeparable, gallery: Gallery, batch: Silhouettes
) -> None:
    objective, target = JointVotes(voting(gallery, 3)), piecewise(outline, ByIndex(3))
    assert isinstance(objective.chosen_by, VotesLeft)
    assert JointVotes(gallery, counting=False).chosen_by is None
    assert Evading(objective).chosen_by == objective.chosen_by
    goal = Goal("untargeted", torch.arange(3), counted=torch.tensor([[True, False]] * 3))
    left = objective.chosen_by(target(batch), goal)
    assert left.floor().tolist() == [1, 1, 1]  # one view counts, and is right
    gone = Goal("untargeted", (torch.arange(3) + 1) % 3, counted=goal.counted)
    assert objective.chosen_by(target(batch), gone).floor().tolist() == [0, 0, 0]
    attack = PixelAttack(Sparsity(frames=2), First(), objective, iterations=40)
    ends = [
        objective.chosen_by(target(replace(attack, iterations=n)(target, batch, goal, seed=0).adversarial), goal)
        for n in (5, 10, 20, 40)
    ]
    assert all(bool((later <= earlier + 1e-6).all()) for earlier, later in pairwise(ends))


def test_frames_sorted_by_content_are_sent_into_groups_that_vote_right(
    outline: FrameSeparable, gallery: Gallery, batch: Silhouettes
) -> None:
    pieces = ByContent(5)
    target = piecewise(outline, pieces)
    goal = Goal("untargeted", torch.arange(3), None, target(batch).embedding)
    plain = PixelAttack(Sparsity(frames=3), First(), JointVotes(gallery), iterations=5)
    found, sent = (each(target, batch, goal, seed=0) for each in (plain, AcrossGroups(plain, pieces, gallery)))
    before, after = found.adversarial.quantised().frames.int(), sent.adversarial.frames.int()
    assert torch.equal(found.edited, sent.edited)
    assert int((before - after).abs().max()) <= 1 and int((before != after).flatten(2).sum(2).max()) <= 1
    where = pieces.mask(sent.adversarial)
    scores = voting(gallery, 5).of_pieces(target(batch).embedding)
    votes_right = (scores.argmax(3) == torch.arange(3)[:, None, None]).sum(2)
    for row, edited in enumerate(sent.edited):
        groups = where[row][:, edited].int().argmax(0).tolist()
        assert len(set(groups)) == 3
        assert votes_right[row][groups].sum() == votes_right[row].topk(3).values.sum()


def ways(defence: GaitDefence, attack: Any) -> list[tuple[str, ...]]:
    """What each adaptive attack is, from the outside in."""
    found = []
    for each in defence.adaptive(attack):
        names, inner = [type(each).__name__], each
        while (inner := getattr(inner, "attack", None) or getattr(inner, "objective", None)) is not None:
            names.append(type(inner).__name__)
        found.append(tuple(names))
    return found


def test_what_an_adversary_does_who_knows(outline: Any, darkness: SilhouettePrior, gallery: Gallery) -> None:
    """Each objective by the attack and, as any frame may be put in, on pixels."""

    made = TemporalSparse(zoo.Shipped("wgan-synthetic"), budget=Sparsity(frames=2), iterations=30)
    inserting = replace(made, edit="insert")
    both = ("TemporalSparse", "PixelAttack")
    assert ways(undefended(outline, gallery), made) == [
        ("OnSurrogate", attack, way) for attack in both for way in ("Cosine", "JointVotes")
    ]
    by_index, by_content = partition_vote(outline, gallery, 3), partition_vote(outline, gallery, 3, by_content=True)
    assert ways(by_index, made) == [("OnSurrogate", attack, "JointVotes") for attack in both]
    inserted = ("OnSurrogate", "TemporalSparse", "JointVotes")
    assert ways(by_content, inserting) == [inserted, ("AcrossGroups", *inserted)]
    assert ways(subset_vote(outline, gallery, 2, 5), made) == [("OnSurrogate", a, "JointVotes") for a in both]
    guarded = filtering(FrameFilter(outline, darkness, 0.0, 0.0), gallery)
    assert ways(guarded, made) == [
        ("OnSurrogate", attack, "Evading", way) for attack in both for way in ("Cosine", "JointVotes") for _ in range(3)
    ]
    pixels = guarded.adaptive(made)[-1].attack  # type: ignore[attr-defined]
    assert (pixels.budget, pixels.positions, pixels.iterations) == (made.budget, made.positions, 30)
    assert (made.plausibility, by_index.adaptive(made)[0].attack.plausibility) == (0.03, 0.0)  # type: ignore[attr-defined]
    assert len(ways(by_index, PixelAttack(Sparsity(frames=2)))) == 1  # is on pixels already
    assert ways(undefended(outline, gallery), PixelAttack()) == [("OnSurrogate", "PixelAttack", "JointVotes")]
    searched = by_index.adaptive(replace(made, positions=GreedyTrials()))
    assert searched[1].attack.positions == First()  # type: ignore[attr-defined]
