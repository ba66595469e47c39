"""CIASA's discriminator of poses: from the angles between bones to the probability that nobody moved the joints."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from stumble.layouts import Layout

__all__ = [
    "BoneAngleDiscriminator",
    "angle_maps",
    "lsgan_discriminator_loss",
    "lsgan_generator_loss",
    "major_bones",
    "per_sample_scores",
    "stacked_parameters",
]

_MINOR = ("hand tip", "thumb", "foot", "eye", "ear")
_SHORTEST = 1e-6
"""In the units of the joints: a shorter bone has no direction."""


def major_bones(layout: Layout) -> tuple[tuple[int, int], ...]:
    """The bones without hand tips, thumbs, feet, eyes and ears: 18 of NTU-25, 13 of OpenPose-18."""
    minor = {joint for joint, name in enumerate(layout.joints) if name.endswith(_MINOR)}
    return tuple(bone for bone in layout.bones if not minor & set(bone))


def angle_maps(
    joints: Float[Tensor, "*poses j c"], layout: Layout, visible: Bool[Tensor, "*poses j"] | None = None
) -> Float[Tensor, "*poses k k"]:
    """Cosines of the angles between all pairs of major bones (Eq. 13), in [-1, 1].

    A bone of no length, or with an end that is not visible, has no direction: its row and column are 0, and no
    gradient comes through them.
    """
    ends = torch.tensor(major_bones(layout), device=joints.device)
    bones = joints[..., ends[:, 0], :] - joints[..., ends[:, 1], :]
    square = bones.square().sum(-1, keepdim=True)
    there = square > _SHORTEST**2
    if visible is not None:
        there = there & visible[..., ends].all(-1)[..., None]
    # the inner `where` keeps the root's infinite slope at 0 out of the gradient
    unit = torch.where(there, bones * torch.where(there, square, 1).rsqrt(), 0)
    return unit @ unit.transpose(-1, -2)


class BoneAngleDiscriminator(nn.Module):
    """Two 3x3 convolutions of 32 channels and a linear layer on the map of one person in one frame.

    The paper names neither padding nor activation: here maps are not padded, and leaky rectifiers of slope 0.2 let a
    gradient reach the joints of poses that are far from natural.

    Args:
        layout: whose bones.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.first = nn.Conv2d(1, 32, 3)
        self.second = nn.Conv2d(32, 32, 3)
        self.decide = nn.Linear(32 * (len(major_bones(layout)) - 4) ** 2, 1)

    def forward(self, maps: Float[Tensor, "f k k"]) -> Float[Tensor, " f"]:
        """The probability that each pose is natural, from its map."""
        features = maps[:, None].to(self.decide.weight.dtype)
        for layer in (self.first, self.second):
            features = nn.functional.leaky_relu(layer(features), 0.2, inplace=True)
        return self.decide(features.flatten(1))[:, 0].sigmoid()

    def realness(
        self, joints: Float[Tensor, "f j c"], visible: Bool[Tensor, "f j"] | None = None
    ) -> Float[Tensor, " f"]:
        """The probability that each pose is natural, from its joints."""
        return self(angle_maps(joints, self.layout, visible))


def stacked_parameters(network: nn.Module, samples: int) -> dict[str, Tensor]:
    """A copy of the network's parameters for each sample, along a new first axis."""
    return {
        name: value.detach().expand(samples, *value.shape).clone().requires_grad_()
        for name, value in network.named_parameters()
    }


def per_sample_scores(
    network: BoneAngleDiscriminator, parameters: dict[str, Tensor], maps: Float[Tensor, "b f k k"]
) -> Float[Tensor, "b f"]:
    """What the discriminator of each sample says of the poses of that sample alone.

    Args:
        network: which architecture; its own parameters play no part.
        parameters: as `stacked_parameters` gives them.
    """

    def score(own: dict[str, Tensor], theirs: Tensor) -> Tensor:
        return torch.func.functional_call(network, own, (theirs,))

    scores: Tensor = torch.func.vmap(score)(parameters, maps)
    return scores


def lsgan_generator_loss(scores: Float[Tensor, "b f"], mask: Bool[Tensor, "b f"]) -> Float[Tensor, " b"]:
    """Mean over the poses that count of (D(V') - 1)^2: what the adversary minimises; 0 where none counts."""
    return _mean((scores - 1).square(), mask)


def lsgan_discriminator_loss(
    real: Float[Tensor, "b r"],
    fake: Float[Tensor, "b f"],
    real_mask: Bool[Tensor, "b r"],
    fake_mask: Bool[Tensor, "b f"],
) -> Float[Tensor, " b"]:
    """Mean of (D(clean) - 1)^2 and mean of D(V')^2, added: what the discriminator minimises (Eq. 12).

    Give it scores of detached poses: the adversary shall not be taught to help the discriminator.
    """
    return _mean((real - 1).square(), real_mask) + _mean(fake.square(), fake_mask)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, values, 0).sum(1) / mask.sum(1).clamp_min(1)
