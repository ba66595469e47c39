"""Randomised certificates: the recogniser sees k random frames, among which edited ones are seldom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import torch

from stumble.certify.certificate import Certificate, FrameEdit, Method, as_deployed
from stumble.certify.pieces import RandomSubsets
from stumble.certify.sampling import Sampling
from stumble.certify.scorers import GaitScorer, Scorer
from stumble.certify.votes import Votes
from stumble.errors import SpecError
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["Ablation", "ablation_radius", "survives"]


def survives(probability: float | Fraction, length: int, size: int, edited: int, edit: FrameEdit) -> bool:
    """Whether a class of this probability keeps more than half of it whatever so many edits do.

    With N = `length`, k = `size` and K = `edited` (docs/certificates.md, Theorem 2):
    alteration: p > 1/2 + Δ and deletion: p > 1/2 + Δ/2, both with Δ = 1 − C(N−K, k) / C(N, k);
    insertion: p > 1 / (2 (1 − Δ')) with Δ' = 1 − C(N, k) / C(N+K, k). In exact arithmetic.

    Args:
        probability: that a random subset of `size` frames is taken for the class, or a lower bound of it.
    """
    p, half = Fraction(probability), Fraction(1, 2)
    if size > length or (edit != "insert" and edited > length - (size if edit == "delete" else 0)):
        return False
    if edit == "insert":
        return p * Fraction(math.comb(length, size), math.comb(length + edited, size)) > half
    touched = 1 - Fraction(math.comb(length - edited, size), math.comb(length, size))
    return p > half + (touched if edit == "alter" else touched / 2)


def ablation_radius(probability: float | Fraction, length: int, size: int, edit: FrameEdit) -> int:
    """The largest number of edits that the class survives; -1 where it has no majority to begin with."""
    edited = -1
    while survives(probability, length, size, edited + 1, edit):
        edited += 1
    return edited


@dataclass(frozen=True)
class Ablation(Method):
    """The class that most random subsets of k frames are taken for, if more than half are (Theorem 2).

    The claim is about this smoothed recogniser on fresh subsets: an adversary who knows which will be drawn, because
    the seed is public, is another one. A sequence of fewer than k frames gets no certificate.

    Attributes:
        frames: k, whatever the length of the sequence.
        edit: what the adversary does: "alter", "insert" or "delete".
        sampling: how many subsets, and the confidence.

    Raises:
        SpecError: fewer than one frame.
    """

    frames: int = 8
    edit: FrameEdit = "alter"
    sampling: Sampling = Sampling()

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise SpecError(f"Ablation: frames is {self.frames}; it must be at least 1")

    def __call__(self, scorer: Scorer, one: Silhouettes | Skeletons, *, seed: int) -> Certificate:
        length, confidence = int(one.lengths[0]), 1 - self.sampling.alpha
        if length < self.frames:
            views = len(scorer.gallery.views) if isinstance(scorer, GaitScorer) else 1
            nothing = torch.ones(views, dtype=torch.bool)
            return Certificate(-nothing.long(), nothing, torch.zeros(views).double(), "frames", confidence, 0)

        def draw(purpose: str, count: int) -> Votes:
            subsets = RandomSubsets(count, self.frames, seed, f"ablation {purpose}")
            return Votes.of(scorer.scores(one, subsets.mask(one))[0])

        with as_deployed(scorer):
            answer, bound = self.sampling.estimate(draw)
        radius = torch.tensor([ablation_radius(p, length, self.frames, self.edit) for p in bound.tolist()])
        queries = self.sampling.selection + self.sampling.estimation
        return Certificate(answer, radius < 0, radius.clamp_min(0).double(), "frames", confidence, queries)
