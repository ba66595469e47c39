"""Training SelfGait: first without labels, by predicting one view of a clip from another; then by triplets."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stumble.models.selfgait import SelfGait
from stumble.training.augmentation import Augmentation
from stumble.training.gait import Batch, GaitTraining, Learner, embedded
from stumble.training.triplet import batch_all_triplet
from stumble.training.walks import Walks

__all__ = ["SelfGaitTraining"]

DIMENSIONS, HIDDEN = 128, 256


@dataclass(frozen=True)
class SelfGaitTraining(GaitTraining[SelfGait]):
    """How SelfGait is trained. The paper: 8 subjects x 16 sequences x 30 frames; BYOL (Grill et al., 2020) by SGD
    0.03, then batch-all triplets.

    Two views of a clip are the same frames changed at random. The online network predicts, part by part, what a
    running average of itself says of the other view, and never sees who walks. The authors' code averages all but the
    temporal modules, which its target lacks; here the target is the whole network, as BYOL has it.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few. The
            T frames follow each other.
        learning_rate: of Adam.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation, every batch and view follow from it.
        bfloat16: convolutions in bfloat16; parameters and losses stay in float32.
        unlabelled: so many of the iterations come first and learn without labels.
        average: decay per iteration of the running average.
        margin: of the triplet loss.
        views: what may happen to a clip when it is learnt from without labels.
    """

    iterations: int = 1500
    unlabelled: int = 500
    average: float = 0.996
    margin: float = 0.2
    views: Augmentation = Augmentation(flip=0.5, turn=0.5, erase=0.5)

    ordered: ClassVar[bool] = True

    def learner(self, walks: Walks) -> Learner[SelfGait]:
        return _Bootstrap(self)


class _Bootstrap(Learner[SelfGait]):
    """The network, its running average, and the heads with which they are compared."""

    figures = ("loss", "% of triplets left")

    def __init__(self, training: SelfGaitTraining) -> None:
        self.training = training
        self.network, self.project, self.predict = SelfGait(), _head(), _head()
        self.target = deepcopy(self.network).requires_grad_(False)
        self.target_project = deepcopy(self.project).requires_grad_(False)
        learnt = nn.ModuleList([self.network, self.project, self.predict])
        self.optimiser = torch.optim.Adam(learnt.parameters(), training.learning_rate, fused=True)
        self.parts = {
            "network": self.network,
            "project": self.project,
            "predict": self.predict,
            "target": self.target,
            "target project": self.target_project,
            "optimiser": self.optimiser,
        }

    def step(self, batch: Batch, rate: float) -> tuple[float, ...]:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if batch.iteration >= self.training.unlabelled:
            embedding = embedded(self.network, batch.frames, self.training.bfloat16)
            loss, left = batch_all_triplet(embedding, batch.label, self.training.margin)
            self._descend(loss)
            return loss.item(), 100 * left.item()
        views = [self.training.views(batch.frames, batch.chance) for _ in range(2)]
        predicted = [self.predict(self.project(self._parts(self.network, view))) for view in views]
        with torch.no_grad():
            wanted = [self.target_project(self._parts(self.target, view)) for view in views]
        likeness = [functional.cosine_similarity(a, b).mean() for a, b in zip(predicted, reversed(wanted), strict=True)]
        loss = 2 - sum(likeness, torch.zeros(()))
        self._descend(loss)
        self._follow()
        return loss.item(), float("nan")

    def _parts(self, network: SelfGait, frames: Float[Tensor, "b t 64 44"]) -> Float[Tensor, "bp d"]:
        return embedded(network, frames, self.training.bfloat16).flatten(0, 1)

    def _descend(self, loss: Tensor) -> None:
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    @torch.no_grad()
    def _follow(self) -> None:
        for averaged, own in ((self.target, self.network), (self.target_project, self.project)):
            for mean, value in zip(averaged.parameters(), own.parameters(), strict=True):
                mean.lerp_(value, 1 - self.training.average)


def _head() -> nn.Sequential:
    """The same for every part, whose vectors it sees one by one."""
    return nn.Sequential(
        nn.Linear(DIMENSIONS, HIDDEN),
        nn.BatchNorm1d(HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, DIMENSIONS),
    )
