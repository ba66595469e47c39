"""Training GEINet: cross-entropy on the people trained on, Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from stumble.models.geinet import GEINet
from stumble.training.gait import Batch, GaitTraining, Learner, Supervised, embedded
from stumble.training.walks import Walks

__all__ = ["GEINetTraining"]


@dataclass(frozen=True)
class GEINetTraining(GaitTraining[GEINet]):
    """How GEINet is trained: each energy image is that of T frames in a row, so that one walk gives many.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few.
        learning_rate: of Adam.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation, every batch and dropout follow from it.
        bfloat16: convolutions in bfloat16; parameters and loss stay in float32.
        enlarge: 2 enlarges the image to the paper's 128x88.
    """

    iterations: int = 3000
    subjects: int = 16
    frames: int = 30
    bfloat16: bool = False
    enlarge: int = 1

    ordered: ClassVar[bool] = True

    def learner(self, walks: Walks) -> Learner[GEINet]:
        network = GEINet(len(walks), self.enlarge)

        def objective(batch: Batch) -> tuple[Tensor, ...]:
            scores = network.classify(embedded(network, batch.frames, self.bfloat16))
            named = (scores.argmax(1) == batch.label).float().mean()
            return functional.cross_entropy(scores, batch.label), 100 * named

        optimiser = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        return Supervised(network, optimiser, objective, ("loss", "% named"))
