"""The temporal sparse attack (He, Wang, Dong, Tan 2022): a few generated silhouettes, found in a GAN's latent space."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.steps import accumulate
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Attack, AttackResult, Goal, SilhouettePrior, Target, Weights
from stumble.objectives import Cosine, Objective
from stumble.seeds import normal
from stumble.sequences import Silhouettes

__all__ = ["TemporalSparse", "prior_of"]


def prior_of(weights: Weights) -> SilhouettePrior:
    """The generator and critic behind a weights reference. Raises SpecError where it is another network."""
    network = weights.load()
    if not isinstance(network, SilhouettePrior):
        raise SpecError(
            f"{weights}: a {type(network).__name__}; the attack needs a generator of silhouettes with a critic"
        )
    return network


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
        black_and_white: optimise through rounding to black and white (straight-through), for targets that
            threshold their input. Frames are returned rounded.
        incremental: encode clean frames once (see `FrameEdit`).
    """

    prior: Weights
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Cosine)
    iterations: int = 100
    step: float = 0.1
    momentum: float = 1.0
    plausibility: float = 0.01
    clip: float = 2.0
    black_and_white: bool = False
    incremental: bool = True

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        prior = prior_of(self.prior)
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed, self.incremental)
        latents = prior.to_prior(self._start(scene, prior.latent_dim, seed))
        momentum = torch.zeros_like(latents)
        trace: dict[str, list[Tensor]] = {"objective": [], "implausibility": []}
        for _ in range(self.iterations):
            latents = latents.detach().requires_grad_()
            frames = self._frames(prior, latents)
            wanted = self.objective(scene.output(frames), goal)
            loss = wanted
            if self.plausibility:
                logits = prior.plausibility_logit(frames)
                unlikely = functional.binary_cross_entropy_with_logits(
                    logits, torch.ones_like(logits), reduction="none"
                )
                implausibility = scene.per_sequence(unlikely)
                loss = loss + self.plausibility * implausibility
                trace["implausibility"].append(implausibility.detach())
            (gradient,) = torch.autograd.grad(loss.sum(), latents)
            momentum = accumulate(momentum, gradient, self.momentum, scene.owner, len(batch))
            moved = (latents.detach() - self.step * momentum.sign()).clamp(-self.clip, self.clip)
            latents = prior.to_prior(moved)
            trace["objective"].append(wanted.detach())
        with torch.no_grad():
            frames = self._frames(prior, latents)
        return scene.result(frames, self.iterations, self.iterations, "budget", trace)

    def _start(self, scene: FrameEdit, latent_dim: int, seed: int) -> Tensor:
        """Uniform on the sphere once normalised; a stream per sample, so that neighbours in the batch do not matter."""
        most = max(scene.counts)
        drawn = normal(seed, scene.clean.ids, "latents", (most, latent_dim))
        return torch.cat([drawn[row, :count] for row, count in enumerate(scene.counts)])

    def _frames(self, prior: SilhouettePrior, latents: Tensor) -> Tensor:
        frames = prior.generate(latents)
        return _to_black_and_white(frames) if self.black_and_white else frames
