"""Voting recognisers are targets: attacked and judged like any other, and where something is proven, it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack
from stumble.attacks.joint_pgd import JointPGD
from stumble.certify import (
    ActionScorer,
    ByContent,
    ByIndex,
    GaitScorer,
    Partition,
    Pieces,
    Piecewise,
    Votes,
    VotingClassifier,
    VotingGallery,
)
from stumble.certify.votes import tally
from stumble.constraints import JointBudget, Kept, RandomPositions, Sparsity
from stumble.errors import TargetError
from stumble.interfaces import Goal, Output, SilhouetteInput, SkeletonInput
from stumble.judge import GaitJudge, Probe
from stumble.layouts import NTU25
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets import Gallery
from stumble.testing import check_skeleton_target, check_target


@dataclass(frozen=True)
class Outline:
    """How far each row and column of a small picture is ever filled."""

    takes: SilhouetteInput = SilhouetteInput(8, 6)

    def __call__(self, batch: Silhouettes) -> Output:
        frames = [each.amax(0) for each in batch.floating().unpadded()]
        return Output(embedding=torch.stack([torch.cat([f.mean(0), f.mean(1)])[None] for f in frames]))


def walks(*lengths: int) -> Silhouettes:
    """Everybody has a width of their own, and noise."""
    generator = torch.Generator().manual_seed(0)
    sequences = []
    for number, length in enumerate(lengths):
        frames = 0.2 * torch.rand(length, 8, 6, generator=generator)
        frames[:, :, : 1 + number % 3] += 0.6
        sequences.append(frames)
    return Silhouettes.pad(sequences, [f"{k}" for k in range(len(lengths))]).quantised()


@pytest.fixture
def gallery() -> Gallery:
    embedding = Outline()(walks(6, 7, 8, 9, 10, 11)).embedding
    assert embedding is not None
    return Gallery(EmbeddedSequences(embedding, ("001", "002", "003") * 2, ("000",) * 3 + ("090",) * 3))


def voting(gallery: Gallery, pieces: Pieces) -> VotingGallery:
    return VotingGallery(gallery.enrolled, gallery.distance, pieces.count)


@pytest.mark.parametrize("pieces", [ByIndex(3), ByContent(3)])
def test_pieces_of_silhouettes_are_a_target_whose_gallery_counts_votes(gallery: Gallery, pieces: Pieces) -> None:
    target, batch = Piecewise(Outline(), pieces), walks(7, 9, 8)
    output = target(batch)
    assert output.embedding is not None and output.embedding.shape == (3, 3 * 1, 14)
    scores = voting(gallery, pieces).scores(output.embedding)
    for row in range(3):
        one = batch.select([row])
        votes = Votes.of(GaitScorer(Outline(), gallery).scores(one, pieces.mask(one))[0])
        assert torch.equal(scores[row], votes.counts(sure=False).float())


def test_it_meets_the_contract_of_targets() -> None:
    check_target(Piecewise(Outline(), ByIndex(3)), walks(7, 4, 3))


def test_what_is_proven_outlasts_an_attack_on_the_voters_themselves(gallery: Gallery) -> None:
    pieces, batch, views = ByIndex(5), walks(10, 11, 12, 13, 14, 15), gallery.views
    target, counting = Piecewise(Outline(), pieces), voting(gallery, pieces)
    clean = target(batch).embedding
    assert clean is not None
    label = gallery.labels(["001", "002", "003"] * 2)
    goal = Goal("targeted", label, label.roll(1), clean.roll(1, 0))
    probes = [Probe("001", "nm-05", "045")] * 6
    proofs = [Partition(5)(GaitScorer(Outline(), gallery), batch.select([row])) for row in range(6)]
    fallen = outlasted = 0
    for frames in (1, 2, 5):
        attack = PixelAttack(Sparsity(frames=frames), RandomPositions(), iterations=10, step=0.2)
        result = attack(target, batch, goal, seed=0)
        stored = result.adversarial.quantised()
        table = GaitJudge(target, counting)(batch, stored, replace(result, adversarial=stored), goal, probes, Kept())
        for row, verdict in enumerate(table.to_pylist()):
            proof = proofs[row // len(views)]
            if proof.holds(int(label[row // len(views)]), float(frames))[row % len(views)]:
                assert verdict["correct_after"]
                outlasted += 1
            fallen += not verdict["correct_after"]
    assert outlasted > 0 and fallen > 0


def test_a_piece_that_is_too_short_embeds_as_nothing_and_does_not_vote(gallery: Gallery) -> None:
    target = Piecewise(Outline(SilhouetteInput(8, 6, minimum_frames=3)), ByIndex(2))
    output = target(walks(5))  # three frames and two
    assert output.embedding is not None
    assert output.embedding[0].any(1).tolist() == [True, False]
    assert voting(gallery, ByIndex(2)).scores(output.embedding).sum(2).tolist() == [[1.0, 1.0]]
    with pytest.raises(TargetError, match="0: found 2 pieces of fewer than 3 frames"):
        target(walks(4))


@dataclass(frozen=True)
class Pointing:
    """Where the head is, on average."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=(batch.joints.sum((1, 2)) / batch.lengths[:, None, None]).sum(1))


def clips(*lengths: int) -> Skeletons:
    generator = torch.Generator().manual_seed(0)
    joints = [torch.randn(1, n, 25, 3, generator=generator) for n in lengths]
    return Skeletons.pad(joints, [f"{k}" for k in range(len(lengths))], NTU25)


@pytest.mark.parametrize("pieces", [ByIndex(3), ByContent(3)])
def test_a_voting_classifier_answers_with_votes(pieces: Pieces) -> None:
    batch, target = clips(7, 9), VotingClassifier(Pointing(), pieces)
    logits = target(batch).logits
    assert logits is not None
    for row in range(2):
        one = batch.select([row])
        votes = Votes.of(ActionScorer(Pointing()).scores(one, pieces.mask(one))[0])
        assert torch.equal(logits[row], votes.counts(sure=False)[0].float())
        assert logits[row].argmax() == votes.answer


def test_it_meets_the_contract_of_targets_of_skeletons() -> None:
    check_skeleton_target(VotingClassifier(Pointing(), ByIndex(3)), clips(7, 5))


def test_descent_through_votes_turns_them() -> None:
    batch, target = clips(9, 11, 13, 15), VotingClassifier(Pointing(), ByIndex(3))
    before = target(batch).logits
    assert before is not None
    goal = Goal("untargeted", before.argmax(1))
    result = JointPGD(JointBudget(0.3), iterations=10)(target, batch, goal, seed=0)
    after = target(result.adversarial).logits
    assert after is not None and bool((after.argmax(1) != goal.label).any())


def test_a_tally_is_exact_and_its_gradient_is_that_of_the_softmax() -> None:
    scores = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    scores[0, 1] = -torch.inf
    plain = tally(scores)
    assert plain.sum(2).tolist() == [[3.0] * 3, [4.0] * 3]

    def soft(x: Tensor) -> Tensor:
        heard = x.isfinite().any(3, keepdim=True)
        return (torch.where(heard, x, 0).softmax(3) * heard).sum(1)

    weights, gradients = torch.randn(plain.shape, dtype=torch.float64), []
    for function in (tally, soft):
        x = scores.clone().requires_grad_()
        (gradient,) = torch.autograd.grad((function(x) * weights).sum(), x)
        gradients.append(gradient)
        if function is tally:
            assert torch.equal(function(x).detach(), plain)
    torch.testing.assert_close(*gradients)
    assert not gradients[0][0, 1].any() and gradients[0].isfinite().all()
