"""Adversarial training of ST-GCN: the clips of each batch are attacked by CIASA on the network as it is then."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.attacks import CIASA
from stumble.constraints import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import Goal, Output, SkeletonInput
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import StGcn
from stumble.sequences import Skeletons
from stumble.training.actions import ActionTraining

__all__ = ["HardenedSTGCNTraining"]


@dataclass(frozen=True)
class HardenedSTGCNTraining(ActionTraining):
    """How ST-GCN is trained on attacked clips (Madry et al., 2018, with bones that keep their lengths).

    For clips in space as `StGcn` has them, in metres: the attack sees what the network does.

    Attributes:
        iterations, batch, optimiser, learning_rate, warm_up, weight_decay, dropout, turn, seed, bfloat16: see
            `ActionTraining`.
        share: of the clips of a batch that are attacked.
        epsilon: of the attack's box, in metres.
        steps: of the attack, which together may go one and a half times across the box.

    Raises:
        SpecError: a share outside (0, 1], no steps, or an epsilon that is not above 0; other clips, on being run.
    """

    share: float = 0.5
    epsilon: float = 0.004
    steps: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.steps < 1 or not self.epsilon > 0:
            found = f"share {self.share:g}, steps {self.steps}, epsilon {self.epsilon:g}"
            raise SpecError(f"HardenedSTGCNTraining: found {found}; expected (0, 1], at least 1, and above 0")

    def shown(self, network: ActionRecogniser, x: Float[Tensor, "b 3 t v m"], label: Int[Tensor, " b"]) -> Tensor:
        """The clips, of which the first are attacked; batches are drawn at random."""
        if not isinstance(network.recipe, StGcn) or network.takes.coordinates != 3:
            raise SpecError("HardenedSTGCNTraining: expected clips in space, as the recipe StGcn has them")
        count = max(1, round(self.share * len(x)))
        joints = x[:count].permute(0, 4, 2, 3, 1).contiguous()
        names = tuple(str(row) for row in range(count))
        lengths = torch.full((count,), joints.shape[2])
        clean = Skeletons(joints, joints.ne(0).flatten(3).any(3), lengths, names, network.layout)
        rate = 1.5 * self.epsilon / self.steps
        attack = CIASA(JointBudget(self.epsilon), iterations=self.steps, rate=rate, smooth=False)
        moved = attack(_AsArrays(network), clean, Goal("untargeted", label[:count]), seed=0).adversarial
        return torch.cat([moved.joints.permute(0, 4, 2, 3, 1), x[count:]])


@dataclass(frozen=True)
class _AsArrays:
    """The network on clips that its recipe has been applied to."""

    network: ActionRecogniser

    @property
    def takes(self) -> SkeletonInput:
        return self.network.takes

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=self.network.logits(batch.joints.permute(0, 4, 2, 3, 1)))
