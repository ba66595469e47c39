"""The temporal sparse attack (He, Wang, Dong, Tan 2022): a few generated silhouettes, found in a GAN's latent space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from stumble.attacks.frame_descent import FrameDescent, weighted
from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.searched_positions import Placement, place
from stumble.constraints.coherence import Coherence
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Attack, AttackResult, Goal, Output, SilhouettePrior, Target, Weights
from stumble.objectives import Cosine, Objective
from stumble.seeds import normal
from stumble.sequences import Silhouettes
from stumble.targets.frozen import on_frozen

__all__ = ["TemporalSparse", "bounded", "prior_of", "within_reach"]

_INSISTENCE = 10.0  # of incoherence: on the way to a bound that the last frames keep in any case


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
        positions: where; the paper's default is the first K. `GreedyTrials` and `GreedyGradient` search them with the
            frames that the first latents make.
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
        coherence: mean overlap with the frames before and after that every edited frame must have, see `Coherence`;
            None, the paper's, asks for nothing. What a frame lacks counts ten times in what is minimised, and the last
            frames are brought back to what is allowed.
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
    coherence: float | None = None
    black_and_white: bool = False
    incremental: bool = True
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.coherence is not None:
            Coherence(self.coherence)

    @on_frozen
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        prior = prior_of(self.prior)
        placement = self._placed(prior, target, batch, goal, seed)
        scene = FrameEdit(target, batch, self.edit, self.budget, placement.positions, seed, self.incremental)
        origin = self._start(prior, scene, goal, seed, placement.order)

        def advance(latents: Tensor, sign: Tensor, packed: Tensor) -> Tensor:
            moved = prior.to_prior((latents - self.step * sign).clamp(-self.clip, self.clip))
            return moved if self.reach is None else within_reach(moved, origin[packed], self.reach)

        descent = FrameDescent(
            self.iterations,
            self.momentum,
            partial(self._frames, prior),
            partial(self._terms, prior),
            self._weights,
            advance,
            self.stop,
            self._finished,
            self.objective.chosen_by,
        )
        return descent(scene, goal, origin, placement.queries + (self.starts if self.starts > 1 else 0))

    @property
    def _weights(self) -> dict[str, float]:
        return {"implausibility": self.plausibility, "incoherence": _INSISTENCE}

    def _terms(
        self, prior: SilhouettePrior, scene: FrameEdit, goal: Goal, output: Output, frames: Tensor
    ) -> dict[str, Float[Tensor, " b"]]:
        """The objective, how implausible the critic finds the frames (not asked where it has no weight), and how much
        coherence they lack where some is asked for."""
        terms = {"objective": self.objective(output, goal)}
        terms["implausibility"] = torch.zeros_like(terms["objective"])
        if self.plausibility:
            loss = functional.softplus(-prior.plausibility_logit(frames))  # BCE(sigma, 1)
            terms["implausibility"] = scene.per_sequence(loss)
        if self.coherence is not None:
            coherence = Coherence(self.coherence)
            terms["incoherence"] = coherence.lacking(scene.sequences(frames), scene.clean, scene.edited)
        return terms

    def _finished(self, scene: FrameEdit, frames: Float[Tensor, "f h w"]) -> Float[Tensor, "f h w"]:
        if self.coherence is None:
            return frames
        coherent = Coherence(self.coherence).project(scene.sequences(frames), scene.clean, scene.edited)
        return coherent.frames[scene.edited]

    def _placed(self, prior: SilhouettePrior, target: Target, batch: Silhouettes, goal: Goal, seed: int) -> Placement:
        def first() -> Float[Tensor, "f h w"]:
            order = [tuple(range(self.budget.count(length))) for length in batch.lengths.tolist()]
            with torch.no_grad():
                return self._frames(prior, self._drawn(prior, batch.ids, order, seed, 0))

        return place(self.positions, target, batch, goal, self.edit, self.budget, self.objective, first)

    def _start(
        self, prior: SilhouettePrior, scene: FrameEdit, goal: Goal, seed: int, order: Sequence[tuple[int, ...]]
    ) -> Float[Tensor, "f v"]:
        """The best of `starts` draws, uniform on the prior."""
        trials, losses = [self._drawn(prior, scene.clean.ids, order, seed, k) for k in range(self.starts)], []
        if self.starts == 1:
            return trials[0]
        for latents in trials:
            with torch.no_grad():
                frames = self._frames(prior, latents)
                terms = self._terms(prior, scene, goal, scene.output(frames), frames)
            losses.append(weighted(terms, self._weights))
        best = torch.stack(losses).argmin(0)[scene.owner]
        return torch.stack(trials)[best, torch.arange(len(best))]

    @staticmethod
    def _drawn(
        prior: SilhouettePrior, ids: tuple[str, ...], order: Sequence[tuple[int, ...]], seed: int, trial: int
    ) -> Float[Tensor, "f v"]:
        """Latents with a random stream per sample and trial, in this order."""
        drawn = normal(seed, ids, f"latents {trial}", (max(map(len, order)), prior.latent_dim))
        return prior.to_prior(torch.cat([drawn[row, list(own)] for row, own in enumerate(order)]))

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
