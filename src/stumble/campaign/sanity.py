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

    def judged_by(self, judge: Sanity) -> Sanity:
        """Of a source and another target that judges what is made on it, whose gradient nobody follows."""
        return replace(self, varying=max(self.varying, judge.varying))


def sanity_of_recogniser(target: Target, batch: Silhouettes) -> Sanity:
    """By the cosine to the clean embedding, next to the clean sequences."""
    clean = batch.floating()

    def embedding(frames: Tensor) -> Tensor:
        found = target(replace(clean, frames=frames)).embedding
        if found is None:
            raise TargetError("the target answers without an embedding; gait recognition needs one")
        return found.flatten(1)

    def loss(answer: Tensor, asked: Tensor) -> Tensor:
        goal = Goal("untargeted", torch.zeros(len(batch), dtype=torch.int64), None, answer[:, None])
        return Cosine()(Output(embedding=asked[:, None]), goal)

    drawn = uniform(0, clean.ids, "jitter", tuple(clean.frames.shape[1:]))
    near = (clean.frames + _JITTER * (2 * drawn - 1)).clamp(0, 1) * clean.mask[:, :, None, None]
    return _examined(target, embedding, clean.frames, near, loss)


def sanity_of_classifier(target: SkeletonTarget, batch: Skeletons) -> Sanity:
    """By the cross-entropy to the predicted class, at the clean sequences."""

    def loss(answer: Tensor, asked: Tensor) -> Tensor:
        return CrossEntropy()(Output(logits=asked), Goal("untargeted", answer.argmax(1)))

    return _examined(target, lambda joints: logits_of(target(batch.moved(joints))), batch.joints, batch.joints, loss)


def _examined(
    target: object,
    ask: Callable[[Tensor], Float[Tensor, "b d"]],
    clean: Tensor,
    near: Tensor,
    loss: Callable[[Tensor, Tensor], Float[Tensor, " b"]],
) -> Sanity:
    """The target is asked twice about the clean sequences, and once, with a gradient, about those near them."""
    with torch.no_grad():
        answer, again = ask(clean), ask(clean)
    varying = (answer - again).abs().amax(1) > _SAME * answer.abs().amax(1)
    with frozen(target):
        variables = near.detach().clone().requires_grad_()
        value = loss(answer, ask(variables)).sum()
        gradient = torch.zeros_like(near)
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value, variables)
    gradient = gradient.flatten(1)
    found = varying, (gradient == 0).all(1), ~gradient.isfinite().all(1)
    return Sanity(len(clean), *(int(which.sum()) for which in found))
