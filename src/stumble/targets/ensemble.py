"""Several action recognisers as one: what 2s-AGCN makes of its streams, and a source from which attacks transfer."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from stumble.errors import TargetError
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.sequences import Skeletons

__all__ = ["Ensemble"]


@dataclass(frozen=True)
class Ensemble:
    """A target that answers with the mean of its members' logits.

    The class it names is that of the largest sum of scores, which is how 2s-AGCN joins its streams. That attacks see a
    mean of logits rather than of probabilities or of losses is what Dong et al. (CVPR 2018) found to transfer
    best: no member's gradient vanishes because that member is sure already. Since this is a target, every attack takes
    it as it is.

    Attributes:
        members: at least one; they take the same skeletons and have the same classes.
    """

    members: tuple[SkeletonTarget, ...]

    def __post_init__(self) -> None:
        takes = [member.takes for member in self.members]
        if not takes or any(each != takes[0] for each in takes):
            found = ", ".join(dict.fromkeys(f"{each.coordinates} coordinates of {each.layout.name}" for each in takes))
            raise TargetError(f"an ensemble of targets that take {found or 'nothing'}; expected all to take the same")

    @property
    def takes(self) -> SkeletonInput:
        return self.members[0].takes

    def __call__(self, batch: Skeletons) -> Output:
        """The logits, differentiable with respect to the joints. Raises TargetError, also for different classes."""
        answers = [member(batch).logits for member in self.members]
        sizes = [0 if answer is None else answer.shape[1] for answer in answers]
        logits = [answer for answer in answers if answer is not None]
        if len(set(sizes)) > 1 or not logits:
            found = ", ".join(map(str, sizes))
            raise TargetError(f"an ensemble of targets that answer with {found} logits; expected as many from each")
        return Output(logits=torch.stack(logits).mean(0))
