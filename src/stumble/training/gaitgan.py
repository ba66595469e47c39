"""Training GaitGAN: a generator of side views against a discriminator of real images and one of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam

from stumble.errors import SpecError
from stumble.models.gaitgan import Discriminator, GaitGAN, squared
from stumble.training.gait import Batch, GaitTraining, Learner
from stumble.training.walks import Walks

__all__ = ["GaitGANTraining"]

SIDE = "090"
BETAS = (0.5, 0.999)


@dataclass(frozen=True)
class GaitGANTraining(GaitTraining[GaitGAN]):
    """How GaitGAN is trained: each step first the two discriminators, then the generator, which has to deceive both.

    What is to be generated is the energy image of the same person from the side (view 090) in normal clothes (NM),
    of one of the person's sequences at random. Besides the paper's losses the generator has one on pixels: with few
    iterations the other two alone find the side view, but not yet the person.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few. An
            energy image is that of T frames in a row.
        learning_rate: of Adam, for all three networks.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation and every batch follow from it.
        bfloat16: convolutions in bfloat16; parameters and losses stay in float32.
        width: channels behind the first convolution of each network; the paper's are 96.
        pixels: weight of the mean absolute difference of pixels in [-1, 1]; 0 in the paper.
    """

    frames: int = 30
    learning_rate: float = 2e-4
    width: int = 48
    pixels: float = 10.0

    ordered: ClassVar[bool] = True

    def learner(self, walks: Walks) -> Learner[GaitGAN]:
        return _Adversaries(self, [_side_views(name, walks) for name in sorted(walks)])


class _Adversaries(Learner[GaitGAN]):
    """Generator and discriminators.

    Args:
        sides: of each person, energy images (S, 64, 64) from the side.
    """

    figures = ("pixel difference", "generator's loss", "loss on real and fake", "loss on people")

    def __init__(self, training: GaitGANTraining, sides: Sequence[Float[Tensor, "s 64 64"]]) -> None:
        self.training, self.sides = training, sides
        self.network = GaitGAN(training.width)
        self.real, self.person = Discriminator(training.width), Discriminator(training.width, images=2)
        networks = {"network": self.network, "real": self.real, "person": self.person}
        self.optimisers = {
            f"{name} optimiser": Adam(network.parameters(), training.learning_rate, BETAS, fused=True)
            for name, network in networks.items()
        }
        self.parts = {**networks, **self.optimisers}

    def step(self, batch: Batch, rate: float) -> tuple[float, ...]:
        source = squared(batch.frames.mean(1))
        target = torch.stack([self._side(label, batch.chance) for label in batch.label.tolist()])
        other = target.roll(self.training.sequences, 0)  # the next person's
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training.bfloat16):
            made = self.network.generate(source)
            kept = made.detach()
            real = (_told(self.real(target), True) + _told(self.real(kept), False)) / 2
            right, wrong = self.person(source, target), (self.person(source, kept), self.person(source, other))
            person = (_told(right, True) + sum(_told(score, False) for score in wrong)) / 3
        self._descend("real optimiser", real, rate)
        self._descend("person optimiser", person, rate)
        discriminators = nn.ModuleList([self.real, self.person]).requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training.bfloat16):
            deceived = _told(self.real(made), True) + _told(self.person(source, made), True)
        difference = (made - target).abs().mean()
        self._descend("network optimiser", deceived + self.training.pixels * difference, rate)
        discriminators.requires_grad_(True)
        return difference.item(), deceived.item(), real.item(), person.item()

    def _side(self, label: int, chance: np.random.Generator) -> Float[Tensor, "64 64"]:
        own = self.sides[label]
        return own[int(chance.integers(len(own)))]

    def _descend(self, name: str, loss: Tensor, rate: float) -> None:
        optimiser = self.optimisers[name]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _side_views(subject: str, walks: Walks) -> Float[Tensor, "s 64 64"]:
    own = [frames for key, frames in walks[subject].items() if key.view == SIDE and key.kind == "NM"]
    if not own:
        found = f"{subject}: {len(walks[subject])} sequences"
        raise SpecError(f"{found}, none of them of a normal walk (NM) from the side ({SIDE}); expected at least one")
    images = np.stack([frames.mean(0, dtype=np.float32) / 255 for frames in own])
    return squared(torch.from_numpy(images))


def _told(scores: Float[Tensor, " b"], real: bool) -> Float[Tensor, ""]:
    """The cross-entropy of logits where all are real, or none is."""
    return functional.binary_cross_entropy_with_logits(scores, torch.full_like(scores, float(real)))
