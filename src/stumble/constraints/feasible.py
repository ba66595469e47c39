"""Box and bones at once: from the root outwards, each bone turns towards its wanted place as far as its box admits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from stumble.constraints.bones import Bones
from stumble.constraints.joint_box import JointBox
from stumble.constraints.joint_budget import JointBudget
from stumble.constraints.kinematics import bone_vectors, measurable, norm, stretched
from stumble.interfaces import SkeletonConstraint
from stumble.sequences import Skeletons

__all__ = ["Feasible", "Room", "Turn", "feasible"]

BONE_TOLERANCE = 1e-3
ALTERNATIONS, HALVINGS, REACH = 8, 12, 1
"""Of sphere and box, per bone; of the interval of a factor; of the smoothing of factors, in frames to either side."""

OVERSHOOT = 0.5
"""By what share of its way back into the box a joint goes beyond the wall: plain alternation only creeps up to it."""

ROOM = 0.99
"""How far a joint may go at most, as a share of the box of what hangs from it.

No bone then starts to turn from the wall of its box, from which it could go nowhere; and what was found once is found
again, whatever float32 made of it.
"""


@dataclass(frozen=True)
class Feasible(SkeletonConstraint):
    """Box and bones together, which clipping and realignment by turns do not reach."""

    budget: JointBudget

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """Skeletons near the adversarial ones that keep both, see `feasible`."""
        return feasible(adversarial, clean, self.budget.radius(clean), self.budget.active(clean.layout))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """The larger of the excess over the box, in units of the joints, and that over 0.1 % of a bone's length."""
        bones = Bones(self.budget).violation(adversarial, clean) - BONE_TOLERANCE
        return torch.maximum(JointBox(self.budget).violation(adversarial, clean), bones)


def feasible(
    adversarial: Skeletons, clean: Skeletons, radius: Float[Tensor, "b m t j"], active: Bool[Tensor, " j"]
) -> Skeletons:
    """Skeletons near the adversarial ones with every joint in its box and every bone of its clean length.

    The root is clipped. Then, depth by depth, each joint seeks its wanted place on the sphere of its bone around the
    new place of its parent, by a few alternations of clip and realignment; and its bone, carried along by the parent,
    is turned from its clean direction towards the one found by the largest factor in [0, 1] that fits the box. Factors
    are smoothed over time and verified afterwards, so the result holds to rounding. A factor of 0 always fits, because
    no joint is let farther than what hangs from it can follow: where radii fall outwards, the smaller one counts.

    Clip and realignment of the whole skeleton, followed by one factor for all its bones, also ends in box and bones;
    but realignment adds up along a limb, and one hand then holds the whole body back.

    What must stay comes back bit for bit. Computed in float64, without gradient; each sample by itself.

    Args:
        radius: half the width of each joint's box (`JointBudget.radius`).
        active: the joints that may move, closed under descendants (`JointBudget.active`).
    """
    return Room.around(clean, radius, active).nearest(adversarial)


@dataclass(frozen=True)
class Room:
    """Where the joints of clean skeletons may go: all that `feasible` needs to know of them, computed once.

    Attributes:
        clean: the samples.
        moves: (B, M, T, J) which joints may move.
        turns: (B, M, T, J) those that hang from a bone with a length to keep.
        width: (B, M, T, J, 1) how far each may go along each axis, in float64.
        bones: (B, M, T, J, C) from the parent of each joint to the joint, in float64.
    """

    clean: Skeletons
    moves: Bool[Tensor, "b m t j"]
    turns: Bool[Tensor, "b m t j"]
    width: Float[Tensor, "b m t j 1"]
    bones: Float[Tensor, "b m t j c"]

    @classmethod
    def around(cls, clean: Skeletons, radius: Float[Tensor, "b m t j"], active: Bool[Tensor, " j"]) -> Room:
        """Of these boxes; see `feasible`."""
        centre = clean.joints.double()
        moves = clean.visible & active.to(centre.device)
        turns = measurable(clean) & moves
        bones = bone_vectors(centre, clean.layout)
        return cls(clean, moves, turns, _width(clean, radius, turns)[..., None], bones)

    def nearest(self, adversarial: Skeletons) -> Skeletons:
        """Skeletons in the room that are near these; see `feasible`."""
        clean, layout, width = self.clean, self.clean.layout, self.width
        centre, moves = clean.joints.double(), self.moves[..., None]
        shift = torch.where(moves, (adversarial.joints.detach().double() - centre).clamp(-width, width), 0)
        for level in map(list, layout.depths[1:]):
            carried = shift[..., [layout.parents[joint] for joint in level], :]
            turning = self.turns[..., level, None]
            bones, goal = (torch.where(turning, values[..., level, :], 0) for values in (self.bones, shift))
            turn = Turn.towards(goal, bones, torch.where(turning, carried, 0), width[..., level, :])
            turned = turn.shift(turn.factor(clean.present))
            shift[..., level, :] = torch.where(turning, turned, shift[..., level, :])
        return clean.moved(torch.where(moves, (centre + shift).to(clean.joints.dtype), clean.joints))


def _width(
    clean: Skeletons, radius: Float[Tensor, "b m t j"], turns: Bool[Tensor, "b m t j"]
) -> Float[Tensor, "b m t j"]:
    """The radii, less what rounding may add, and at most `ROOM` times those of the joints that hang from there."""
    rounding = torch.finfo(clean.joints.dtype).eps * (clean.joints.abs().amax(4) + radius)
    width = (radius.double() - rounding).clamp_min(0)
    parents = clean.layout.parents
    for joint in (joint for level in reversed(clean.layout.depths[1:]) for joint in level):
        parent = width[..., parents[joint]]
        parent.copy_(torch.where(turns[..., joint], torch.minimum(parent, ROOM * width[..., joint]), parent))
    return width


@dataclass(frozen=True)
class Turn:
    """Bones that turn about their inner ends, each within the box of its outer end.

    K bones in T frames; lengths are those of `before` at every factor.

    Attributes:
        start: (B, M, T, K, C) how far the inner end, and so the outer one before the turn, is from its clean place.
        before: (B, M, T, K, C) the clean bones.
        aside: (B, M, T, K, C) perpendicular to them and as long, to the side to which they turn.
        angle: (B, M, T, K) of the whole turn in radians.
        width: (B, M, T, K, 1) of the boxes; `start` is inside.
    """

    start: Float[Tensor, "b m t k c"]
    before: Float[Tensor, "b m t k c"]
    aside: Float[Tensor, "b m t k c"]
    angle: Float[Tensor, "b m t k"]
    width: Float[Tensor, "b m t k 1"]

    @classmethod
    def towards(
        cls,
        goal: Float[Tensor, "b m t k c"],
        before: Float[Tensor, "b m t k c"],
        start: Float[Tensor, "b m t k c"],
        width: Float[Tensor, "b m t k 1"],
    ) -> Turn:
        """The turn that brings the outer ends near their goals, told as distances from their clean places."""
        for _ in range(ALTERNATIONS):
            reached = stretched(before + goal - start, before) - before + start
            clipped = reached.clamp(-width, width)
            goal = (clipped + OVERSHOOT * (clipped - reached)).clamp(-width, width)
        now = before + goal - start
        along, squares = (now * before).sum(-1), before.square().sum(-1)
        aside = now - before * (along / torch.where(squares > 0, squares, 1))[..., None]
        angle = torch.atan2(norm(aside) * squares.sqrt(), along)
        return cls(start, before, _perpendicular(aside, before), angle, width)

    def shift(self, factor: Float[Tensor, "b m t k"]) -> Float[Tensor, "b m t k c"]:
        """How far the outer ends are from their clean places after a share of the turn."""
        sine = (self.angle * factor / 2).sin()[..., None]
        cosine = (1 - sine * sine).sqrt()  # of at most a quarter turn
        return self.start + 2 * sine * (cosine * self.aside - sine * self.before)

    def factor(self, present: Bool[Tensor, "b m t"]) -> Float[Tensor, "b m t k"]:
        """The share that each bone turns: near the largest that fits, and smooth over time.

        A running minimum and then a running mean of the same length never exceed the largest factor of a frame. Where
        a bone fits by a factor but not by one below it, the interval below the smoothed one is searched again.
        """
        largest = self._largest(torch.ones_like(self.angle))
        there = present[..., None].expand(largest.shape).double()
        lowest = -_running(F.max_pool1d, -torch.where(there > 0, largest, 1))
        mean = _running(F.avg_pool1d, lowest * there) / _running(F.avg_pool1d, there)
        return self._largest(torch.where(there > 0, mean, 0))

    def _largest(self, upper: Tensor) -> Tensor:
        """`upper` where it fits, else a factor below it that does, found by bisection; 0 always fits."""
        fitting, beyond = torch.where(self._fits(upper), upper, 0), upper
        for _ in range(HALVINGS):
            middle = (fitting + beyond) / 2
            fits = self._fits(middle)
            fitting, beyond = torch.where(fits, middle, fitting), torch.where(fits, beyond, middle)
        return fitting

    def _fits(self, factor: Tensor) -> Tensor:
        return (self.shift(factor).abs() <= self.width).all(-1)


def _running(pool: Callable[..., Tensor], factors: Tensor) -> Tensor:
    """A running statistic of (B, M, T, K) over time."""
    series = factors.movedim(3, 2).flatten(0, 1)
    return pool(series, 2 * REACH + 1, 1, REACH).unflatten(0, factors.shape[:2]).movedim(2, 3)


def _perpendicular(aside: Tensor, bones: Tensor) -> Tensor:
    """`aside` made as long as the bones; where it has no length (no turn, half a turn) any vector at a right angle."""
    if bones.shape[-1] == 2:
        other = torch.stack((-bones[..., 1], bones[..., 0]), -1)
    else:
        axis = F.one_hot(bones.abs().argmin(-1), 3).to(bones)
        other = torch.linalg.cross(bones, axis)
    return torch.where(norm(aside)[..., None] > 0, stretched(aside, bones), stretched(other, bones))
