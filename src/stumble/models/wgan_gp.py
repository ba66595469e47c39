"""WGAN-GP (Gulrajani et al., 2017) of single silhouettes: a generator on a latent sphere and a critic."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Critic", "Generator", "SilhouetteGAN", "on_sphere"]

LATENT_DIM = 128
SLOPE = 0.2


def on_sphere(latents: Float[Tensor, "f v"]) -> Float[Tensor, "f v"]:
    """The nearest points of the sphere of radius sqrt(V), the prior: normal latents become uniform on it."""
    return functional.normalize(latents, dim=1) * math.sqrt(latents.shape[1])


class Generator(nn.Module):
    """Latents to silhouettes: 4x3, doubled three times to 32x24, then 2x2 pixels from each; the middle 44 columns.

    Each doubling is a transposed convolution, whose features are normalised pixel by pixel so that a frame never
    depends on its batch, and a residual convolution.

    Args:
        width: channels at 32x24; four times as many at the coarsest.
    """

    def __init__(self, width: int, latent_dim: int = LATENT_DIM) -> None:
        super().__init__()
        channels = (4 * width, 4 * width, 2 * width, width)
        pairs = list(pairwise(channels))
        self.first = nn.Linear(latent_dim, channels[0] * 12)
        self.grow = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, stride=2, padding=1) for i, o in pairs)
        self.refine = nn.ModuleList(nn.Conv2d(o, o, 3, padding=1) for _, o in pairs)
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        _initialise(self)

    def forward(self, latents: Float[Tensor, "f v"]) -> Float[Tensor, "f 64 44"]:
        x = self.first(latents).unflatten(1, (4, 3, -1)).permute(0, 3, 1, 2)
        x = _normalised(functional.leaky_relu(x, SLOPE))
        for grow, refine in zip(self.grow, self.refine, strict=True):
            x = _normalised(functional.leaky_relu(grow(x), SLOPE))
            x = x + functional.leaky_relu(refine(x), SLOPE)
        x = functional.pixel_shuffle(self.last(x).to(latents.dtype), 2)
        return torch.sigmoid(x[:, 0, :, 2:-2])


class Critic(nn.Module):
    """Silhouettes to scores, higher is more real: the generator's mirror image, without any normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = (width, 2 * width, 4 * width, 4 * width)
        pairs = list(pairwise(channels))
        self.first = nn.Conv2d(4, width, 3, padding=1)
        self.refine = nn.ModuleList(nn.Conv2d(i, i, 3, padding=1) for i, _ in pairs)
        self.shrink = nn.ModuleList(nn.Conv2d(i, o, 4, stride=2, padding=1) for i, o in pairs)
        self.last = nn.Linear(channels[-1] * 12, 1)
        _initialise(self)

    def forward(self, frames: Float[Tensor, "f 64 44"]) -> Float[Tensor, " f"]:
        x = functional.pixel_unshuffle(functional.pad(frames[:, None], (2, 2)), 2)
        x = functional.leaky_relu(self.first(x.contiguous(memory_format=torch.channels_last)), SLOPE)
        for refine, shrink in zip(self.refine, self.shrink, strict=True):
            x = x + functional.leaky_relu(refine(x), SLOPE)
            x = functional.leaky_relu(shrink(x), SLOPE)
        x = x.permute(0, 2, 3, 1).flatten(1)
        with torch.autocast(x.device.type, enabled=False):
            score: Tensor = self.last(x.to(self.last.weight.dtype))
        return score[:, 0]


class SilhouetteGAN(nn.Module):
    """A generator with its critic; satisfies `interfaces.SilhouettePrior`.

    A Wasserstein critic is no probability: `scale` and `offset` are fitted on held-out real against generated
    frames, so that the logistic function of scale * critic + offset is the probability of a real frame.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, width: int = 32, latent_dim: int = LATENT_DIM) -> None:
        super().__init__()
        self.width, self.latent_dim = width, latent_dim
        self.generator, self.scorer = Generator(width, latent_dim), Critic(width)
        self.register_buffer("scale", torch.tensor(1.0))
        self.register_buffer("offset", torch.tensor(0.0))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def generate(self, latents: Float[Tensor, "f v"]) -> Float[Tensor, "f 64 44"]:
        """Silhouettes in [0, 1]. Latents are evaluated where they are; see `to_prior`."""
        return cast(Tensor, self.generator(latents))

    def to_prior(self, latents: Float[Tensor, "f v"]) -> Float[Tensor, "f v"]:
        """The nearest points of the sphere of radius sqrt(V)."""
        return on_sphere(latents)

    def critic(self, frames: Float[Tensor, "f 64 44"]) -> Float[Tensor, " f"]:
        """The Wasserstein critic's score, in no unit; higher is more real."""
        return cast(Tensor, self.scorer(frames))

    def plausibility_logit(self, frames: Float[Tensor, "f 64 44"]) -> Float[Tensor, " f"]:
        """The calibrated score: its logistic is the probability that a frame is real."""
        return self.scale * self.critic(frames) + self.offset


def _normalised(x: Tensor) -> Tensor:
    """Each pixel's feature vector at zero mean and unit variance over its channels."""
    return functional.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2]).permute(0, 3, 1, 2)


def _initialise(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            nn.init.zeros_(cast(Tensor, layer.bias))
