"""What PA-LSTM was trained on: frames at equal distances, each in the coordinates of the main actor's own body."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.layouts import NTU25
from stumble.preprocess.axes import frames_at, network_order, there_first, wanted
from stumble.preprocess.liveliest import liveliest
from stumble.preprocess.orientation import LEFT, RIGHT, SHORTEST, SPINE_BASE, SPINE_MIDDLE
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["PartAware"]


@dataclass(frozen=True)
class PartAware(Recipe):
    """The recipe of PA-LSTM (Shahroudy, Liu, Ng, Wang; CVPR 2016).

    The main actor is the body that moves most (`liveliest`), others follow. In each frame the main actor's spine middle
    is the origin, x goes along the line from the right to the left shoulder, y towards the head as the line from spine
    base to spine middle does, as far as it is perpendicular to x, z is x × y, and the length of that line is 1. All
    bodies are seen in these coordinates. A frame without shoulders or without a spine is centred and left as it is.

    The paper cuts a clip into 8 equal parts and looks at one frame of each. Here `frames` are taken at equal distances,
    each from the middle of its share of the clip, of those in which the main actor is there; `models.PALSTM` looks at
    one of each eighth of them.

    Attributes:
        frames: T of the array.
        people: M of the array.
    """

    frames: int = 64
    people: int = 2

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t 25 m"]:
        """Raises TargetError: the data is not NTU-25 in space."""
        wanted("PA-LSTM", batch, NTU25, 3)
        joints, present = liveliest(batch, self.people)
        order, count = there_first(present[:, 0]), present[:, 0].sum(1, keepdim=True)
        middles = (2 * torch.arange(self.frames, device=order.device) + 1) * count // (2 * self.frames)
        source = order.gather(1, middles)[:, None].expand(-1, self.people, -1)
        joints, there = frames_at(joints, source), frames_at(present, source)[..., None, None]
        joints = joints - joints[:, :1, :, SPINE_MIDDLE, None]
        return network_order(torch.einsum("btij,bmtvj->bmtvi", _axes(joints[:, 0]), joints) * there)


def _axes(pose: Float[Tensor, "b t 25 3"]) -> Float[Tensor, "b t 3 3"]:
    """The body's x, y and z, each divided by the length of its spine; the identity where it has none."""
    across, spine = pose[:, :, LEFT] - pose[:, :, RIGHT], pose[:, :, SPINE_MIDDLE] - pose[:, :, SPINE_BASE]
    identity = torch.eye(3, dtype=pose.dtype, device=pose.device)
    crossed = torch.linalg.cross(across, spine)
    still = (crossed.norm(dim=-1) < SHORTEST * across.norm(dim=-1)) | (across.norm(dim=-1) < SHORTEST)
    across, spine = (  # inside, so that no gradient passes a division by zero
        torch.where(still[..., None], axis, vector) for axis, vector in zip(identity, (across, spine), strict=False)
    )
    x = across / across.norm(dim=-1, keepdim=True)
    upwards = spine - (spine * x).sum(-1, keepdim=True) * x
    y = upwards / upwards.norm(dim=-1, keepdim=True)
    length = spine.norm(dim=-1)[..., None, None]
    return torch.stack([x, y, torch.linalg.cross(x, y)], -2) / length
