"""What the adversary minimises, as a function of what the target answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError
from stumble.interfaces import Goal, Output

__all__ = ["Cosine", "CrossEntropy", "Margin", "Objective", "asks_for_logits", "logits_of"]


class Objective(ABC):
    """A loss per sample; smaller is better for the adversary."""

    @abstractmethod
    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]: ...

    @property
    def chosen_by(self) -> Objective | None:
        """By what of the target's answer a descent chooses among its iterates; None where it hands over the last."""
        return None


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


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """Cross-entropy to the wanted class (CIASA, Eq. 7); untargeted, minus that to the class to leave."""

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        logits = logits_of(output)
        if goal.wanted is None:
            return -functional.cross_entropy(logits, goal.label, reduction="none")
        return functional.cross_entropy(logits, goal.wanted, reduction="none")


@dataclass(frozen=True)
class Margin(Objective):
    """By how much the goal is missed, in logits; negative where it is reached.

    Unlike the cross-entropy its gradient does not vanish where the target is sure of itself.

    Attributes:
        enough: a margin beyond which there is nothing more to gain; None where there always is.
    """

    enough: float | None = None

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        margin = goal.margin(logits_of(output))
        return -(margin if self.enough is None else margin.clamp_max(self.enough))


def asks_for_logits(part: object) -> bool:
    """Whether an attack, or an objective, wants to know what a sequence is taken for: to minimise it, or to stop."""
    if isinstance(part, Margin | CrossEntropy) or getattr(part, "stop", None) is not None:
        return True
    inner = getattr(part, "objective", None)
    return inner is not None and asks_for_logits(inner)


def logits_of(output: Output) -> Float[Tensor, "b c"]:
    """The logits of a classifier's answer. Raises TargetError where it has none."""
    if output.logits is None:
        needed = "attacks on classes and early stop need them (of a gait target targets.identifier makes some)"
        raise TargetError(f"the target answers without logits; {needed}")
    return output.logits
