"""What the adversary minimises, as a function of what the target answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError
from stumble.interfaces import Goal, Output

__all__ = ["Cosine", "Objective"]


class Objective(ABC):
    """A loss per sample; smaller is better for the adversary."""

    @abstractmethod
    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]: ...


@dataclass(frozen=True)
class Cosine(Objective):
    """Cosine between the flattened embedding and the goal's reference (Eq. 3 and its targeted form).

    Untargeted: the similarity with the clean embedding, to be made small. Targeted: minus the similarity with the
    embedding of a sequence of the wanted person. Stationary at the clean sample itself: start elsewhere.
    """

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        if output.embedding is None or goal.reference is None:
            raise TargetError("the cosine needs an embedding from the target and one in the goal's reference")
        similarity = functional.cosine_similarity(output.embedding.flatten(1), goal.reference.flatten(1), dim=1)
        return similarity if goal.kind == "untargeted" else -similarity
