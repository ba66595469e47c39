"""Training the discriminator of poses beforehand: clean ones against attacked ones, least squares, Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.errors import DataError, SpecError
from stumble.layouts import Layout
from stumble.priors.bone_angles import (
    BoneAngleDiscriminator,
    angle_maps,
    lsgan_discriminator_loss,
)
from stumble.seeds import stream
from stumble.sequences import Skeletons
from stumble.training.checkpoint import fingerprint
from stumble.training.loop import train
from stumble.training.memory import keep_freed_memory

__all__ = ["BoneAngleProgress", "BoneAngleTraining", "PosePairs", "taken_for_real"]


@dataclass(frozen=True)
class PosePairs:
    """Poses of one person in one frame each, before and after an attack.

    Attributes:
        clean, attacked: (P, J, C) float32, in the units of the data.
        visible: (P, J) which joints were detected.
        layout: which joint stands where.
    """

    clean: Float[Tensor, "p j c"]
    attacked: Float[Tensor, "p j c"]
    visible: Bool[Tensor, "p j"]
    layout: Layout

    def __len__(self) -> int:
        return len(self.clean)

    @classmethod
    def of(cls, pairs: Iterable[tuple[Skeletons, Skeletons]]) -> PosePairs:
        """All poses that an attack changed, of pairs of clean and adversarial sequences.

        Raises:
            DataError: there is none, or they are of several layouts.
        """
        parts, layouts = [], set()
        for clean, adversarial in pairs:
            layouts.add(clean.layout)
            changed = clean.present & (clean.joints != adversarial.joints).flatten(3).any(3)
            parts.append([one[changed].float() for one in (clean.joints, adversarial.joints)])
            parts[-1].append(clean.visible[changed])
        if len(layouts) != 1 or not sum(len(part[0]) for part in parts):
            found = f"{sum(len(part[0]) for part in parts)} attacked poses of {len(layouts)} layouts"
            raise DataError("pairs of poses", found, "some, of one layout")
        clean_poses, attacked_poses, visible = (torch.cat(column) for column in zip(*parts, strict=True))
        return cls(clean_poses, attacked_poses, visible.bool(), layouts.pop())

    def maps(self, index: Tensor) -> tuple[Float[Tensor, "b k k"], Float[Tensor, "b k k"]]:
        """The bone angles of the chosen poses, clean and attacked."""
        visible = self.visible[index]
        clean, attacked = (angle_maps(poses[index], self.layout, visible) for poses in (self.clean, self.attacked))
        return clean, attacked


@torch.no_grad()
def taken_for_real(network: BoneAngleDiscriminator, poses: PosePairs) -> tuple[float, float]:
    """Percentage of the clean and of the attacked poses that the discriminator takes for real."""
    hits = torch.zeros(2, dtype=torch.int64)
    for part in torch.arange(len(poses)).split(1024):
        hits += torch.tensor([int((network(maps) > 0.5).sum()) for maps in poses.maps(part)])
    clean, attacked = (100 * hits / len(poses)).tolist()
    return clean, attacked


@dataclass(frozen=True)
class BoneAngleProgress:
    """How the training stands.

    Attributes:
        iteration: iterations done, of `iterations`.
        loss: mean over the iterations since the last report, between 0 and 2; 0.5 where it cannot tell.
        seconds: per iteration, mean likewise.
    """

    iteration: int
    iterations: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class BoneAngleTraining:
    """How the discriminator is trained.

    Attributes:
        batch: clean poses per iteration, and as many attacked ones, the same before and after.
        learning_rate: of Adam; it falls linearly to 0 over the last part of the iterations.
        decay: the share of that part.
        seed: initialisation and batches follow from it.
    """

    iterations: int = 2000
    batch: int = 128
    learning_rate: float = 1e-3
    decay: float = 0.5
    seed: int = 0

    def run(
        self,
        poses: PosePairs,
        state: Path,
        *,
        progress: Callable[[BoneAngleProgress], None] = lambda _: None,
        report_every: int = 20,
        save_every: int = 200,
    ) -> BoneAngleDiscriminator:
        """Train, or go on where the state file says that an earlier run stopped.

        Args:
            poses: what to tell apart.
            state: file that holds the state of the unfinished training.
            progress: is told every `report_every` iterations.

        Returns:
            The discriminator in inference mode.

        Raises:
            SpecError: fewer poses than in a batch.
            WeightsError: the state file is damaged or of another training.
        """
        if not 1 <= self.batch <= len(poses):
            raise SpecError(
                f"a batch of {self.batch} of {len(poses)} pairs of poses; expected at most as many as there are"
            )
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = BoneAngleDiscriminator(poses.layout)
        optimiser = torch.optim.Adam(network.parameters(), self.learning_rate)
        train(
            lambda iteration: self._step(network, optimiser, poses, iteration),
            {"network": network, "optimiser": optimiser},
            state,
            {**asdict(self), "data": fingerprint([poses.clean.numpy(), poses.attacked.numpy()])},
            iterations=self.iterations,
            report=lambda done, *figures: progress(BoneAngleProgress(done, self.iterations, *figures)),
            report_every=report_every,
            save_every=save_every,
        )
        return network.eval()

    def _step(
        self, network: BoneAngleDiscriminator, optimiser: torch.optim.Optimizer, poses: PosePairs, iteration: int
    ) -> tuple[float]:
        for group in optimiser.param_groups:
            rest = (self.iterations - iteration) / max(self.decay * self.iterations, 1)
            group["lr"] = self.learning_rate * min(1.0, rest)
        generator = stream(self.seed, f"iteration {iteration}", "bone angle batch")
        index = torch.from_numpy(generator.choice(len(poses), self.batch, replace=False))
        real, fake = network(torch.cat(poses.maps(index))).chunk(2)
        everything = torch.ones(1, self.batch, dtype=torch.bool)
        loss = lsgan_discriminator_loss(real[None], fake[None], everything, everything).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return (loss.item(),)
