from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from stumble.errors import TargetError
from stumble.interfaces import SetPooled
from stumble.metrics.gei import gait_energy_images
from stumble.models import GEI, GEINet
from stumble.models.gait_checkpoints import load_geinet
from stumble.models.gaitgan import Discriminator, GaitGAN, squared
from stumble.sequences import Silhouettes


def walks(lengths: list[int]) -> Silhouettes:
    frames = torch.rand(sum(lengths), 64, 44, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Silhouettes.pad(frames.split(lengths), [str(i) for i in range(len(lengths))])


def drawn(network: nn.Module) -> nn.Module:
    """In double precision, with statistics, scales and shifts as after a training."""
    generator = torch.Generator().manual_seed(1)
    for name, value in network.double().eval().state_dict().items():
        if name.endswith(("running_mean", "running_var", "bias")):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return network


def test_an_energy_image_is_the_mean_of_the_frames() -> None:
    batch = walks([3, 1])
    embedding = GEI()(batch).embedding
    assert isinstance(GEI(), SetPooled) and embedding.shape == (2, 1, 64 * 44)
    torch.testing.assert_close(embedding[:, 0].unflatten(1, (64, 44)), gait_energy_images(batch))
    torch.testing.assert_close(embedding[1, 0, 45], batch.frames[1, 0, 1, 1])


@pytest.mark.parametrize("enlarge", [1, 2])
def test_geinet_equals_a_slow_reference(enlarge: int) -> None:
    torch.manual_seed(0)
    network, batch = drawn(GEINet(5, enlarge)), walks([2, 4])
    embedding = network(batch).embedding
    for row, frames in zip(embedding, batch.unpadded(), strict=True):
        image = torch.stack(list(frames)).mean(0)
        if enlarge == 2:
            image = functional.interpolate(image[None, None], (128, 88), mode="bilinear")[0, 0]
        expected = slow_geinet(network, image)
        torch.testing.assert_close(row[0], expected, rtol=1e-9, atol=1e-12)
        assert (expected > 0).any() and (expected == 0).any()
    scores = network.fc4.weight @ embedding[0, 0] + network.fc4.bias
    torch.testing.assert_close(network.classify(embedding)[0], scores)


def slow_geinet(network: GEINet, image: Tensor) -> Tensor:
    """The hidden layer (1024), maxima and normalisation written out."""
    x = image[None]
    for layer, size in ((network.conv1, 2), (network.conv2, 3)):
        x = functional.conv2d(x[None], layer.weight, layer.bias)[0].clamp_min(0)
        rows, columns = ((side - size) // 2 + 1 for side in x.shape[1:])
        x = torch.stack(
            [
                torch.stack([x[:, 2 * r : 2 * r + size, 2 * c : 2 * c + size].amax((1, 2)) for c in range(columns)], 1)
                for r in range(rows)
            ],
            1,
        )
        squares = [x[max(0, k - 2) : k + 3].square().sum(0) / 5 for k in range(len(x))]
        x = torch.stack([own / (1 + 1e-4 * around) ** 0.75 for own, around in zip(x, squares, strict=True)])
    return (network.fc3.weight @ x.flatten() + network.fc3.bias).clamp_min(0)


def test_geinet_has_the_papers_size(tmp_path: Path) -> None:
    network = GEINet(956, 2)
    assert network.fc3.in_features == 45 * 28 * 18
    torch.save(network.state_dict(), tmp_path / "large.pt")
    assert load_geinet(tmp_path / "large.pt").enlarge == 2
    assert sum(p.numel() for p in GEINet(74).parameters()) == 18 * 50 + 45 * 451 + 3781 * 1024 + 74 * 1025


def test_gaitgan_equals_a_slow_reference() -> None:
    torch.manual_seed(0)
    network, batch = drawn(GaitGAN(width=3)), walks([2, 4])
    embedding = network(batch).embedding
    for row, frames in zip(embedding, batch.unpadded(), strict=True):
        x = torch.full((1, 1, 64, 64), -1.0, dtype=torch.float64)
        x[0, 0, :, 10:54] = 2 * frames.mean(0) - 1
        x = slow_layers(network.encoder, x, lambda x: torch.where(x > 0, x, 0.2 * x))
        assert x.shape == (1, 24, 4, 4)
        x = slow_layers(network.decoder, x, lambda x: x.clamp_min(0))
        torch.testing.assert_close(row[0], x.tanh().flatten(), rtol=1e-9, atol=1e-12)


def slow_layers(layers: nn.Sequential, x: Tensor, active) -> Tensor:  # type: ignore[no-untyped-def]
    """Layer by layer, a transposed convolution as what it is the transposition of."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            x = functional.conv2d(x, layer.weight, stride=2, padding=1)
        elif isinstance(layer, nn.ConvTranspose2d):
            spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2] - 1, 2 * x.shape[3] - 1)
            spread[:, :, ::2, ::2] = x
            x = functional.conv2d(spread, layer.weight.transpose(0, 1).flip(2, 3), padding=2)
        elif isinstance(layer, nn.BatchNorm2d):
            mean, deviation = layer.running_mean[:, None, None], (layer.running_var + layer.eps).sqrt()[:, None, None]
            x = (x - mean) / deviation * layer.weight[:, None, None] + layer.bias[:, None, None]
        else:
            x = active(x)
    return x


def test_the_published_sizes_of_gaitgan() -> None:
    convolutions, normalisations = 2 * 16 * 96 * (1 + 96 * (2 + 8 + 32)), 2 * 96 * (2 + 4 + 8 + 4 + 2 + 1)
    assert sum(p.numel() for p in GaitGAN().parameters()) == convolutions + normalisations
    images = torch.rand(3, 64, 64)
    assert Discriminator(4)(images).shape == Discriminator(4, images=2)(images, images).shape == (3,)


def test_squared_images_have_empty_sides() -> None:
    image = squared(torch.ones(1, 64, 44))
    assert image.shape == (1, 64, 64) and image[0, :, 10:54].min() == 1
    assert image[0, :, :10].max() == image[0, :, 54:].max() == -1


@pytest.mark.parametrize("network", [GEI(), GEINet(2), GaitGAN(2)])
def test_another_frame_size_is_named(network: nn.Module) -> None:
    with pytest.raises(TargetError, match="64x44; the data has 64x64"):
        network(Silhouettes.pad([torch.zeros(2, 64, 64)], ["a"]))
