"""Randomised smoothing of action recognisers: a majority under noise cannot be moved by a small displacement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.certify.certificate import Certificate, Method, as_deployed
from stumble.certify.sampling import Sampling
from stumble.certify.scorers import ActionScorer, Scorer
from stumble.certify.votes import Votes
from stumble.constraints import JointBudget
from stumble.errors import SpecError
from stumble.seeds import stream
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["Smoothing", "box_norm"]


def box_norm(clean: Skeletons, budget: JointBudget) -> Float[Tensor, " b"]:
    """The Euclidean norm of a corner of the attack's box: how far its joints together may go.

    0.35 for 0.004 and one person of 25 joints in 100 frames. A certified radius below it does not cover the box.
    """
    radius = budget.radius(clean).double()
    return (clean.coordinates * radius.square().flatten(1).sum(1)).sqrt()


@dataclass(frozen=True)
class Smoothing(Method):
    """The class that most noisy versions of a clip are taken for, if more than half are (Cohen, Rosenfeld and Kolter,
    ICML 2019; docs/certificates.md, Theorem 3).

    Noise is added to raw joints, before whatever the recogniser does to them: on every visible joint of everybody who
    is there. Padding, absent people and joints that were not detected stay as they are, for the noise as for the
    adversary: whether somebody is there, and how confident the detector was, is not the adversary's to choose.

    Attributes:
        sigma: standard deviation of each coordinate, in the units of the joints (NTU: metres), above 0.
        sampling: how many noisy versions, and the confidence.

    Raises:
        SpecError: a sigma that is not a number above 0; gait, on being called.
    """

    sigma: float = 0.01
    sampling: Sampling = Sampling(portion=64)

    def __post_init__(self) -> None:
        if not 0 < self.sigma < math.inf:
            raise SpecError(f"Smoothing: sigma is {self.sigma:g}; it must be a number above 0")

    def __call__(self, scorer: Scorer, one: Silhouettes | Skeletons, *, seed: int) -> Certificate:
        """Raises SpecError for silhouettes."""
        if not isinstance(scorer, ActionScorer) or not isinstance(one, Skeletons):
            raise SpecError("Smoothing certifies skeleton actions; expected Partition or Ablation for silhouettes")
        sample = one.ids[0]

        def draw(purpose: str, count: int) -> Votes:
            many = one.select([0] * count)
            rng = stream(seed, sample, f"smoothing {purpose}")
            noise = torch.from_numpy(rng.standard_normal(many.joints.shape, "float32"))
            moved = many.joints + self.sigma * noise * many.visible[..., None]
            return Votes.of(scorer.logits(many.moved(moved))[:, None])

        with as_deployed(scorer):
            answer, bound = self.sampling.estimate(draw)
        abstained = bound <= 0.5
        radius = [0.0 if p <= 0.5 else self.sigma * NormalDist().inv_cdf(p) for p in bound.tolist()]
        queries = self.sampling.selection + self.sampling.estimation
        return Certificate(answer, abstained, torch.tensor(radius).double(), "input", 1 - self.sampling.alpha, queries)
