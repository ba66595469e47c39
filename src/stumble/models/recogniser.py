"""What all networks that recognise skeleton actions share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from stumble.interfaces import Output, SkeletonInput
from stumble.layouts import OPENPOSE18, Layout
from stumble.preprocess import Recipe
from stumble.sequences import Skeletons

__all__ = ["ActionRecogniser"]


class ActionRecogniser(nn.Module, ABC):
    """A network from skeletons to a logit per class; a target.

    Args:
        classes: their names, in the order of the logits.
        layout: which joint stands where. The channels are x, y, z, or for OpenPose-18 x, y and confidence.
        recipe: from raw skeletons to the array that `logits` takes.
    """

    def __init__(self, classes: Sequence[str], layout: Layout, recipe: Recipe) -> None:
        super().__init__()
        self.classes, self.layout, self.recipe = tuple(classes), layout, recipe

    @property
    def takes(self) -> SkeletonInput:
        image = self.layout.name == OPENPOSE18.name
        return SkeletonInput(self.layout, 2 if image else 3, confidence=image)

    def forward(self, batch: Skeletons) -> Output:
        """The logits (B, classes) of raw skeletons. Raises TargetError for another layout or other coordinates."""
        self.takes.check(batch)
        return Output(logits=self.logits(self.recipe(batch)))

    @abstractmethod
    def logits(self, x: Float[Tensor, "b 3 t v m"]) -> Float[Tensor, "b classes"]:
        """The logits (B, classes) of arrays as the recipe makes them: channels, frames, joints, people."""
