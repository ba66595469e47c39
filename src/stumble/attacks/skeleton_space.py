"""What the descent moves: the joints themselves, or the rotations of the bones between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.constraints.bones import realign
from stumble.constraints.feasible import Room
from stumble.constraints.kinematics import bone_vectors, norm
from stumble.constraints.rotations import Rotations
from stumble.sequences import Skeletons

__all__ = ["JointSpace", "Projection", "RotationSpace", "Space"]

Projection = Literal["feasible", "paper", "box"]

_BISECTIONS = 14


class Space(ABC):
    """Variables, the joints that they stand for, and what an adversary may do with them."""

    @abstractmethod
    def start(self, noise: Float[Tensor, "b m t j c"] | None = None) -> Tensor:
        """The clean sample, or, given noise in [-1, 1], a random one that the constraints allow."""

    @abstractmethod
    def joints(self, variables: Tensor) -> Float[Tensor, "b m t j c"]:
        """Where the joints are; differentiable."""

    @abstractmethod
    def step(self, rate: float | None) -> Tensor:
        """Adam's learning rate for each variable, given the joints'; None: a tenth of how far each joint may go."""

    @abstractmethod
    def project(self, variables: Tensor) -> Tensor:
        """The variables brought back to what is allowed."""


@dataclass(frozen=True)
class JointSpace(Space):
    """The joints' coordinates, as in the paper.

    Attributes:
        clean: the samples.
        radius: (B, M, T, J) how far each joint may go along each axis.
        active: (J,) which joints may move.
        projection: see `CIASA`.
    """

    clean: Skeletons
    radius: Float[Tensor, "b m t j"]
    active: Bool[Tensor, " j"]
    projection: Projection

    @cached_property
    def room(self) -> Room:
        """Where joints may go under box and bones."""
        return Room.around(self.clean, self.radius, self.active)

    def start(self, noise: Float[Tensor, "b m t j c"] | None = None) -> Tensor:
        if noise is None:
            return self.clean.joints
        return self.project(self.clean.joints + noise * self.radius[..., None])

    def joints(self, variables: Tensor) -> Float[Tensor, "b m t j c"]:
        """The variables themselves; where box and bones both hold, the gradient comes back through the realignment.

        It then counts for each joint what it carries along, and nothing that would only stretch a bone.
        """
        if self.projection != "feasible":
            return variables
        realigned = realign(variables, self.clean, self.active)
        return variables.detach() + (realigned - realigned.detach())

    def step(self, rate: float | None) -> Tensor:
        radius = self.radius[..., None]
        return 0.1 * radius if rate is None else torch.where(radius > 0, rate, 0.0)

    def project(self, variables: Tensor) -> Tensor:
        clean = self.clean.joints
        if self.projection == "feasible":
            return self.room.nearest(self.clean.moved(variables)).joints
        radius = self.radius[..., None]
        boxed = torch.where(radius > 0, torch.clamp(variables, clean - radius, clean + radius), clean)
        if self.projection == "box":
            return boxed
        return realign(boxed, self.clean, self.active)


@dataclass(frozen=True)
class RotationSpace(Space):
    """A rotation vector for each bone and an offset of the root, so that bones keep their lengths by construction.

    Variables are (B, M, T, 1 + bones, C): the offset, then the rotations; in the image only the first number of a
    rotation counts. What leaves the box is scaled back frame by frame, all bones of a person by one factor.

    Attributes:
        clean: the samples.
        radius: (B, M, T, J) how far each joint may go along each axis.
        active: (J,) which joints may move.
    """

    clean: Skeletons
    radius: Float[Tensor, "b m t j"]
    active: Bool[Tensor, " j"]

    @cached_property
    def rotations(self) -> Rotations:
        """From variables to joints."""
        return Rotations.of(self.clean, self.active)

    def start(self, noise: Float[Tensor, "b m t j c"] | None = None) -> Tensor:
        if noise is None:
            return torch.zeros_like(self.clean.joints[..., : 1 + len(self.rotations.bones), :])
        drawn = noise[..., [self.clean.layout.root, *self.rotations.bones], :]
        return self.project(drawn * self._scale(self.radius))

    def joints(self, variables: Tensor) -> Float[Tensor, "b m t j c"]:
        turns = variables[..., 1:, :] if variables.shape[-1] == 3 else variables[..., 1:, :1]
        return self.rotations.joints(variables[..., 0, :], turns)

    def step(self, rate: float | None) -> Tensor:
        return self._scale(0.1 * self.radius if rate is None else torch.where(self.radius > 0, rate, 0.0))

    def project(self, variables: Tensor) -> Tensor:
        def fits(factor: Tensor) -> Tensor:
            moved = self.joints(variables * factor[..., None, None]) - self.clean.joints
            return (moved.abs() <= self.radius[..., None]).flatten(3).all(3)

        lower, upper = torch.zeros_like(variables[..., 0, 0]), torch.ones_like(variables[..., 0, 0])
        lower = torch.where(fits(upper), upper, lower)
        for _ in range(_BISECTIONS):
            middle = (lower + upper) / 2
            inside = fits(middle)
            lower, upper = torch.where(inside, middle, lower), torch.where(inside, upper, middle)
        return variables * lower[..., None, None]

    def _scale(self, lengths: Float[Tensor, "b m t j"]) -> Tensor:
        """Lengths at the joints as an offset of the root, and as the angles that move the ends of bones so far."""
        root, bones = self.clean.layout.root, list(self.rotations.bones)
        bone = norm(bone_vectors(self.clean.joints, self.clean.layout))
        angles = torch.where(self.rotations.turns, lengths / torch.where(bone > 0, bone, 1), 0)
        return torch.cat([lengths[..., root, None], angles[..., bones]], -1)[..., None]
