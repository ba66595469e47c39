"""Votes as predictors: attacked like any target, and jointly by who knows how they are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack
from stumble.attacks.frame_edit import FrameEdit
from stumble.certify import ByContent, ByIndex, Pieces, Piecewise, RandomSubsets, VotingGallery, piecewise
from stumble.constraints import First, RandomPositions, Sparsity
from stumble.defenses import (
    FrameFilter,
    JointVotes,
    OnSurrogate,
    SubsetsByLength,
    SubsetVote,
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

    def wrong(batch: Silhouettes, seeds: range) -> float:
        seen = [~right(target.reseeded(seed), gallery, batch, label) for seed in seeds]
        return float(torch.stack(seen).double().mean())

    assert wrong(batch, range(5)) == 0
    assert wrong(tuned, range(1)) > wrong(tuned, range(1, 20))
    assert wrong(expecting, range(1, 20)) > wrong(tuned, range(1, 20))
