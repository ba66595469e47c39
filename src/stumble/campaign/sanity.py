"""Whether gradients of a target lead anywhere, and whether it answers the same when it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.errors import TargetError
from stumble.interfaces import Goal, Output, SkeletonTarget, Target
from stumble.objectives import Cosine, CrossEntropy, logits_of
from stumble.seeds import uniform
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import frozen

__all__ = ["Sanity", "sanity_of_classifier", "sanity_of_recogniser"]

_JITTER = 0.025  # of levels: at the clean sample itself the cosine is stationary
_SAME = 1e-4  # of the largest number in an answer


@dataclass(frozen=True)
class Sanity:
    """A target on a few clean sequences.

    Attributes:
        samples: how many.
        varying: of them, those that it answers otherwise when it is asked again.
        flat: those where the gradient of the loss is zero everywhere, or there is none.
        broken: those where it is NaN or infinite somewhere.
    """

    samples: int
    varying: int
    flat: int
    broken: int


def sanity_of_recogniser(target: Target, batch: Silhouettes) -> Sanity:
    """By the cosine to the clean embedding, next to the clean sequences."""
    clean = batch.floating()
    with torch.no_grad():
        reference = _embedding(target(clean))
    goal = Goal("untargeted", torch.zeros(len(batch), dtype=torch.int64), None, reference)
    drawn = uniform(0, clean.ids, "jitter", tuple(clean.frames.shape[1:]))
    near = (clean.frames + _JITTER * (2 * drawn - 1)).clamp(0, 1) * clean.mask[:, :, None, None]
    return _examined(
        target,
        lambda frames: target(replace(clean, frames=frames)),
        near,
        lambda output: Cosine()(output, goal),
        _embedding,
    )


def sanity_of_classifier(target: SkeletonTarget, batch: Skeletons) -> Sanity:
    """By the cross-entropy to the predicted class, at the clean sequences."""
    with torch.no_grad():
        goal = Goal("untargeted", logits_of(target(batch)).argmax(1))
    return _examined(
        target,
        lambda joints: target(batch.moved(joints)),
        batch.joints,
        lambda output: CrossEntropy()(output, goal),
        logits_of,
    )


def _embedding(output: Output) -> Tensor:
    if output.embedding is None:
        raise TargetError("the target answers without an embedding; gait recognition needs one")
    return output.embedding


def _examined(
    target: object,
    answer: Callable[[Tensor], Output],
    at: Tensor,
    loss: Callable[[Output], Float[Tensor, " b"]],
    told: Callable[[Output], Tensor],
) -> Sanity:
    with torch.no_grad():
        first, second = (told(answer(at)) for _ in range(2))
    varying = (first - second).abs().flatten(1).amax(1) > _SAME * first.abs().flatten(1).amax(1)
    with frozen(target):
        variables = at.detach().clone().requires_grad_()
        value = loss(answer(variables)).sum()
        gradient = torch.zeros_like(at)
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value, variables)
    gradient = gradient.flatten(1)
    broken = ~gradient.isfinite().all(1)
    flat = (gradient == 0).all(1)
    return Sanity(len(at), *(int(found.sum()) for found in (varying, flat, broken)))
