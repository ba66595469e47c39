"""GaitGAN (Yu et al., CVPR Workshops 2017): any gait energy image to the one from the side, in normal clothes."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stumble.models.energy_image import OnEnergyImages

__all__ = ["Discriminator", "GaitGAN", "squared"]

SLOPE = 0.2
MARGIN = 10
"""Columns that the pretreatment's 64 have on each side of our 44."""


class GaitGAN(OnEnergyImages):
    """GaitGAN's generator as a recogniser: nearest neighbours on the pixels of what it makes of the mean silhouette.

    Four convolutions halve the image of 64x64, four transposed ones double it again; all are 4x4 of stride 2 and
    without bias, all but the first and the last are normalised (Table 1). Two `Discriminator`s train it.

    Args:
        width: channels behind the first convolution, doubled by each of the next three; the paper's are 96.
    """

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        down = (1, *(width * 2**k for k in range(4)))
        self.encoder, self.decoder = _encoder(down), nn.Sequential()
        for i, o in pairwise(reversed(down)):
            self.decoder.append(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False))
            if o > 1:
                self.decoder.extend([nn.BatchNorm2d(o), nn.ReLU(inplace=True)])
        _initialise(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def embed(self, images: Float[Tensor, "b 64 44"]) -> Float[Tensor, "b 1 4096"]:
        return self.generate(squared(images)).flatten(1)[:, None]

    def generate(self, images: Float[Tensor, "b 64 64"]) -> Float[Tensor, "b 64 64"]:
        """From mean silhouettes in [-1, 1] to those from the side, likewise."""
        x = self.decoder(self.encoder(images[:, None].contiguous(memory_format=torch.channels_last)))
        return torch.tanh(x[:, 0].to(images.dtype))


class Discriminator(nn.Module):
    """Four convolutions like the generator's and one that leaves a number (Tables 2 and 3).

    With one image it is the paper's real/fake discriminator; with two, of which the first is the generator's input,
    its identification discriminator.

    Args:
        width: channels behind the first convolution; the paper's are 96.
        images: 1 or 2.
    """

    def __init__(self, width: int = 96, images: int = 1) -> None:
        super().__init__()
        channels = (images, *(width * 2**k for k in range(4)))
        self.encoder, self.decide = _encoder(channels), nn.Conv2d(channels[-1], 1, 4, bias=False)
        _initialise(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, *images: Float[Tensor, "b 64 64"]) -> Float[Tensor, " b"]:
        """Logits: higher where the last image is real, or shows the person of the first."""
        x = torch.stack(images, 1).contiguous(memory_format=torch.channels_last)
        score: Tensor = self.decide(self.encoder(x))
        return score.flatten().to(images[0].dtype)


def squared(images: Float[Tensor, "b 64 44"]) -> Float[Tensor, "b 64 64"]:
    """From [0, 1] to [-1, 1], with empty columns on both sides, as the pretreatment had them."""
    return 2 * functional.pad(images, (MARGIN, MARGIN)) - 1


def _encoder(channels: tuple[int, ...]) -> nn.Sequential:
    layers = nn.Sequential()
    for place, (i, o) in enumerate(pairwise(channels)):
        layers.append(nn.Conv2d(i, o, 4, 2, 1, bias=False))
        if place:
            layers.append(nn.BatchNorm2d(o))
        layers.append(nn.LeakyReLU(SLOPE, inplace=True))
    return layers


def _initialise(network: nn.Module) -> None:
    """Normal numbers of deviation 0.02, as DCGAN has it."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
