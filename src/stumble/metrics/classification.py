"""How often a classifier is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.metrics.intervals import subject_bootstrap, wilson

__all__ = ["Accuracy", "top_k"]


def top_k(logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"], k: int = 1) -> Bool[Tensor, " b"]:
    """Whether the label is among the k classes of highest logit. A class of equal logit counts as higher."""
    own = logits.gather(1, labels[:, None])
    return (logits >= own).sum(1) <= k


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers.

    Attributes:
        percent: right answers of all.
        low, high: 95 % interval, in percent.
        clips: how many answers there are.
    """

    percent: float
    low: float
    high: float
    clips: int

    @classmethod
    def of(cls, right: Bool[Tensor, " b"], subjects: Sequence[str] | None = None) -> Accuracy:
        """The share of True.

        Args:
            right: whether each answer is right; at least one.
            subjects: who acts in each clip, whose answers depend on one another; the interval is then from a
                bootstrap over subjects. Without them it is Wilson's.
        """
        hits = right.double()
        if subjects is None:
            interval = wilson(float(hits.sum()), len(right))
        else:
            interval = subject_bootstrap(hits.numpy(), [1] * len(right), subjects)
        return cls(100 * float(hits.mean()), *interval, len(right))
