"""Pixel baselines on a linear target, whose optimum is a corner of the box."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stumble.attacks import PixelAttack, fgsm, mi_fgsm, pgd
from stumble.constraints import Kept, Sparsity
from stumble.interfaces import Goal, InputSpec, Output
from stumble.objectives import Objective
from stumble.sequences import Silhouettes

WEIGHTS = torch.linspace(-1, 1, 12).reshape(4, 3)


class MeanTarget:
    """One logit: a linear function of the mean frame."""

    takes = InputSpec(4, 3)

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
    attack = PixelAttack(attack.budget, attack.positions, Value(), 0.25, attack.iterations, attack.step, attack.momentum)
    result = attack(TARGET, BATCH, GOAL, seed=0)
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
