"""From votes of random versions of a sequence to a probability that holds with a stated confidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import scipy
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.certify.votes import Votes
from stumble.errors import SpecError

__all__ = ["Sampling", "lower_bound"]


def lower_bound(hits: int, total: int, alpha: float) -> float:
    """Clopper and Pearson's one-sided lower bound of a probability, which it exceeds with probability at most alpha."""
    return float(scipy.stats.beta.ppf(alpha, hits, total - hits + 1)) if hits else 0.0


@dataclass(frozen=True)
class Sampling:
    """Two stages (Cohen, Rosenfeld and Kolter, ICML 2019): some samples choose a class, others say how probable it is.

    Attributes:
        selection: samples that choose.
        estimation: samples that count, others than those.
        alpha: probability that any bound of one sequence is too high, in (0, 1).
        portion: so many samples are answered to and counted at a time; bounds the memory.

    Raises:
        SpecError: no sample, or an alpha outside (0, 1).
    """

    selection: int = 100
    estimation: int = 1000
    alpha: float = 0.001
    portion: int = 256

    def __post_init__(self) -> None:
        for name in ("selection", "estimation", "portion"):
            if getattr(self, name) < 1:
                raise SpecError(f"Sampling: {name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.alpha < 1:
            raise SpecError(f"Sampling: alpha is {self.alpha:g}; it must lie between 0 and 1")

    def estimate(self, draw: Callable[[str, int], Votes]) -> tuple[Int[Tensor, " v"], Float[Tensor, " v"]]:
        """In each view the class that is chosen, and a lower bound of its probability.

        All bounds hold together with probability at least 1 − alpha: each has its share of alpha (union bound). Votes
        that rounding could turn are votes for nobody.

        Args:
            draw: from the purpose of a random stream and a number to the votes of so many fresh samples.

        Returns:
            (V,) the class, -1 where no sample chose any; (V,) the bound.
        """
        chosen = self._votes(draw, "selection", self.selection)
        counts = self._votes(draw, "estimation", self.estimation).counts(sure=True)
        answer = chosen.answer
        hits = counts.gather(1, answer.clamp_min(0)[:, None])[:, 0].where(answer >= 0, 0)
        alpha = self.alpha / len(answer)
        bounds = [lower_bound(hit, self.estimation, alpha) for hit in hits.tolist()]
        return answer, torch.tensor(bounds, dtype=torch.float64)

    def _votes(self, draw: Callable[[str, int], Votes], stage: str, count: int) -> Votes:
        starts = range(0, count, self.portion)
        first, *others = (draw(f"{stage} {start}", min(self.portion, count - start)) for start in starts)
        for votes in others:
            first = first.joined(votes)
        return first
