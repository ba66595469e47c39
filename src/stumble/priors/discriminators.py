"""CIASA's plausibility term: a discriminator of bone angles, trained beforehand or along with the attack."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.errors import SpecError
from stumble.interfaces import PosePool, Weights
from stumble.layouts import Layout
from stumble.priors.bone_angles import (
    BoneAngleDiscriminator,
    angle_maps,
    lsgan_discriminator_loss,
    lsgan_generator_loss,
    per_sample_scores,
    stacked_parameters,
)
from stumble.priors.pose_prior import PoseCritic, PosePrior
from stumble.seeds import stream
from stumble.sequences import Skeletons

__all__ = ["Frozen", "TrainedAlong", "discriminator_of"]


def discriminator_of(weights: Weights, layout: Layout) -> BoneAngleDiscriminator:
    """The discriminator behind a weights reference. Raises SpecError where it is another network or layout."""
    network = weights.load()
    if not isinstance(network, BoneAngleDiscriminator):
        raise SpecError(f"{weights}: a {type(network).__name__}; expected a discriminator of bone angles")
    if network.layout != layout:
        raise SpecError(f"{weights}: a discriminator of {network.layout.name} skeletons; the data has {layout.name}")
    return network


def _maps(batch: Skeletons) -> tuple[Float[Tensor, "b f k k"], Bool[Tensor, "b f"]]:
    """The map of each person in each frame, and which of them are there."""
    maps = angle_maps(batch.joints, batch.layout, batch.visible)
    return maps.flatten(1, 2), batch.present.flatten(1)


@dataclass(frozen=True)
class Frozen(PosePrior):
    """One discriminator for all samples, trained beforehand on clean against attacked poses.

    Beyond the paper, cheaper than its own, and no sample depends on another.

    Attributes:
        weights: of a `BoneAngleDiscriminator`.
    """

    weights: Weights

    def begin(self, clean: Skeletons, seed: int) -> PoseCritic:
        return _FrozenCritic(discriminator_of(self.weights, clean.layout))


@dataclass(frozen=True)
class _FrozenCritic(PoseCritic):
    network: BoneAngleDiscriminator

    def loss(self, batch: Skeletons) -> Float[Tensor, " b"]:
        maps, mask = _maps(batch)
        there = self.network(maps[mask])
        return lsgan_generator_loss(there.new_zeros(mask.shape).masked_scatter(mask, there), mask)

    def learn(self, batch: Skeletons) -> None:
        """Nothing: it is frozen."""

    def select(self, index: Tensor) -> PoseCritic:
        return self


@dataclass(frozen=True)
class TrainedAlong(PosePrior):
    """The paper's: the discriminator learns to tell poses under attack from clean ones, a step of Adam per iteration.

    The paper trains one per batch; here each sample has its own, all from one initialisation, so that a sample's
    result does not depend on its batch.

    Attributes:
        poses: clean poses; a sample's discriminator is shown those of other samples.
        shown: how many of them at each step, drawn anew.
        rate: the learning rate. At 0.01, the paper's for the joints, the logistic function saturates within ten steps,
            and a discriminator that takes everything for real teaches nothing.
    """

    poses: PosePool
    shown: int = 64
    rate: float = 0.001

    def begin(self, clean: Skeletons, seed: int) -> PoseCritic:
        poses, owners = self.poses.load()
        if poses.shape[1:] != clean.joints.shape[3:]:
            found, expected = tuple(poses.shape[1:]), tuple(clean.joints.shape[3:])
            raise SpecError(f"clean poses for the discriminator: found (joints, axes) {found}; the data has {expected}")
        allowed = [torch.tensor([k for k, owner in enumerate(owners) if owner != name]) for name in clean.ids]
        if short := [name for name, own in zip(clean.ids, allowed, strict=True) if not len(own)]:
            raise SpecError(f"{short[0]}: found no clean poses of other samples; its discriminator needs some")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = BoneAngleDiscriminator(clean.layout).to(clean.joints.device)
        maps = angle_maps(poses.to(clean.joints), clean.layout)
        return _LearningCritic(self, network, stacked_parameters(network, len(clean)), maps, clean.ids, allowed, seed)


class _LearningCritic(PoseCritic):
    def __init__(
        self,
        prior: TrainedAlong,
        network: BoneAngleDiscriminator,
        parameters: dict[str, Tensor],
        real: Float[Tensor, "p k k"],
        ids: tuple[str, ...],
        allowed: list[Tensor],
        seed: int,
        steps: int = 0,
    ) -> None:
        self.prior, self.network, self.parameters, self.real = prior, network, parameters, real
        self.ids, self.allowed, self.seed, self.steps = ids, allowed, seed, steps
        self.optimiser = torch.optim.Adam(list(parameters.values()), prior.rate)

    def loss(self, batch: Skeletons) -> Float[Tensor, " b"]:
        maps, mask = _maps(batch)
        held = {name: value.detach() for name, value in self.parameters.items()}
        return lsgan_generator_loss(per_sample_scores(self.network, held, maps), mask)

    def learn(self, batch: Skeletons) -> None:
        maps, mask = _maps(batch.moved(batch.joints.detach()))
        real = self._drawn()
        scores = per_sample_scores(self.network, self.parameters, torch.cat([real, maps], 1))
        of_real, of_fake = scores.split([real.shape[1], maps.shape[1]], 1)
        loss = lsgan_discriminator_loss(of_real, of_fake, torch.ones_like(of_real, dtype=torch.bool), mask)
        self.optimiser.zero_grad()
        loss.sum().backward()  # of one sample's parameters nothing but its own loss knows, and Adam works elementwise
        self.optimiser.step()
        self.steps += 1

    def select(self, index: Tensor) -> PoseCritic:
        chosen = index.tolist()
        parameters = {name: value.detach()[index].requires_grad_() for name, value in self.parameters.items()}
        ids, allowed = tuple(self.ids[k] for k in chosen), [self.allowed[k] for k in chosen]
        fewer = _LearningCritic(self.prior, self.network, parameters, self.real, ids, allowed, self.seed, self.steps)
        for name, value in self.parameters.items():
            if moments := self.optimiser.state.get(value):
                kept = {key: m[index] if m.ndim else m.clone() for key, m in moments.items()}
                fewer.optimiser.state[parameters[name]] = kept
        return fewer

    def _drawn(self) -> Float[Tensor, "b r k k"]:
        """Clean poses of others for each sample, by seed, sample and step alone."""
        rows = []
        for name, allowed in zip(self.ids, self.allowed, strict=True):
            draw = stream(self.seed, name, f"clean poses {self.steps}")
            rows.append(allowed[draw.integers(len(allowed), size=self.prior.shown)])
        return self.real[torch.stack(rows)]
