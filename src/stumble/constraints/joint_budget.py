"""Which joints an adversary may move, and how far."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.constraints.height import height
from stumble.errors import SpecError
from stumble.interfaces import SkeletonConstraint
from stumble.layouts import Layout
from stumble.sequences import Skeletons

__all__ = ["LEGS_ADVANCED", "JointBudget"]

LEGS_ADVANCED = {"hip": 0.01, "knee": 0.05, "ankle": 0.15, "foot": 0.25}
"""The radii of CIASA's advanced mode on the legs, in metres."""


@dataclass(frozen=True)
class JointBudget:
    """CIASA's modes: basic (all joints, one radius), localized (a region) and advanced (a radius per joint).

    Joints are named as the layout names them, or without their side, which means both: "hip".

    Attributes:
        epsilon: how far a joint may move along each axis, above 0: one radius for all, or one by joint name, where
            joints that are not named stay; a name with its side goes before one without.
        region: which joints may move: None for all, a region of the layout's partitions ("left leg", "legs", "trunk"),
            several of them joined by "+" ("left leg+right leg"), or names of joints.
        unit: what epsilon counts: "input", the units of the joints (NTU: metres), or "height", the height of the clean
            skeleton, sample by sample.

    Raises:
        SpecError: where a radius is not a number above 0.
    """

    epsilon: float | dict[str, float] = field(default=0.012, hash=False)
    region: str | tuple[str, ...] | None = None
    unit: Literal["input", "height"] = "input"

    def __post_init__(self) -> None:
        radii = self.epsilon if isinstance(self.epsilon, dict) else {"epsilon": self.epsilon}
        for name, radius in radii.items():
            if not 0 < radius < math.inf:
                raise SpecError(f"JointBudget: {name} is {radius:g}; it must be a number above 0")

    def active(self, layout: Layout) -> Bool[Tensor, " j"]:
        """True on the joints that may move.

        Of a region that is not closed under descendants only the part that can move without the rest: of NTU's trunk
        neck and head.

        Raises:
            SpecError: for a region or a joint that the layout does not have, and where no joint can move.
        """
        chosen = self._region(layout) & {joint for joint, radius in enumerate(self._radii(layout)) if radius > 0}
        moving = layout.closed(chosen)
        if not moving:
            named = ", ".join(layout.joints[joint] for joint in sorted(chosen)) or "none"
            raise SpecError(f"JointBudget: no joint can move: of {named} each has a descendant that must stay")
        active = torch.zeros(len(layout), dtype=torch.bool)
        active[list(moving)] = True
        return active

    def radius(self, clean: Skeletons) -> Float[Tensor, "b m t j"]:
        """Half the width of the box around each clean joint, in the units of the joints.

        0 on joints that must stay: outside the region, not detected, of people who are not there, in padded frames.
        """
        layout, joints = clean.layout, clean.joints
        radii = torch.tensor(self._radii(layout), dtype=joints.dtype, device=joints.device)
        if self.unit == "height":
            radii = radii * height(clean)[:, None, None, None]
        return torch.where(clean.visible & self.active(layout).to(joints.device), radii, 0)

    def constraints(self, clean: Skeletons) -> dict[str, SkeletonConstraint]:
        """What CIASA promises: the box, the lengths of the bones, and all else untouched."""
        from stumble.constraints.bones import Bones
        from stumble.constraints.joint_box import JointBox
        from stumble.constraints.untouched import Untouched

        return {"box": JointBox(self), "bones": Bones(self), "untouched": Untouched(self)}

    def _radii(self, layout: Layout) -> list[float]:
        if not isinstance(self.epsilon, dict):
            return [self.epsilon] * len(layout)
        _check(self.epsilon, layout)
        return [self.epsilon.get(name, self.epsilon.get(_sideless(name), 0.0)) for name in layout.joints]

    def _region(self, layout: Layout) -> set[int]:
        if self.region is None:
            return set(range(len(layout)))
        if isinstance(self.region, str):
            regions = {name: joints for partition in layout.partitions.values() for name, joints in partition.items()}
            wanted = [name.strip() for name in self.region.split("+")]
            for name in wanted:
                if name not in regions:
                    raise SpecError(f"JointBudget: {layout.name} has no region {name!r}; {_nearest(name, regions)}")
            return {joint for name in wanted for joint in regions[name]}
        _check(self.region, layout)
        return {k for k, name in enumerate(layout.joints) if name in self.region or _sideless(name) in self.region}


def _sideless(joint: str) -> str:
    return joint.removeprefix("left ").removeprefix("right ")


def _check(names: Collection[str], layout: Layout) -> None:
    known = {*layout.joints, *map(_sideless, layout.joints)}
    for name in names:
        if name not in known:
            raise SpecError(f"JointBudget: {layout.name} has no joint {name!r}; {_nearest(name, known)}")


def _nearest(name: str, known: Collection[str]) -> str:
    if near := get_close_matches(name, known, 1):
        return f"did you mean {near[0]!r}?"
    return f"it has {', '.join(sorted(known))}"
