"""Pixel baselines on a linear target, whose optimum is a corner of the box."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stumble.attacks import PixelAttack, fgsm, mi_fgsm, pgd
from stumble.constraints import Kept, Sparsity
from stumble.interfaces import Goal, Output, SilhouetteInput
from stumble.objectives import Cosine, Objective
from stumble.seeds import uniform
from stumble.sequences import Silhouettes

WEIGHTS = torch.linspace(-1, 1, 12).reshape(4, 3)


class MeanTarget:
    """One logit: a linear function of the mean frame."""

    takes = SilhouetteInput(4, 3)

    def __call__(self, batch: Silhouettes) -> Output:
        batch = batch.floating()
        mean = batch.frames.sum(1) / batch.lengths[:, None, None]
        return Output(embedding=(mean * WEIGHTS).sum((1, 2))[:, None, None])


class Value(Objective):
    """The value itself, made small."""

    def __call__(self, output: Output, goal: Goal) -> Tensor:
        assert output.embedding is not None
        return output.embedding[:, 0, 0]


TARGET = MeanTarget()
BATCH = Silhouettes.pad([torch.full((5, 4, 3), 100, dtype=torch.uint8)] * 2, ["a", "b"])
GOAL = Goal("untargeted", torch.tensor([0, 1]), None, torch.ones(2, 1, 1))


def optimum(distortion: float) -> float:
    """All pixels of positive weight down and of negative weight up by the distortion, in one of five frames."""
    clean = 100 / 255
    moved = torch.where(WEIGHTS > 0, max(clean - distortion, 0.0), min(clean + distortion, 1.0))
    moved = torch.where(WEIGHTS == 0, torch.tensor(clean), moved)
    return float((WEIGHTS * (4 * clean + moved) / 5).sum())


@pytest.mark.parametrize("attack", [pgd(Sparsity(0.2)), mi_fgsm(Sparsity(0.2)), fgsm(Sparsity(0.2))])
def test_the_corner_of_the_box_is_found(attack: PixelAttack) -> None:
    result = replace(attack, objective=Value(), distortion=0.25)(TARGET, BATCH, GOAL, seed=0)
    reached = TARGET(result.adversarial).embedding
    assert reached is not None
    assert float(reached.max()) == pytest.approx(optimum(0.25), abs=1e-4)


def test_only_the_budgeted_frame_changes_and_stays_in_its_box() -> None:
    result = PixelAttack(Sparsity(frames=1), objective=Value(), distortion=0.1)(TARGET, BATCH, GOAL, seed=0)
    assert Kept().violation(result.adversarial, BATCH, result.edited).tolist() == [0, 0]
    assert float((result.adversarial.frames - 100 / 255).abs().max()) == pytest.approx(0.1, abs=1e-6)


def test_the_cosine_is_stationary_at_the_clean_sample() -> None:
    """Why every pixel attack starts beside the clean frames: there the gradient is rounding noise."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 7)).double()
    frames = torch.rand(1, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    reference = network(frames).detach()
    (gradient,) = torch.autograd.grad(nn.functional.cosine_similarity(network(frames), reference).sum(), frames)
    assert float(gradient.abs().max()) < 1e-12


def test_fgsm_leaves_nothing_grey_where_the_gradient_says_anything() -> None:
    result = replace(fgsm(Sparsity(frames=1)), objective=Value())(TARGET, BATCH, GOAL, seed=0)
    assert result.steps.tolist() == [1, 1]
    levels = result.adversarial.frames[result.edited]
    assert bool(((levels == 0) | (levels == 1)).all())
    assert torch.equal(levels[0] == 0, WEIGHTS > 0)


@pytest.mark.parametrize("momentum", [None, 1.0])
def test_the_descent_is_the_published_one(momentum: float | None) -> None:
    """A slow loop over samples with autograd on the whole sequence, from the same start."""

    class Crooked(MeanTarget):
        """A target whose gradient changes sign along the way, so that momentum matters."""

        def __call__(self, batch: Silhouettes) -> Output:
            first = batch.floating().frames[:, 0]
            return Output(
                embedding=torch.stack([(9 * first * WEIGHTS).sin().sum((1, 2)), first.mean((1, 2))], 1)[:, None]
            )

    attack = PixelAttack(Sparsity(frames=1), iterations=7, step=0.1, distortion=0.3, momentum=momentum)
    target, goal = Crooked(), replace(GOAL, reference=Crooked()(BATCH).embedding)
    result = attack(target, BATCH, goal, seed=4)
    for row, name in enumerate(BATCH.ids):
        clean = BATCH.floating().frames[row, 0]
        frame = clean + 0.1 * (uniform(4, (name,), "pixels", (1, 4, 3))[0, 0] - 0.5)
        accumulated = torch.zeros(4, 3)
        for _ in range(7):
            frame = frame.detach().requires_grad_()
            sequence = Silhouettes(
                torch.cat([frame[None], BATCH.floating().frames[row, 1:]])[None], torch.tensor([5]), (name,)
            )
            loss = Cosine()(target(sequence), goal.select(torch.tensor([row])))
            (gradient,) = torch.autograd.grad(loss.sum(), frame)
            accumulated = (momentum or 0) * accumulated + gradient / gradient.abs().sum()
            frame = (frame - 0.1 * accumulated.sign()).clamp(clean - 0.3, clean + 0.3).clamp(0, 1)
        torch.testing.assert_close(result.adversarial.frames[row, 0], frame.detach())


def test_the_start_is_half_a_step_around_the_clean_frame() -> None:
    start = PixelAttack(Sparsity(frames=1), iterations=0, step=0.2)(TARGET, BATCH, GOAL, seed=0)
    moved = start.adversarial.frames[start.edited] - 100 / 255
    assert 0.07 < float(moved.abs().max()) <= 0.1
    assert not torch.equal(moved[0], moved[1])  # a stream of its own for every sample
