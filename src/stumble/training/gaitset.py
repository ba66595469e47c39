"""Training GaitSet: unordered frames, batch-all triplet loss, Adam."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stumble.models.gaitset import GaitSet
from stumble.training.gait import Batch, GaitTraining, Learner, Supervised, embedded
from stumble.training.triplet import batch_all_triplet
from stumble.training.walks import Walks

__all__ = ["GaitSetTraining"]


@dataclass(frozen=True)
class GaitSetTraining(GaitTraining[GaitSet]):
    """How GaitSet is trained. The paper: 8 subjects x 16 sequences x 30 frames, Adam 1e-4, 80,000 iterations.

    The defaults are set for a CPU: a seventh of the frames per iteration at a higher learning rate.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few.
        learning_rate: of Adam.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation and every batch follow from it.
        bfloat16: convolutions in bfloat16; parameters and loss stay in float32.
        margin: of the triplet loss.
    """

    margin: float = 0.2

    def learner(self, walks: Walks) -> Learner[GaitSet]:
        network = GaitSet()

        def objective(batch: Batch) -> tuple[Tensor, ...]:
            loss, left = batch_all_triplet(embedded(network, batch.frames, self.bfloat16), batch.label, self.margin)
            return loss, 100 * left

        optimiser = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        return Supervised(network, optimiser, objective, ("loss", "% of triplets left"))
