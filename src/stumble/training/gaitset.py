"""Training GaitSet: unordered frames, batch-all triplet loss, Adam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.errors import SpecError
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
        fewest: each sequence of a batch has from so many to `frames` frames, log-uniformly drawn, so that few frames
            of a walk are embedded near to many of it, as voting by groups of frames wants it; None gives all `frames`.

    Raises:
        SpecError: a `fewest` that is not from 1 to `frames`.
    """

    margin: float = 0.2
    fewest: int | None = None

    def __post_init__(self) -> None:
        if self.fewest is not None and not 1 <= self.fewest <= self.frames:
            raise SpecError(f"GaitSetTraining: fewest is {self.fewest}; it must be from 1 to {self.frames}, the frames")

    def learner(self, walks: Walks) -> Learner[GaitSet]:
        network = GaitSet()

        def objective(batch: Batch) -> tuple[Tensor, ...]:
            return self.loss(network, self.shown(network, batch), batch)

        optimiser = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        return Supervised(network, optimiser, objective, ("loss", "% of triplets left"))

    def shown(self, network: GaitSet, batch: Batch) -> Float[Tensor, "b t 64 44"]:
        """What the network is shown of a batch: its frames."""
        return batch.frames

    def loss(
        self, network: GaitSet, frames: Float[Tensor, "b t 64 44"], batch: Batch
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """The triplet loss of a batch whose frames are these, and the share of triplets left in percent."""
        lengths = self.lengths(batch.chance, len(frames))
        loss, left = batch_all_triplet(embedded(network, frames, self.bfloat16, lengths), batch.label, self.margin)
        return loss, 100 * left

    def lengths(self, chance: np.random.Generator, count: int) -> Int[Tensor, " b"]:
        """How many frames each of so many sequences of a batch has."""
        if self.fewest is None:
            return torch.full((count,), self.frames)
        share = chance.random(count)
        drawn = np.floor(self.fewest * ((self.frames + 1) / self.fewest) ** share)
        return torch.from_numpy(drawn.astype(np.int64)).clamp(self.fewest, self.frames)
