"""Smoothing of action recognisers as a predictor: many noisy versions of a clip vote."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from stumble.certify.votes import tally
from stumble.errors import SpecError
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.objectives import logits_of
from stumble.seeds import stream
from stumble.sequences import Skeletons
from stumble.targets.frozen import frozen

__all__ = ["Smoothed"]


@dataclass(frozen=True)
class Smoothed:
    """An action recogniser of noisy versions of a clip, whose votes are its logits: the sampled form of what
    `certify.Smoothing` is about.

    Noise is on every visible joint, as there. Who knows the seed knows the noise: it is to be judged as `reseeded`, by
    one that no attack has seen. An adversary who expects any noise optimises its `surrogate`, which draws `per_step`
    other versions at each call.

    Attributes:
        target: the recogniser.
        sigma: standard deviation of each coordinate, in the units of the joints.
        votes: noisy versions.
        seed: of the noise, a stream for each person of a clip and version.
        per_step: versions of the surrogate.
        anew: whether every call draws other noise for a sample, by how often it was asked about before, whoever else
            was.

    Raises:
        SpecError: a sigma that is not above 0, or no vote.
    """

    target: SkeletonTarget
    sigma: float = 0.01
    votes: int = 32
    seed: int = 0
    per_step: int = 4
    anew: bool = False
    _asked: Counter[str] = field(default_factory=Counter, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.sigma > 0 or self.votes < 1 or self.per_step < 1:
            found = f"sigma {self.sigma:g}, votes {self.votes}, per_step {self.per_step}"
            raise SpecError(f"Smoothed: found {found}; expected a sigma above 0 and at least 1 of each")

    @property
    def takes(self) -> SkeletonInput:
        return self.target.takes

    def __call__(self, batch: Skeletons) -> Output:
        """Votes for each class (B, C), differentiable as `certify.votes.tally` is; the mean logits if drawn anew, whose
        slope no version that is sure of itself hides."""
        self.takes.check(batch)
        with frozen(self.target):
            scores = [logits_of(self.target(self._noisy(batch, f"version {k}"))) for k in range(self.votes)]
        self._asked.update(set(batch.ids))
        versions = torch.stack(scores, 1)
        return Output(logits=versions.mean(1) if self.anew else tally(versions[:, :, None])[:, 0])

    def reseeded(self, seed: int) -> Smoothed:
        """The same with other noise."""
        return replace(self, seed=seed)

    def surrogate(self, seed: int) -> Smoothed:
        """`per_step` versions, others at each call."""
        return replace(self, votes=self.per_step, seed=seed, anew=True)

    def _noisy(self, batch: Skeletons, version: str) -> Skeletons:
        noise = torch.zeros_like(batch.joints)
        people, frames = batch.joints.shape[1:3]
        for row, sample in enumerate(batch.ids):
            call = f"call {self._asked[sample]} " if self.anew else ""
            for person in range(people):  # a stream of its own, whose beginning no padding changes
                drawn = stream(self.seed, sample, f"smoothed {call}{version} person {person}")
                own: Tensor = torch.from_numpy(drawn.standard_normal((frames, *noise.shape[3:]), "float32"))
                noise[row, person] = own.to(noise.dtype)
        return batch.moved(batch.joints + self.sigma * noise * batch.visible[..., None])
