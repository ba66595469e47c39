"""The temporal sparse attack (He, Wang, Dong, Tan 2022): a few generated silhouettes, found in a GAN's latent space."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from stumble.attacks.frame_descent import FrameDescent
from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Attack, AttackResult, Goal, Output, SilhouettePrior, Target, Weights
from stumble.objectives import Cosine, Objective
from stumble.seeds import normal
from stumble.sequences import Silhouettes
from stumble.targets.frozen import on_frozen

__all__ = ["TemporalSparse", "bounded", "prior_of", "within_reach"]


def prior_of(weights: Weights) -> SilhouettePrior:
    """The generator and critic behind a weights reference. Raises SpecError where it is another network."""
    network = weights.load()
    if not isinstance(network, SilhouettePrior):
        raise SpecError(
            f"{weights}: a {type(network).__name__}; the attack needs a generator of silhouettes with a critic"
        )
    return network


def within_reach(latents: Float[Tensor, "f v"], origin: Float[Tensor, "f v"], degrees: float) -> Float[Tensor, "f v"]:
    """Latents turned back, at their own length, to at most this angle from the origin's direction."""
    limit = math.radians(degrees)
    ahead = functional.normalize(origin, dim=1)
    along = (latents * ahead).sum(1, keepdim=True)
    aside = functional.normalize(latents - along * ahead, dim=1)
    length = latents.norm(dim=1, keepdim=True)
    turned = length * (math.cos(limit) * ahead + math.sin(limit) * aside)
    return torch.where(along < math.cos(limit) * length, turned, latents)


def _to_black_and_white(frames: Tensor) -> Tensor:
    """Rounded frames whose gradient is that of the frames themselves (straight-through)."""
    return frames + ((frames > 0.5).to(frames.dtype) - frames).detach()


@dataclass(frozen=True)
class TemporalSparse(Attack):
    """Replace or insert K of N silhouettes by frames G(Z), Z found by momentum descent (Eq. 2-7).

    Minimises cos(f(X), f(X*)) + weight * BCE(sigma(D(G(Z))), 1), or -cos(f(X_t), f(X*)) + ... when targeted; the
    paper prints a maximisation whose terms pull against each other, this is the form that does what its text says.
    Each step: g <- momentum g + gradient / ||gradient||_1 per sample, Z <- Z - step sign(g), clipped to
    [-clip, clip], put back on the prior's support (the sphere of radius sqrt(V)).

    Attributes:
        prior: generator and critic.
        edit: "alter" (Eq. 4) or "insert".
        budget: K.
        positions: where; the paper's default is the first K.
        objective: what is minimised of the target's answer.
        iterations: T of the paper.
        step: epsilon of the paper, per coordinate of the latent.
        momentum: mu of the paper.
        plausibility: lambda of the paper. The paper's 1000 drowns the first term as it is written here; the
            default was chosen by measurement on people that no reported figure uses (docs/lambda.md).
        clip: bound on each latent coordinate before the renormalisation, as in the authors' code.
        starts: latents tried per frame before the descent; the best starts it. 1 is the paper's.
        reach: how far, as an angle in degrees, a latent may go from its start; None, the paper's, is without bound.
            Frames stay more like the generator's usual ones, and less harmful.
        black_and_white: optimise through rounding to black and white (straight-through), for targets that
            threshold their input. Frames are returned rounded.
        incremental: encode clean frames once (see `FrameEdit`).
        stop: margin of logits by which the goal must be reached for a sample to be finished (see `FrameDescent`); the
            paper's None always takes all iterations.
    """

    prior: Weights
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Cosine)
    iterations: int = 100
    step: float = 0.1
    momentum: float = 1.0
    plausibility: float = 0.03
    clip: float = 2.0
    starts: int = 1
    reach: float | None = None
    black_and_white: bool = False
    incremental: bool = True
    stop: float | None = None

    @on_frozen
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        prior = prior_of(self.prior)
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed, self.incremental)
        origin = self._start(prior, scene, goal, seed)

        def advance(latents: Tensor, sign: Tensor, packed: Tensor) -> Tensor:
            moved = prior.to_prior((latents - self.step * sign).clamp(-self.clip, self.clip))
            return moved if self.reach is None else within_reach(moved, origin[packed], self.reach)

        descent = FrameDescent(
            self.iterations,
            self.momentum,
            partial(self._frames, prior),
            partial(self._terms, prior),
            {"implausibility": self.plausibility},
            advance,
            self.stop,
        )
        return descent(scene, goal, origin, self.starts if self.starts > 1 else 0)

    def _terms(
        self, prior: SilhouettePrior, scene: FrameEdit, goal: Goal, output: Output, frames: Tensor
    ) -> dict[str, Float[Tensor, " b"]]:
        """The objective, and how implausible the critic finds the frames (not asked where it has no weight)."""
        wanted = self.objective(output, goal)
        if not self.plausibility:
            return {"objective": wanted, "implausibility": torch.zeros_like(wanted)}
        loss = functional.softplus(-prior.plausibility_logit(frames))  # BCE(sigma, 1)
        return {"objective": wanted, "implausibility": scene.per_sequence(loss)}

    def _start(self, prior: SilhouettePrior, scene: FrameEdit, goal: Goal, seed: int) -> Tensor:
        """The best of `starts` draws, uniform on the prior, with a random stream per sample and trial."""
        size, trials, losses = (max(scene.counts), prior.latent_dim), [], []
        for trial in range(self.starts):
            drawn = normal(seed, scene.clean.ids, f"latents {trial}", size)
            trials.append(prior.to_prior(torch.cat([drawn[row, :count] for row, count in enumerate(scene.counts)])))
            if self.starts > 1:
                with torch.no_grad():
                    frames = self._frames(prior, trials[-1])
                    terms = self._terms(prior, scene, goal, scene.output(frames), frames)
                losses.append(terms["objective"] + self.plausibility * terms["implausibility"])
        if self.starts == 1:
            return trials[0]
        best = torch.stack(losses).argmin(0)[scene.owner]
        return torch.stack(trials)[best, torch.arange(len(best))]

    def _frames(self, prior: SilhouettePrior, latents: Tensor) -> Tensor:
        frames = prior.generate(latents)
        return _to_black_and_white(frames) if self.black_and_white else frames


def bounded(prior: Weights, budget: Sparsity, edit: Edit = "alter", positions: Positions = First()) -> TemporalSparse:
    """The variant whose frames pass for silhouettes: the best of many starts, and little reach from it.

    Beyond the paper. Its settings were chosen by measurement on people that no reported figure uses (docs/lambda.md).
    """
    return TemporalSparse(
        prior, edit, budget, positions, iterations=40, step=0.02, plausibility=0.003, starts=128, reach=15.0
    )
