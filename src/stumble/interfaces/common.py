"""What silhouettes and skeletons share: an answer, weights by name, what an adversary wants."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.errors import TargetError

__all__ = ["Access", "Goal", "Output", "Weights"]

Access = Literal["none", "answers", "gradients"]
"""What an attack asks of the target: nothing (a control), its answers (black box), or their gradients (white box)."""

WHITE_BOX: Access = "gradients"


@dataclass(frozen=True)
class Output:
    """What a target answers.

    Attributes:
        embedding: (B, P, D), P parts of D dimensions, or None for a classifier.
        logits: (B, C), or None for a metric model.
    """

    embedding: Float[Tensor, "b p d"] | None = None
    logits: Float[Tensor, "b c"] | None = None


class Weights(ABC):
    """A network by name: a reference that loads it and a digest that says which numbers it holds."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Hexadecimal SHA-256: of the weight file; where settings beside the numbers rebuild the network, of both."""

    @abstractmethod
    def load(self) -> torch.nn.Module:
        """The network in inference mode. Raises WeightsError."""


@dataclass(frozen=True)
class Goal:
    """What the adversary wants of each sample.

    Attributes:
        kind: "untargeted": not to be taken for `label`; "targeted": to be taken for `wanted`.
        label: (B,) what to leave: the true identity, or the class that the clean sample is taken for.
        wanted: (B,) the identity or class to be taken for, or None when untargeted.
        reference: (B, P, D) the embedding to leave (the clean probe's, untargeted) or to approach (that of
            a sequence of the wanted identity, targeted); None for classifiers.
        counted: (B, V) the gallery views in which it is decided whom the sample shows; None for all.
    """

    kind: Literal["untargeted", "targeted"]
    label: Int[Tensor, " b"]
    wanted: Int[Tensor, " b"] | None = None
    reference: Float[Tensor, "b p d"] | None = None
    counted: Bool[Tensor, "b v"] | None = None

    def __post_init__(self) -> None:
        if (self.kind == "targeted") != (self.wanted is not None):
            given = "no" if self.wanted is None else "a"
            raise TargetError(f"a {self.kind} goal was given {given} wanted identity")
        if self.wanted is not None and bool((self.wanted == self.label).any()):
            raise TargetError("a targeted goal asks for what the sample is taken for already")

    def select(self, index: Tensor) -> Goal:
        """The goals of the samples at the given positions."""
        wanted = None if self.wanted is None else self.wanted[index]
        reference = None if self.reference is None else self.reference[index]
        counted = None if self.counted is None else self.counted[index]
        return Goal(self.kind, self.label[index], wanted, reference, counted)

    def margin(self, scores: Float[Tensor, "b c"]) -> Float[Tensor, " b"]:
        """By how much the goal is reached (> 0) given one score per identity or class, higher is nearer."""
        if self.kind == "untargeted":
            own = self.label[:, None]
            rest = scores.scatter(1, own, -torch.inf).amax(1)
            return rest - scores.gather(1, own)[:, 0]
        assert self.wanted is not None
        own = self.wanted[:, None]
        return scores.gather(1, own)[:, 0] - scores.scatter(1, own, -torch.inf).amax(1)
