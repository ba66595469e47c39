"""The nouns that every room shares: what a target takes and answers, what an adversary wants, what attacks return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from stumble.errors import TargetError
from stumble.layouts import Layout
from stumble.sequences import Silhouettes, Skeletons

__all__ = [
    "Attack",
    "AttackResult",
    "Constraint",
    "Features",
    "FramePool",
    "FrameSeparable",
    "Goal",
    "Output",
    "PosePool",
    "SetPooled",
    "SilhouetteInput",
    "SilhouettePrior",
    "SkeletonAttack",
    "SkeletonAttackResult",
    "SkeletonConstraint",
    "SkeletonInput",
    "SkeletonTarget",
    "Target",
    "Weights",
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


@dataclass(frozen=True)
class Output:
    """What a target answers.

    Attributes:
        embedding: (B, P, D), P parts of D dimensions, or None for a classifier.
        logits: (B, C), or None for a metric model.
    """

    embedding: Float[Tensor, "b p d"] | None = None
    logits: Float[Tensor, "b c"] | None = None


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
class SkeletonTarget(Protocol):
    """An action recogniser under test: it answers with logits, differentiable with respect to the joints."""

    @property
    def takes(self) -> SkeletonInput: ...

    def __call__(self, batch: Skeletons) -> Output: ...


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


class Weights(ABC):
    """A network by name: a reference that loads it and a digest that says which numbers it holds."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the weight file."""

    @abstractmethod
    def load(self) -> torch.nn.Module:
        """The network in inference mode. Raises WeightsError."""


class FramePool(ABC):
    """Real silhouettes that an adversary or a measure may draw from, by name."""

    @abstractmethod
    def load(self) -> tuple[UInt8[Tensor, "f h w"], tuple[str, ...]]:
        """The frames as uint8 levels, and the subject of each."""


class PosePool(ABC):
    """Clean poses that an adversary's discriminator may look at, by name."""

    @abstractmethod
    def load(self) -> tuple[Float[Tensor, "p j c"], tuple[str, ...]]:
        """The joints of one person in one frame each, and the id of the sample that each is from."""


@dataclass(frozen=True)
class Goal:
    """What the adversary wants of each sample.

    Attributes:
        kind: "untargeted": not to be taken for `label`; "targeted": to be taken for `wanted`.
        label: (B,) what to leave: the true identity, or the class that the clean sample is taken for.
        wanted: (B,) the identity or class to be taken for, or None when untargeted.
        reference: (B, P, D) the embedding to leave (the clean probe's, untargeted) or to approach (that of
            a sequence of the wanted identity, targeted); None for classifiers.
    """

    kind: Literal["untargeted", "targeted"]
    label: Int[Tensor, " b"]
    wanted: Int[Tensor, " b"] | None = None
    reference: Float[Tensor, "b p d"] | None = None

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
        return Goal(self.kind, self.label[index], wanted, reference)

    def margin(self, scores: Float[Tensor, "b c"]) -> Float[Tensor, " b"]:
        """By how much the goal is reached (> 0) given one score per identity or class, higher is nearer."""
        if self.kind == "untargeted":
            own = self.label[:, None]
            rest = scores.scatter(1, own, -torch.inf).amax(1)
            return rest - scores.gather(1, own)[:, 0]
        assert self.wanted is not None
        own = self.wanted[:, None]
        return scores.gather(1, own)[:, 0] - scores.scatter(1, own, -torch.inf).amax(1)


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
    """An adversary. Hyper-parameters are the fields of the frozen dataclass that derives from this."""

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


class SkeletonConstraint(ABC):
    """What an adversary may do to skeletons."""

    @abstractmethod
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """The nearest sequences, or near ones, that satisfy the constraint."""

    @abstractmethod
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """By how much each sequence breaks the constraint, in the constraint's own unit; 0 where it holds."""


class SkeletonAttack(ABC):
    """An adversary who moves joints. Hyper-parameters are the fields of the frozen dataclass that derives from this."""

    @abstractmethod
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        """Adversarial versions of `batch`. Randomness comes from `seeds.stream(seed, id, purpose)` alone."""

    @abstractmethod
    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        """What this adversary promises to keep on these clean sequences, by name; the judge measures each."""
