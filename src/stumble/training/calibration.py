"""Fitting the critic's scale and offset, so that its logistic is the probability that a frame is real."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from stumble.errors import WeightsError
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.training.wgan_gp import sample

__all__ = ["calibrate", "fit_logistic"]


def fit_logistic(
    positive: Float[np.ndarray, " m"], negative: Float[np.ndarray, " n"], steps: int = 50
) -> tuple[float, float]:
    """Scale and offset of the logistic function that tells positive from negative scores best (Platt, 1999).

    Newton's method on the log-likelihood with Platt's smoothed labels (m + 1)/(m + 2) and 1/(n + 2), which keep
    the fit finite where the scores do not overlap.
    """
    score = np.concatenate([positive, negative]).astype(np.float64)
    centre, spread = score.mean(), max(score.std(), 1e-12)
    x = np.stack([(score - centre) / spread, np.ones_like(score)], 1)
    label = np.repeat(
        [(len(positive) + 1) / (len(positive) + 2), 1 / (len(negative) + 2)], [len(positive), len(negative)]
    )

    def loss(weights: np.ndarray) -> float:
        logit = x @ weights
        return float(np.logaddexp(0, logit).sum() - label @ logit)

    weights = np.zeros(2)
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-(x @ weights)))
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (chance - label))
        while np.abs(step).max() > 1e-10 and loss(weights - step) > loss(weights):
            step /= 2
        weights = weights - step
        if np.abs(step).max() <= 1e-10:
            break
    return float(weights[0] / spread), float(weights[1] - weights[0] * centre / spread)


@torch.no_grad()
def calibrate(prior: SilhouetteGAN, real: UInt8[np.ndarray, "n 64 44"], seed: int = 0) -> None:
    """Set the prior's `scale` and `offset` from held-out real frames and as many generated ones.

    Raises:
        WeightsError: a score is not finite.
    """
    frames = (torch.from_numpy(real).float() / 255, sample(prior, len(real), seed))
    scores: list[Tensor] = [torch.cat([prior.critic(part) for part in both.split(256)]) for both in frames]
    if not all(bool(s.isfinite().all()) for s in scores):
        raise WeightsError("the critic gives scores that are not finite; its training has diverged")
    scale, offset = fit_logistic(scores[0].double().numpy(), scores[1].double().numpy())
    prior.scale.fill_(scale)
    prior.offset.fill_(offset)
