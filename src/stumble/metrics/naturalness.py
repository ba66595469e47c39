"""How much of an attack on skeletons there is to see: displacement, bones, acceleration, poses that pass for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["Discriminator", "Naturalness", "naturalness"]

Discriminator: TypeAlias = Callable[[Float[Tensor, "f j c"], Bool[Tensor, "f j"]], Float[Tensor, " f"]]
"""From joints and which of them are visible to the probability that each pose is natural."""

_SHORTEST = 1e-6


@dataclass(frozen=True)
class Naturalness:
    """Measures of each sample, each (B,) float64. Joints that are not visible count nowhere; what is empty is 0.

    Thousandths are millimetres where the data is in metres; positions in the image are in thousandths of their unit.

    Attributes:
        skeletons: how many there are: people in frames.
        joint_mean, joint_max: distance between clean and adversarial joint, in thousandths.
        variation_min, variation_max, variation_mean: over the skeletons, of the mean absolute change of a
            coordinate, in thousandths (CIASA's joint variation, Tables IV and V).
        coordinate_max: the largest change of a coordinate, in the units of the data: the epsilon that was used.
        bone_mean, bone_max: change of a bone's length, in percent of the clean length.
        accel: change of a joint's acceleration, ||a' - a||, mean over all joints and frames with a neighbour on either
            side, in percent of the clean mean ||a||; infinite where the clean sample does not accelerate at all.
        accel_absolute: the same in thousandths per squared frame.
        realness, realness_clean: share of the adversarial and of the clean poses that the discriminator takes for
            real, in percent; None without one.
    """

    skeletons: Float[Tensor, " b"]
    joint_mean: Float[Tensor, " b"]
    joint_max: Float[Tensor, " b"]
    variation_min: Float[Tensor, " b"]
    variation_max: Float[Tensor, " b"]
    variation_mean: Float[Tensor, " b"]
    coordinate_max: Float[Tensor, " b"]
    bone_mean: Float[Tensor, " b"]
    bone_max: Float[Tensor, " b"]
    accel: Float[Tensor, " b"]
    accel_absolute: Float[Tensor, " b"]
    realness: Float[Tensor, " b"] | None = None
    realness_clean: Float[Tensor, " b"] | None = None


@torch.no_grad()
def naturalness(clean: Skeletons, adversarial: Skeletons, discriminator: Discriminator | None = None) -> Naturalness:
    """Measure adversarial sequences against the clean ones they were made from.

    Args:
        discriminator: one that the attack did not optimise against; it sees one sample at a time.
    """
    visible = clean.visible
    before, after = clean.joints.double(), adversarial.joints.double()
    change = after - before
    distance = 1000 * change.norm(dim=4)
    per_coordinate = change.abs().amax(4)
    skeleton = visible.any(3)
    counted = visible.sum(3).clamp_min(1)
    variation = 1000 * (change.abs().mean(4) * visible).sum(3) / counted
    lengths = _lengths(before, clean)
    whole = visible[..., torch.tensor(clean.layout.bones)].all(-1) & (lengths > _SHORTEST)
    stretch = 100 * (_lengths(after, clean) - lengths).abs() / torch.where(whole, lengths, 1)
    triples = visible[:, :, 2:] & visible[:, :, 1:-1] & visible[:, :, :-2]
    own = _mean(_acceleration(before).norm(dim=4), triples)
    jolt = _mean(_acceleration(change).norm(dim=4), triples)
    relative = torch.where(own > 0, 100 * jolt / torch.where(own > 0, own, 1), torch.where(jolt > 0, torch.inf, 0))
    realness = [None if discriminator is None else _realness(one, clean, discriminator) for one in (adversarial, clean)]
    return Naturalness(
        skeletons=skeleton.sum((1, 2)).double(),
        joint_mean=_mean(distance, visible),
        joint_max=_max(distance, visible),
        variation_min=_min(variation, skeleton),
        variation_max=_max(variation, skeleton),
        variation_mean=_mean(variation, skeleton),
        coordinate_max=_max(per_coordinate, visible),
        bone_mean=_mean(stretch, whole),
        bone_max=_max(stretch, whole),
        accel=relative,
        accel_absolute=1000 * jolt,
        realness=realness[0],
        realness_clean=realness[1],
    )


def _lengths(joints: Float[Tensor, "b m t j c"], clean: Skeletons) -> Float[Tensor, "b m t k"]:
    child, parent = torch.tensor(clean.layout.bones).T
    return (joints[..., child, :] - joints[..., parent, :]).norm(dim=-1)


def _acceleration(joints: Float[Tensor, "b m t j c"]) -> Tensor:
    return joints[:, :, 2:] + joints[:, :, :-2] - 2 * joints[:, :, 1:-1]


def _realness(batch: Skeletons, clean: Skeletons, discriminator: Discriminator) -> Float[Tensor, " b"]:
    shares = []
    for joints, visible, present in zip(batch.joints, clean.visible, clean.present, strict=True):
        taken = discriminator(joints[present], visible[present]) > 0.5
        shares.append(100 * taken.double().mean() if len(taken) else taken.new_zeros((), dtype=torch.float64))
    return torch.stack(shares)


def _mean(values: Tensor, mask: Tensor) -> Float[Tensor, " b"]:
    """Over everything of a sample that the mask admits."""
    return (values * mask).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp_min(1)


def _max(values: Tensor, mask: Tensor) -> Float[Tensor, " b"]:
    return torch.where(mask, values, 0).flatten(1).amax(1)


def _min(values: Tensor, mask: Tensor) -> Float[Tensor, " b"]:
    smallest = torch.where(mask, values, torch.inf).flatten(1).amin(1)
    return torch.where(smallest.isinf(), 0, smallest)
