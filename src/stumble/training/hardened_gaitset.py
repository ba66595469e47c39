"""Adversarial training of GaitSet: some sequences of each batch have frames that are made to hurt it as it is then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stumble.attacks import TemporalSparse
from stumble.constraints import RandomPositions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Goal, Weights
from stumble.models.gaitset import GaitSet
from stumble.sequences import Silhouettes
from stumble.targets.frozen import frozen
from stumble.training.gait import Batch
from stumble.training.gaitset import GaitSetTraining
from stumble.zoo import Shipped

__all__ = ["HardenedGaitSetTraining"]


@dataclass(frozen=True)
class HardenedGaitSetTraining(GaitSetTraining):
    """How GaitSet is trained on temporal sparse attacks (Madry et al., 2018, with generated frames for the noise).

    Clean frames of attacked sequences are encoded once for all steps of the attack, which costs less than the training
    itself.

    Attributes:
        iterations, subjects, sequences, frames, learning_rate, decay, seed, bfloat16, margin: see `GaitSetTraining`.
        fewest: has no place here.
        prior: the generator of the attack.
        share: of the sequences of a batch that are attacked.
        edited: frames of each that the attack makes, at random places.
        steps, step: of the attack.

    Raises:
        SpecError: a share outside (0, 1], no steps, more edited frames than a clip has, or a `fewest`, which would cut
            off most of the frames that the attack made.
    """

    prior: Weights = Shipped("wgan-synthetic")
    share: float = 0.5
    edited: int = 1
    steps: int = 5
    step: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fewest is not None:
            raise SpecError(f"HardenedGaitSetTraining: found fewest {self.fewest}; expected none, and whole clips")
        if not 0 < self.share <= 1 or self.steps < 1 or not 1 <= self.edited < self.frames:
            found = f"share {self.share:g}, steps {self.steps}, {self.edited} of {self.frames} frames edited"
            raise SpecError(f"HardenedGaitSetTraining: found {found}; expected (0, 1], at least 1, and fewer than all")

    def settings(self) -> dict[str, object]:
        return {**super().settings(), "prior": self.prior.digest}

    def shown(self, network: GaitSet, batch: Batch) -> Float[Tensor, "b t 64 44"]:
        """The frames of the batch with those of the attack, which is on the network as it is."""
        rows = batch.chance.permutation(len(batch.frames))[: max(1, round(self.share * len(batch.frames)))]
        index = torch.from_numpy(np.sort(rows))
        own = batch.frames[index]
        clean = Silhouettes(own, torch.full((len(own),), self.frames), tuple(str(row) for row in index.tolist()))
        attack = TemporalSparse(
            self.prior,
            budget=Sparsity(frames=self.edited),
            positions=RandomPositions(),
            iterations=self.steps,
            step=self.step,
            plausibility=0.0,
        )
        with frozen(network), torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            with torch.no_grad():
                reference = network(clean).embedding
            goal = Goal("untargeted", batch.label[index], None, reference)
            result = attack(network, clean, goal, seed=batch.iteration)
        return batch.frames.index_copy(0, index, result.adversarial.frames.to(batch.frames.dtype))
