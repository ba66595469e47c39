"""Silhouettes: what a target takes, what its frames allow, what attacks return and have to keep."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from stumble.errors import TargetError
from stumble.interfaces.common import WHITE_BOX, Goal, Output
from stumble.sequences import Silhouettes

__all__ = [
    "Attack",
    "AttackResult",
    "Constraint",
    "Features",
    "FramePool",
    "FrameSeparable",
    "SetPooled",
    "SilhouetteInput",
    "SilhouettePrior",
    "Target",
]

Features = tuple[Tensor, ...]
"""What a frame network says about frames: tensors with one leading axis over frames (or, pooled, over sequences)."""


@dataclass(frozen=True)
class SilhouetteInput:
    """What a gait recogniser takes.

    Attributes:
        height, width: pixels of one silhouette.
        minimum_frames: the shortest sequence the target accepts.
    """

    height: int = 64
    width: int = 44
    minimum_frames: int = 1

    def check(self, batch: Silhouettes) -> None:
        """Raises TargetError, naming both sides, where the batch is not what the target takes."""
        size = tuple(batch.frames.shape[2:])
        if size != (self.height, self.width):
            wanted, found = f"{self.height}x{self.width}", f"{size[0]}x{size[1]}"
            raise TargetError(f"the target takes silhouettes of {wanted}; the data has {found}")
        if len(batch) and int(batch.lengths.min()) < self.minimum_frames:
            worst, least = int(batch.lengths.argmin()), self.minimum_frames
            raise TargetError(
                f"{batch.ids[worst]}: {int(batch.lengths[worst])} frames; the target takes at least {least}"
            )


@runtime_checkable
class Target(Protocol):
    """A recogniser under test: anything with `takes` and `__call__`. Differentiable with respect to floating frames."""

    @property
    def takes(self) -> SilhouetteInput: ...

    def __call__(self, batch: Silhouettes) -> Output: ...


@runtime_checkable
class FrameSeparable(Target, Protocol):
    """A target whose network sees one frame at a time before it aggregates, so that clean frames are encoded once."""

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features: ...

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the packed features of all frames, in temporal order, to the answer."""
        ...


@runtime_checkable
class SetPooled(FrameSeparable, Protocol):
    """A frame-separable target whose aggregation is an associative pooling: cost per step does not grow with N."""

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features: ...

    def merge(self, first: Features, second: Features) -> Features:
        """Pool two pooled sets. Where they tie, the whole gradient goes to `first`."""
        ...

    def head(self, pooled: Features) -> Output: ...


@runtime_checkable
class SilhouettePrior(Protocol):
    """A generator of silhouettes from latents, with a critic that scores how real a frame looks."""

    @property
    def latent_dim(self) -> int: ...

    def generate(self, latents: Float[Tensor, "f v"]) -> Float[Tensor, "f h w"]:
        """Latents are evaluated where they are; whether they stay on the prior's support is the caller's business."""
        ...

    def to_prior(self, latents: Float[Tensor, "f v"]) -> Float[Tensor, "f v"]:
        """The nearest points of the prior's support, such as a sphere; normal latents become draws from the prior."""
        ...

    def critic(self, frames: Float[Tensor, "f h w"]) -> Float[Tensor, " f"]: ...

    def plausibility_logit(self, frames: Float[Tensor, "f h w"]) -> Float[Tensor, " f"]:
        """The critic's score, calibrated so that its logistic is the probability of a real frame."""
        ...


class FramePool(ABC):
    """Real silhouettes that an adversary or a measure may draw from, by name. To ask again costs little."""

    @abstractmethod
    def load(self) -> tuple[UInt8[Tensor, "f h w"], tuple[str, ...]]:
        """The frames as uint8 levels, and the subject of each."""


@dataclass(frozen=True)
class AttackResult:
    """What an attack hands to the judge. Nothing in it says whether it succeeded.

    Attributes:
        adversarial: the changed sequences, floating point in [0, 1] or uint8; insertion makes them longer.
        edited: (B, N') True on altered or inserted frames of the resulting sequence.
        steps: (B,) optimisation steps taken.
        queries: (B,) evaluations of the target.
        stopped: why each sample stopped: "budget", "reached" or "done" for attacks without steps.
        trace: name to (T, B), the objective's terms along the optimisation.
    """

    adversarial: Silhouettes
    edited: Bool[Tensor, "b n"]
    steps: Int[Tensor, " b"]
    queries: Int[Tensor, " b"]
    stopped: tuple[str, ...]
    trace: dict[str, Float[Tensor, "t b"]] = field(default_factory=dict)


class Attack(ABC):
    """An adversary. Hyper-parameters are the fields of the frozen dataclass that derives from this.

    Attributes:
        access: what it asks of the target.
    """

    access = WHITE_BOX  # no annotation: a command line would evaluate it where the subclass is

    @abstractmethod
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        """Adversarial versions of `batch`. Randomness comes from `seeds.stream(seed, id, purpose)` alone."""


class Constraint(ABC):
    """What an adversary may do to a sequence."""

    @abstractmethod
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]) -> Silhouettes:
        """The nearest sequences that satisfy the constraint."""

    @abstractmethod
    def violation(
        self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]
    ) -> Float[Tensor, " b"]:
        """By how much each sequence breaks the constraint; 0 where it holds."""
