"""What PYSKL's networks were trained on: centred and turned by the first frame, then 100 frames evenly spaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.layouts import NTU25
from stumble.preprocess.axes import fitted, frames_at, network_order, people_at, there_first, wanted
from stumble.preprocess.orientation import SPINE_MIDDLE, turned, upright
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["Pyskl"]


@dataclass(frozen=True)
class Pyskl(Recipe):
    """The recipe of PYSKL (Duan, Wang, Chen, Lin; ACM Multimedia 2022) for NTU in space.

    Of the first two bodies, the one that is there in more frames comes first, and frames without it are dropped. Its
    spine middle in its first frame is the origin; both bodies are turned so that in this frame its spine is along z
    and its shoulders along x (`upright`). Then `clip` frames are sampled.

    PYSKL draws one frame at random from each of `clip` equal parts of the sequence, for ten clips whose scores it
    averages. An attack needs indices that stay: here it is one clip, of the frame in the middle of each part. A
    sequence shorter than `clip` is repeated, as there.

    Attributes:
        clip: T of the array.
    """

    clip: int = 100

    people: ClassVar[int] = 2

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t 25 2"]:
        """Raises TargetError: the data is not NTU-25 in space."""
        wanted("PYSKL", batch, NTU25, 3)
        joints, present = fitted(batch.joints, 1, self.people), fitted(batch.present, 1, self.people)
        first = present.sum(2).argsort(dim=1, descending=True, stable=True)
        joints, present = people_at(joints, first), people_at(present, first)
        order, count = there_first(present[:, 0]), present[:, 0].sum(1, keepdim=True)
        pose = frames_at(joints[:, :1], order[:, None, :1])[:, 0, 0]
        part = torch.arange(self.clip, device=joints.device)
        middles = (part * count // self.clip + (part + 1) * count // self.clip) // 2
        source = torch.where(count < self.clip, part % count.clamp(min=1), middles)
        sampled = order.gather(1, source)[:, None].expand(-1, self.people, -1)
        centred = frames_at(joints, sampled) - pose[:, None, None, SPINE_MIDDLE, None]
        there = frames_at(present, sampled)[..., None, None]
        return network_order(turned(centred * there, upright(pose)))
