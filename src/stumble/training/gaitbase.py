"""Training GaitBase: triplet loss on the embedding, cross-entropy behind the necks, SGD, augmented clips."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stumble.models.gaitbase import GaitBase
from stumble.training.augmentation import Augmentation
from stumble.training.gait import Batch, GaitTraining, Learner, Supervised, embedded
from stumble.training.triplet import batch_all_triplet
from stumble.training.walks import Walks

__all__ = ["GaitBaseTraining"]


@dataclass(frozen=True)
class GaitBaseTraining(GaitTraining[GaitBase]):
    """How GaitBase is trained. OpenGait on CASIA-B: 8 subjects x 16 sequences x 30 frames, SGD 0.1 divided by ten at
    20,000, 40,000 and 50,000 of 60,000 iterations, 64 to 512 channels.

    The defaults are set for a CPU: a tenth of the frames per iteration, and a network of half the channels, which
    needs a quarter of the work and of the space.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few.
        learning_rate: of SGD with momentum.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation, every batch and change of a clip follow from it.
        bfloat16: convolutions in bfloat16; parameters and loss stay in float32.
        channels: of the four stages.
        margin: of the triplet loss.
        scale: of the cosines, as logits of the cross-entropy.
        smoothing: of the cross-entropy's labels.
        momentum, weight_decay: of SGD.
        augmentation: what may happen to a clip.
    """

    iterations: int = 1200
    frames: int = 6
    learning_rate: float = 0.1
    channels: tuple[int, int, int, int] = (32, 64, 128, 256)
    margin: float = 0.2
    scale: float = 16.0
    smoothing: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    augmentation: Augmentation = Augmentation(turn=0.3, erase=0.3)

    def learner(self, walks: Walks) -> Learner[GaitBase]:
        network = GaitBase(len(walks), self.channels)

        def objective(batch: Batch) -> tuple[Tensor, ...]:
            embedding = embedded(network, self.augmentation(batch.frames, batch.chance), self.bfloat16)
            triplets, left = batch_all_triplet(embedding, batch.label, self.margin)
            scores = network.classify(embedding).transpose(1, 2)
            labels = batch.label[:, None].expand(-1, scores.shape[2])
            people = functional.cross_entropy(self.scale * scores, labels, label_smoothing=self.smoothing)
            named = (scores.mean(2).argmax(1) == batch.label).float().mean()
            return triplets + people, 100 * left, 100 * named

        optimiser = torch.optim.SGD(
            network.parameters(), self.learning_rate, self.momentum, weight_decay=self.weight_decay
        )
        return Supervised(network, optimiser, objective, ("loss", "% of triplets left", "% named"))
