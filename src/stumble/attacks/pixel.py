"""Pixel baselines on the same few frames: FGSM, PGD and MI-FGSM with the whole range of levels as their budget."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from stumble.attacks.frame_descent import FrameDescent
from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints.frames import First, Positions, Sparsity
from stumble.interfaces import Attack, AttackResult, Goal, Output, Target
from stumble.objectives import Cosine, Objective
from stumble.seeds import uniform
from stumble.sequences import Silhouettes
from stumble.targets.frozen import on_frozen

__all__ = ["PixelAttack", "fgsm", "mi_fgsm", "pgd"]


@dataclass(frozen=True)
class PixelAttack(Attack):
    """Sign descent on the pixels of K frames within a box around the clean ones (alteration only).

    All variants start from a uniform perturbation of half the step, since cos(f(X), f(X*)) is stationary at
    X* = X and its gradient there is rounding noise.

    Attributes:
        budget: K; positions: where.
        distortion: half-width of the box in [0, 1]; 1, the paper's, leaves only the range of levels.
        iterations, step: of the descent.
        momentum: decay of MI-FGSM's momentum, or None for the plain sign of the gradient.
        incremental: encode clean frames once (see `FrameEdit`).
        stop: margin of logits by which the goal must be reached for a sample to be finished (see `FrameDescent`).
    """

    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Cosine)
    distortion: float = 1.0
    iterations: int = 20
    step: float = 0.05
    momentum: float | None = None
    incremental: bool = True
    stop: float | None = None

    @on_frozen
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        scene = FrameEdit(target, batch, "alter", self.budget, self.positions, seed, self.incremental)
        clean = scene.clean_frames()
        lowest, highest = (clean - self.distortion).clamp_min(0), (clean + self.distortion).clamp_max(1)
        frames = torch.clamp(clean + self._start(scene, seed), lowest, highest)

        def advance(frames: Tensor, sign: Tensor, packed: Tensor) -> Tensor:
            return torch.clamp(frames - self.step * sign, lowest[packed], highest[packed])

        descent = FrameDescent(
            self.iterations,
            self.momentum or 0.0,
            lambda frames: frames,
            self._terms,
            {},
            advance,
            self.stop,
            chosen_by=self.objective.chosen_by,
        )
        return descent(scene, goal, frames)

    def _terms(self, scene: FrameEdit, goal: Goal, output: Output, frames: Tensor) -> dict[str, Tensor]:
        return {"objective": self.objective(output, goal)}

    def _start(self, scene: FrameEdit, seed: int) -> Tensor:
        """Uniform in [-step/2, step/2), a stream per sample."""
        size = tuple(scene.base.frames.shape[2:])
        drawn = uniform(seed, scene.clean.ids, "pixels", (max(scene.counts), *size))
        packed = torch.cat([drawn[row, :count] for row, count in enumerate(scene.counts)])
        return (packed - 0.5) * min(self.step, self.distortion)


def fgsm(budget: Sparsity, positions: Positions = First()) -> PixelAttack:
    """One step across the whole box."""
    return PixelAttack(budget, positions, iterations=1, step=1.0)


def pgd(budget: Sparsity, positions: Positions = First(), iterations: int = 20, step: float = 0.05) -> PixelAttack:
    """Projected sign descent; the paper's 20 iterations."""
    return PixelAttack(budget, positions, iterations=iterations, step=step)


def mi_fgsm(budget: Sparsity, positions: Positions = First(), iterations: int = 20, step: float = 0.05) -> PixelAttack:
    """Sign descent with momentum of decay 1.0; the paper's 20 iterations."""
    return PixelAttack(budget, positions, iterations=iterations, step=step, momentum=1.0)
