"""What CTR-GCN was trained on: centred once, cropped to the frames with a body, resized to 64 frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.layouts import NTU25
from stumble.preprocess.axes import fitted, frames_at, network_order, there_first, wanted
from stumble.preprocess.orientation import SPINE_MIDDLE
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["CtrGcn"]


@dataclass(frozen=True)
class CtrGcn(Recipe):
    """The recipe of CTR-GCN (Chen, Zhang, Yuan, Li, Deng, Hu; ICCV 2021), as it tests.

    The first two bodies of the file. The origin is where the first body's spine middle is in the first frame that has
    that body. Frames without any body are dropped, int((1 − kept) · n / 2) of the n others at either end are cut off,
    and what is left is resized to `frames` by linear interpolation over time, as bilinear resizing without aligned
    corners does it; a body that comes or goes is so blended with zero for a frame.

    The authors remove false detections before all this and so may choose other bodies; their arrays, which have this
    done and are centred, come through without being moved again.

    Attributes:
        frames: T of the array.
        kept: the share of the frames kept, in (0, 1]: 0.95 where the authors test. In training they crop at random.
    """

    frames: int = 64
    kept: float = 0.95

    people: ClassVar[int] = 2

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t 25 2"]:
        """Raises TargetError: the data is not NTU-25 in space."""
        wanted("CTR-GCN", batch, NTU25, 3)
        joints, present = fitted(batch.joints, 1, self.people), fitted(batch.present, 1, self.people)
        joints = joints * present[..., None, None]
        first = there_first(present[:, :1])[..., :1]
        origin = frames_at(joints[:, :1], first)[..., SPINE_MIDDLE, None, :]
        joints = (joints - origin) * present[..., None, None]
        filled = present.any(1)
        order, count = there_first(filled), filled.sum(1, keepdim=True)
        begin = ((1 - self.kept) * count.double() / 2).long()
        length = (count - 2 * begin).clamp(min=1)
        centres = torch.arange(self.frames, device=joints.device).to(joints.dtype) + 0.5
        time = (centres * length / self.frames - 0.5).clamp(min=0)
        before = time.long()
        after = torch.minimum(before + 1, length - 1)
        weight = (time - before).to(joints.dtype)[:, None, :, None, None]
        both = (order.gather(1, begin + index)[:, None].expand(-1, self.people, -1) for index in (before, after))
        earlier, later = (frames_at(joints, index) for index in both)
        return network_order(earlier * (1 - weight) + later * weight)
