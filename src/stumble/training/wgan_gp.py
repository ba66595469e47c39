"""Training the silhouette WGAN-GP: Wasserstein critic with gradient penalty, generator weights averaged over steps."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from stumble.data.gait import GaitData, SequenceKey
from stumble.errors import DataError, SpecError
from stumble.models.wgan_gp import SilhouetteGAN, on_sphere
from stumble.seeds import stream
from stumble.training.checkpoint import fingerprint
from stumble.training.loop import train
from stumble.training.memory import keep_freed_memory

__all__ = ["WganProgress", "WganTraining", "contact_sheet", "sample", "single_frames"]


def single_frames(
    data: GaitData,
    per_sequence: int = 25,
    on_loaded: Callable[[int], None] | None = None,
    on_damage: Callable[[SequenceKey, DataError], None] | None = None,
) -> UInt8[np.ndarray, "n 64 44"]:
    """Up to `per_sequence` frames of each sequence, evenly spaced: neighbours differ too little to be worth memory."""
    chosen = []
    for number, (_, frames) in enumerate(data.sequences(on_damage), 1):
        chosen.append(frames[np.unique(np.linspace(0, len(frames) - 1, per_sequence).round().astype(int))])
        if on_loaded is not None:
            on_loaded(number)
    if not chosen:
        raise DataError(data.name, "no readable sequence", "at least one")
    return np.concatenate(chosen)


def latents(seed: int, name: str, count: int, dimension: int) -> Float[Tensor, "f v"]:
    """Latents uniform on the sphere."""
    return on_sphere(torch.from_numpy(stream(seed, name, "latents").standard_normal((count, dimension), np.float32)))


@torch.no_grad()
def sample(prior: SilhouetteGAN, count: int, seed: int, batch: int = 256) -> Float[Tensor, "f 64 44"]:
    """Generated silhouettes in [0, 1], their latents uniform on the sphere."""
    z = latents(seed, "sample", count, prior.latent_dim)
    return torch.cat([prior.generate(part) for part in z.split(batch)])


def contact_sheet(
    prior: SilhouetteGAN, rows: int = 8, columns: int = 16, seed: int = 0
) -> UInt8[np.ndarray, "height width"]:
    """A picture of rows x columns generated silhouettes, as levels 0..255."""
    frames = (sample(prior, rows * columns, seed) * 255).round().to(torch.uint8).numpy()
    return frames.reshape(rows, columns, 64, 44).swapaxes(1, 2).reshape(rows * 64, columns * 44)


@dataclass(frozen=True)
class WganProgress:
    """How the training stands.

    Attributes:
        step: generator steps done, of `steps`.
        distance: mean critic score of real minus that of generated frames, the estimate of the Wasserstein
            distance (up to the critic's Lipschitz constant); mean since the last report, like the next two.
        slope: norm of the critic's gradient where it is penalised; 1 is wanted.
        seconds: per generator step.
    """

    step: int
    steps: int
    distance: float
    slope: float
    seconds: float


@dataclass(frozen=True)
class WganTraining:
    """How the generator and its critic are trained.

    Attributes:
        iterations: generator steps.
        width: channels of both networks at 32x24.
        batch: real and generated frames per step.
        penalised: interpolated frames per critic step on which the gradient is penalised, at most `batch`.
        critic_steps: per generator step.
        generator_rate, critic_rate: learning rates of Adam (beta 0 and 0.9).
        decay: share of the steps over which both rates fall linearly to 0 at the end.
        penalty: weight of the gradient penalty.
        drift: weight of the mean squared score, which keeps scores near 0.
        average: decay per step of the running average of the generator's weights, which is what is returned.
        seed: initialisation, batches and latents follow from it.
        bfloat16: convolutions in bfloat16, but for the gradient penalty's.
    """

    iterations: int = 8000
    width: int = 32
    batch: int = 64
    penalised: int = 16
    critic_steps: int = 2
    generator_rate: float = 2e-4
    critic_rate: float = 4e-4
    decay: float = 0.4
    penalty: float = 10.0
    drift: float = 1e-3
    average: float = 0.999
    seed: int = 0
    bfloat16: bool = True

    def run(
        self,
        frames: UInt8[np.ndarray, "n 64 44"],
        state: Path,
        *,
        progress: Callable[[WganProgress], None] = lambda _: None,
        report_every: int = 20,
        save_every: int = 250,
        on_save: Callable[[SilhouetteGAN, int], None] = lambda _prior, _step: None,
    ) -> SilhouetteGAN:
        """Train, or go on where the state file says that an earlier run stopped.

        Args:
            frames: real silhouettes as levels, see `single_frames`.
            state: file that holds the state of the unfinished training.
            progress: is told every `report_every` generator steps.
            on_save: is given the averaged network whenever the state is saved, for instance for `contact_sheet`.

        Returns:
            The averaged generator with its critic, in inference mode, not yet calibrated.

        Raises:
            SpecError: fewer real frames than in a batch, or more penalised ones.
            WeightsError: the state file is damaged or of another training.
        """
        if not 1 <= self.penalised <= self.batch <= len(frames):
            counts = f"{self.penalised} penalised frames, a batch of {self.batch} and {len(frames)} real frames"
            raise SpecError(f"{counts}; expected them in ascending order")
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = SilhouetteGAN(self.width)
        averaged = deepcopy(network).requires_grad_(False).eval()
        averaged.scorer = network.scorer
        generator = torch.optim.Adam(network.generator.parameters(), self.generator_rate, (0.0, 0.9), fused=True)
        critic = torch.optim.Adam(network.scorer.parameters(), self.critic_rate, (0.0, 0.9), fused=True)

        def step(iteration: int) -> tuple[float, float]:
            rate = min(1.0, (self.iterations - iteration) / max(self.decay * self.iterations, 1))
            _set_rate(generator, self.generator_rate * rate)
            _set_rate(critic, self.critic_rate * rate)
            for inner in range(self.critic_steps):
                figures = self._critic_step(network, critic, frames, f"{iteration}.{inner}")
            self._generator_step(network, generator, f"{iteration}")
            weight = 1 - min(self.average, (1 + iteration) / (10 + iteration))
            with torch.no_grad():
                for mean, value in zip(averaged.generator.parameters(), network.generator.parameters(), strict=True):
                    mean.lerp_(value, weight)
            return figures

        train(
            step,
            {"network": network, "averaged": averaged.generator, "generator": generator, "critic": critic},
            state,
            {**asdict(self), "data": fingerprint([frames])},
            iterations=self.iterations,
            report=lambda done, *figures: progress(WganProgress(done, self.iterations, *figures)),
            report_every=report_every,
            save_every=save_every,
            saved=lambda done: on_save(averaged, done),
        )
        return averaged.requires_grad_(False)

    def _critic_step(
        self, network: SilhouetteGAN, optimiser: torch.optim.Optimizer, data: np.ndarray, name: str
    ) -> tuple[float, float]:
        draw = stream(self.seed, name, "wgan critic")
        real = torch.from_numpy(data[np.sort(draw.choice(len(data), self.batch, replace=False))]).float() / 255
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            with torch.no_grad():
                fake = network.generate(latents(self.seed, f"critic {name}", self.batch, network.latent_dim))
            scores = network.critic(torch.cat([real, fake]))
        distance = scores[: self.batch].mean() - scores[self.batch :].mean()
        share = torch.from_numpy(draw.random((self.penalised, 1, 1), np.float32))
        mixed = torch.lerp(real[: self.penalised], fake[: self.penalised], share).requires_grad_()
        (gradient,) = torch.autograd.grad(network.critic(mixed).sum(), mixed, create_graph=True)
        slope = gradient.flatten(1).norm(dim=1)
        loss = -distance + self.penalty * (slope - 1).square().mean() + self.drift * scores.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return distance.item(), slope.mean().item()

    def _generator_step(self, network: SilhouetteGAN, optimiser: torch.optim.Optimizer, name: str) -> None:
        network.scorer.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            fake = network.generate(latents(self.seed, f"generator {name}", self.batch, network.latent_dim))
            loss = -network.critic(fake).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        network.scorer.requires_grad_(True)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
