"""What 2s-AGCN was trained on: the two liveliest bodies, repeated to full length, centred and turned upright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess.axes import fitted, frames_at, network_order, people_at, there_first, wanted
from stumble.preprocess.detections import best_detected
from stumble.preprocess.orientation import SPINE_MIDDLE, turned, upright
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["TwoStream"]

CANDIDATES, PEOPLE = 4, 2
REVERSED = {OPENPOSE18.name: ((0, 1),)}
"""The bones that the project's list gives from parent to child: there the neck hangs from the nose."""


@dataclass(frozen=True)
class TwoStream(Recipe):
    """The recipe of 2s-AGCN (Shi, Zhang, Cheng, Lu; CVPR 2019).

    In space (NTU): of the first four bodies, the two whose coordinates spread most over the frames in which they are
    there (sum of the three standard deviations). Each is repeated from its first frame to its last until `frames` are
    full; where a body comes later than the first frame, the frames without it are dropped first. Then per frame the
    spine middle of the first body is the origin, and both bodies are turned so that in frame 0 the first body's spine
    is along z and its shoulders along x (`upright`).

    In the image (Kinetics): as `StGcn`, with y upwards.

    Attributes:
        stream: "joint" for positions, "bone" for child − parent, with zero at the root of the graph; the
            confidence of Kinetics is subtracted along with x and y.
        frames: T of the array; of longer clips the first `frames` are taken.
    """

    stream: Literal["joint", "bone"] = "joint"
    frames: int = 300

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t v 2"]:
        """Raises TargetError: the data is neither NTU-25 in space nor OpenPose-18 in the image with confidences."""
        if batch.coordinates == 2:
            detected = best_detected("2s-AGCN", batch, self.frames, PEOPLE)
            joints = detected * detected.new_tensor([1, -1, 1])
        else:
            wanted("2s-AGCN", batch, NTU25, 3)
            joints = self._normalised(batch)
        if self.stream == "bone":
            joints = joints - joints[..., _parents(batch), :]
        return network_order(joints)

    def _normalised(self, batch: Skeletons) -> Float[Tensor, "b 2 t 25 3"]:
        joints, present = batch.joints[:, :CANDIDATES], batch.present[:, :CANDIDATES]
        liveliest = _spread(joints, present).argsort(dim=1, descending=True, stable=True)[:, :PEOPLE]
        joints, present = people_at(joints, liveliest), people_at(present, liveliest)
        joints, present = fitted(joints, 1, PEOPLE), fitted(present, 1, PEOPLE)
        joints, present = _repeated(fitted(joints, 2, self.frames), fitted(present, 2, self.frames))
        joints = (joints - joints[:, :1, :, SPINE_MIDDLE, None]) * present[..., None, None]
        return turned(joints, upright(joints[:, 0, 0]))


@torch.no_grad()
def _spread(joints: Float[Tensor, "b m t v c"], present: Bool[Tensor, "b m t"]) -> Float[Tensor, "b m"]:
    """The standard deviations of the coordinates over frames and joints, summed."""
    there = present[..., None, None]
    count = (there.sum((2, 3), keepdim=True) * joints.shape[3]).clamp(min=1)
    mean = (joints * there).sum((2, 3), keepdim=True) / count
    variance = ((joints - mean).square() * there).sum((2, 3), keepdim=True) / count
    return variance.sqrt().sum((2, 3, 4))


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


def _parents(batch: Skeletons) -> list[int]:
    """Each joint's parent in the project's list of bones; the root is its own."""
    backwards = REVERSED.get(batch.layout.name, ())
    bones = dict((b, a) if (a, b) in backwards else (a, b) for a, b in batch.layout.bones)
    return [bones.get(joint, joint) for joint in range(len(batch.layout))]
