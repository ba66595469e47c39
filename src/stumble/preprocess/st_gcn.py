"""What ST-GCN was trained on: coordinates as the sensor gives them, padded with zeros."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from stumble.preprocess.axes import fitted, network_order
from stumble.preprocess.detections import best_detected
from stumble.preprocess.recipe import Recipe
from stumble.sequences import Skeletons

__all__ = ["StGcn"]


@dataclass(frozen=True)
class StGcn(Recipe):
    """The recipe of ST-GCN (Yan, Xiong, Lin; AAAI 2018).

    In space (NTU): the first bodies of the file in the sensor's coordinates, in metres. In the image (Kinetics): per
    frame the people of highest score among the first five, the middle of the image as the origin, and the confidence
    as third channel (`best_detected`). Either way zeros fill up `frames`, and of longer clips the first `frames` are
    taken.

    Attributes:
        frames: T of the array.
        people: M of the array.
    """

    frames: int = 300
    people: int = 2

    def __call__(self, batch: Skeletons) -> Float[Tensor, "b 3 t v m"]:
        """Raises TargetError: joints in the image that are not OpenPose-18 with confidences."""
        if batch.coordinates == 2:
            return network_order(best_detected("ST-GCN", batch, self.frames, self.people))
        there = batch.joints * batch.present[..., None, None]
        return network_order(fitted(fitted(there, 1, self.people), 2, self.frames))
