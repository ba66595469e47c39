"""The one method that every preprocessing recipe has."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["Recipe"]


class Recipe(ABC):
    """From raw skeletons to the array that a network was trained on. A checkpoint's card names its recipe.

    Differentiable with respect to the joints; which people and frames are taken may depend on them, piecewise.
    """

    @property
    @abstractmethod
    def people(self) -> int:
        """M of the array."""

    @abstractmethod
    def __call__(self, batch: Skeletons) -> Float[Tensor, "b c t v m"]:
        """Channels C, frames T, joints V, people M: the order that the networks of this field take."""
