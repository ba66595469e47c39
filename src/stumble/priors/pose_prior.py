"""The term of CIASA's loss that a discriminator of poses contributes, frozen or trained along."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["PoseCritic", "PosePrior"]


class PoseCritic(ABC):
    """A discriminator at work on one batch. Samples of the batch do not meet in it."""

    @abstractmethod
    def loss(self, batch: Skeletons) -> Float[Tensor, " b"]:
        """How much the poses look attacked: mean over frames of (D(V') - 1)^2. Its gradient reaches the joints."""

    @abstractmethod
    def learn(self, batch: Skeletons) -> None:
        """One step on D's own loss, whose gradient does not reach the joints; nothing where D is frozen."""

    @abstractmethod
    def select(self, index: Tensor) -> PoseCritic:
        """For the samples at the given positions."""


class PosePrior(ABC):
    """Where the discriminator comes from."""

    @abstractmethod
    def begin(self, clean: Skeletons, seed: int) -> PoseCritic:
        """A discriminator for this batch. Raises SpecError where it is for another layout."""
