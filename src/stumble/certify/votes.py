"""Every piece of a sequence votes; how many pieces may turn before the majority does."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError

__all__ = ["TOLERANCE", "Votes", "tally"]

TOLERANCE = 1e-4
"""Two scores that differ by at most this share of the largest may change places by rounding: sums in another order,
other companions in a batch."""


def tally(scores: Float[Tensor, "b g v c"]) -> Float[Tensor, "b v c"]:
    """How many pieces give each class their highest score; pieces whose scores are all -inf, or partly NaN, give none.

    The numbers are exact. Their gradient, for attacks by descent, is that of the sum of the pieces' softmax.
    """
    voting = scores.isfinite().any(3, keepdim=True) & ~scores.isnan().any(3, keepdim=True)
    votes = functional.one_hot(scores.argmax(3), scores.shape[3]).to(scores.dtype) * voting
    if not scores.requires_grad:
        return votes.sum(1)
    soft = scores.masked_fill(~voting, 0).softmax(3) * voting
    return (votes + soft - soft.detach()).sum(1)


@dataclass(frozen=True)
class Votes:
    """The votes of G pieces of a sequence in V views.

    Attributes:
        choice: (G, V) the class that a piece votes for; -1 where it abstains.
        sure: (G, V) whether rounding leaves the vote as it is.
        classes: how many there are to choose from.
    """

    choice: Int[Tensor, "g v"]
    sure: Bool[Tensor, "g v"]
    classes: int

    @classmethod
    def of(cls, scores: Float[Tensor, "g v c"], tolerance: float = TOLERANCE) -> Votes:
        """The votes for the highest scores.

        Args:
            scores: -inf for classes that cannot be chosen; a piece abstains where all are, or where some are NaN.
            tolerance: a vote is sure where it leads by more than this share of the largest magnitude.

        Raises:
            TargetError: the scores are of less than single precision, or every piece has some that are NaN.
        """
        if scores.dtype not in (torch.float32, torch.float64):
            raise TargetError(f"certificates take answers in float32 or float64; the recogniser's are {scores.dtype}")
        senseless = scores.isnan().any(2)
        if bool(senseless.any(1).all()):
            raise TargetError("the recogniser answers to every piece of the sequence with NaN")
        scores = scores.masked_fill(senseless[..., None], -torch.inf)
        best, choice = scores.max(2)
        second = scores.scatter(2, choice[..., None], -torch.inf).amax(2)
        abstains = best == -torch.inf
        largest = scores.masked_fill(scores == -torch.inf, 0).abs().amax(2)
        sure = abstains | (best - second > tolerance * largest)
        return cls(choice.where(~abstains, -1), sure, scores.shape[2])

    def joined(self, other: Votes) -> Votes:
        """The votes of these pieces and those."""
        both = torch.cat([self.choice, other.choice]), torch.cat([self.sure, other.sure])
        return Votes(*both, self.classes)

    def counts(self, *, sure: bool) -> Int[Tensor, "v c"]:
        """Votes for each class; of all pieces, or only those that are sure."""
        counted = self.choice >= 0
        counted = counted & self.sure if sure else counted
        return (functional.one_hot(self.choice.clamp_min(0), self.classes) * counted[..., None]).sum(0)

    @property
    def answer(self) -> Int[Tensor, " v"]:
        """The class with most votes, of equals the first; -1 where every piece abstains."""
        counts = self.counts(sure=False)
        return counts.argmax(1).where(counts.amax(1) > 0, -1)

    @property
    def withstands(self) -> Int[Tensor, " v"]:
        """The largest number of pieces that may turn, whatever they then vote for, without another answer winning.

        With S_c sure votes for class c, u unsure ones and a = answer: the largest m with
        S_a − max_{c ≠ a} S_c − u > 2m; -1 where there is none. A turned piece takes a vote from the answer and gives
        it to its rival; an unsure one may vote for the rival already; a tie counts as lost.
        """
        counts = self.counts(sure=True)
        answer = self.answer.clamp_min(0)[:, None]
        own = counts.gather(1, answer)[:, 0]
        rival = counts.scatter(1, answer, 0).amax(1)
        unsure = (~self.sure).sum(0)
        return torch.div(own - rival - unsure - 1, 2, rounding_mode="floor").clamp_min(-1)
