"""What 2s-AGCN was trained on: the two liveliest bodies, repeated to full length, centred and turned upright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.preprocess.axes import fitted, frames_at, network_order, there_first, wanted
from stumble.preprocess.detections import best_detected
from stumble.preprocess.liveliest import liveliest
from stumble.preprocess.orientation import SPINE_MIDDLE, turned, upright
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["TwoStream", "bone_parents"]

REVERSED = {OPENPOSE18.name: ((0, 1),)}
"""The bones that the project's list gives from parent to child: there the neck hangs from the nose."""


@dataclass(frozen=True)
class TwoStream(Recipe):
    """The recipe of 2s-AGCN (Shi, Zhang, Cheng, Lu; CVPR 2019).

    In space (NTU): of the first four bodies those that move most (`liveliest`). Each is repeated from its first frame
    to its last until `frames` are full; where a body comes later than the first frame, the frames without it are
    dropped first. Then per frame the spine middle of the first body is the origin, and all bodies are turned so that
    in frame 0 the first body's spine is along z and its shoulders along x (`upright`).

    In the image (Kinetics): as `StGcn`, with y upwards.

    Attributes:
        stream: "joint" for positions, "bone" for child − parent, with zero at the root of the graph; the
            confidence of Kinetics is subtracted along with x and y.
        frames: T of the array; of longer clips the first `frames` are taken.
        people: M of the array.
    """

    stream: Literal["joint", "bone"] = "joint"
    frames: int = 300
    people: int = 2

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t v m"]:
        """Raises TargetError: the data is neither NTU-25 in space nor OpenPose-18 in the image with confidences."""
        if batch.coordinates == 2:
            detected = best_detected("2s-AGCN", batch, self.frames, self.people)
            joints = detected * detected.new_tensor([1, -1, 1])
        else:
            wanted("2s-AGCN", batch, NTU25, 3)
            joints = self._normalised(batch)
        if self.stream == "bone":
            joints = joints - joints[..., bone_parents(batch.layout), :]
        return network_order(joints)

    def _normalised(self, batch: Skeletons) -> Float[Tensor, "b m t 25 3"]:
        joints, present = liveliest(batch, self.people)
        joints, present = _repeated(fitted(joints, 2, self.frames), fitted(present, 2, self.frames))
        joints = (joints - joints[:, :1, :, SPINE_MIDDLE, None]) * present[..., None, None]
        return turned(joints, upright(joints[:, 0, 0]))


def _repeated(
    joints: Float[Tensor, "b m t v c"], present: Bool[Tensor, "b m t"]
) -> tuple[Float[Tensor, "b m t v c"], Bool[Tensor, "b m t"]]:
    """Every person over and over; zero where not there."""
    time = torch.arange(present.shape[2], device=present.device).expand(present.shape)
    late = ~present[..., :1]
    order = torch.where(late, there_first(present), time)
    ends = ((time + 1) * present).amax(2, keepdim=True)
    length = torch.where(late, present.sum(2, keepdim=True), ends)
    source = order.gather(2, time % length.clamp(min=1))
    present = frames_at(present, source)
    return frames_at(joints, source) * present[..., None, None], present


def bone_parents(layout: Layout) -> list[int]:
    """Each joint's parent in the project's list of bones; the root is its own, so that its bone is zero."""
    backwards = REVERSED.get(layout.name, ())
    bones = dict((b, a) if (a, b) in backwards else (a, b) for a, b in layout.bones)
    return [bones.get(joint, joint) for joint in range(len(layout))]
