"""A pose as turns of bones: whatever the numbers, every bone keeps its length."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.constraints.kinematics import bone_vectors, carried, measurable
from stumble.sequences import Skeletons

__all__ = ["Rotations"]


@dataclass(frozen=True)
class Rotations:
    """Skeletons parametrised by an offset of the root and one rotation for each bone that may move.

    A rotation acts on its own bone, and all beyond is carried along without being turned, as in realignment; so the
    rotations do not depend on each other. Bones of no length, or with an end that was not detected, are carried along
    unturned. The offset moves skeletons whose root may move.

    Attributes:
        clean: the skeletons that all zeros stand for.
        moves: (B, M, T, J) the joints that may move, there and detected.
        turns: (B, M, T, J) those whose bone can turn.
        bones: the outer joints of the bones, in the order of the rotations.
    """

    clean: Skeletons
    moves: Bool[Tensor, "b m t j"]
    turns: Bool[Tensor, "b m t j"]
    bones: tuple[int, ...]

    @classmethod
    def of(cls, clean: Skeletons, active: Bool[Tensor, " j"]) -> Rotations:
        """Args: active: the joints that may move, closed under descendants (`JointBudget.active`)."""
        moves = clean.visible & active.to(clean.joints.device)
        bones = tuple(joint for joint in active.nonzero().flatten().tolist() if joint != clean.layout.root)
        return cls(clean, moves, measurable(clean) & moves, bones)

    def joints(
        self, offset: Float[Tensor, "b m t c"], rotvec: Float[Tensor, "b m t k r"]
    ) -> Float[Tensor, "b m t j c"]:
        """Where the joints are. Differentiable everywhere; zeros give the clean joints bit for bit.

        Args:
            offset: how far the root is moved, in the units of the joints.
            rotvec: for each of the K bones its axis of rotation times the angle in radians, R = 3; in the image the
                angle alone, R = 1, positive from x to y.
        """
        layout, bones = self.clean.layout, list(self.bones)
        centre = self.clean.joints.to(rotvec.dtype)
        vectors = torch.where(self.turns[..., None], bone_vectors(centre, layout), 0)[..., bones, :]
        changes = torch.zeros_like(centre)
        changes[..., bones, :] = _turned(vectors, rotvec)
        changes[..., layout.root, :] = offset
        moved = centre + carried(changes, self.moves, layout)
        return torch.where(self.moves[..., None], moved, centre)


def _turned(vectors: Tensor, rotvec: Tensor) -> Tensor:
    """The change of vectors under rotations (Rodrigues' formula)."""
    if vectors.shape[-1] == 2:
        half = rotvec / 2
        aside = torch.stack((-vectors[..., 1], vectors[..., 0]), -1)
        return 2 * half.sin() * (half.cos() * aside - half.sin() * vectors)
    squares = rotvec.square().sum(-1, keepdim=True)
    small = squares < 1e-4
    angle = torch.where(small, 1, squares).sqrt()
    once = torch.where(small, 1 - squares / 6 + squares.square() / 120, angle.sin() / angle)
    twice = torch.where(small, 0.5 - squares / 24 + squares.square() / 720, 2 * ((angle / 2).sin() / angle).square())
    aside = torch.linalg.cross(rotvec, vectors)
    return once * aside + twice * torch.linalg.cross(rotvec, aside)
