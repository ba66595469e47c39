"""Skeletons: what a target takes, what attacks return and have to keep."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from stumble.errors import TargetError
from stumble.interfaces.common import WHITE_BOX, Goal, Output
from stumble.layouts import Layout
from stumble.sequences import Skeletons

__all__ = [
    "PosePool",
    "SkeletonAttack",
    "SkeletonAttackResult",
    "SkeletonConstraint",
    "SkeletonInput",
    "SkeletonTarget",
]


@dataclass(frozen=True)
class SkeletonInput:
    """What an action recogniser takes. Frames and people beyond those it looks at are its own business.

    Attributes:
        layout: which joint stands where.
        coordinates: 3 for metres in space, 2 for positions in the image.
        confidence: whether it reads the detector's confidence as a channel.
    """

    layout: Layout
    coordinates: int = 3
    confidence: bool = False

    def check(self, batch: Skeletons) -> None:
        """Raises TargetError, naming both sides, where the batch is not what the target takes."""
        wanted = f"{self.coordinates} coordinates of {self.layout.name} ({len(self.layout)} joints)"
        found = f"{batch.coordinates} coordinates of {batch.layout.name} ({len(batch.layout)} joints)"
        if wanted != found:
            raise TargetError(f"the target takes {wanted}; the data has {found}")
        if self.confidence and batch.confidence is None:
            raise TargetError("the target takes a confidence with every joint; the data has none")


@runtime_checkable
class SkeletonTarget(Protocol):
    """An action recogniser under test: it answers with logits, differentiable with respect to the joints."""

    @property
    def takes(self) -> SkeletonInput: ...

    def __call__(self, batch: Skeletons) -> Output: ...


class PosePool(ABC):
    """Clean poses that an adversary's discriminator may look at, by name. To ask again costs little."""

    @abstractmethod
    def load(self) -> tuple[Float[Tensor, "p j c"], tuple[str, ...]]:
        """The joints of one person in one frame each, and the id of the sample that each is from."""


@dataclass(frozen=True)
class SkeletonAttackResult:
    """What an attack on skeletons hands to the judge. Nothing in it says whether it succeeded.

    Attributes:
        adversarial: the changed sequences, float32 in the units of the data.
        steps: (B,) optimisation steps taken.
        queries: (B,) evaluations of the target.
        stopped: why each sample stopped: "budget", "reached" or "done" for attacks without steps.
        trace: name to (T, B), the objective's terms along the optimisation.
    """

    adversarial: Skeletons
    steps: Int[Tensor, " b"]
    queries: Int[Tensor, " b"]
    stopped: tuple[str, ...]
    trace: dict[str, Float[Tensor, "t b"]] = field(default_factory=dict)


class SkeletonAttack(ABC):
    """An adversary who moves joints. Hyper-parameters are the fields of the frozen dataclass that derives from this.

    Attributes:
        access: what it asks of the target.
    """

    access = WHITE_BOX  # no annotation: a command line would evaluate it where the subclass is

    @abstractmethod
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        """Adversarial versions of `batch`. Randomness comes from `seeds.stream(seed, id, purpose)` alone."""

    @abstractmethod
    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        """What this adversary promises to keep on these clean sequences, by name; the judge measures each."""


class SkeletonConstraint(ABC):
    """What an adversary may do to skeletons."""

    @abstractmethod
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """The nearest sequences, or near ones, that satisfy the constraint."""

    @abstractmethod
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """By how much each sequence breaks the constraint, in the constraint's own unit; 0 where it holds."""
