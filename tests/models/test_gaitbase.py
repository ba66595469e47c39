from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError, WeightsError
from stumble.interfaces import SetPooled
from stumble.models import GaitBase
from stumble.models.gait_checkpoints import load_gaitbase
from stumble.sequences import Silhouettes
from stumble.zoo import Card, File, save

PUBLISHED = (64, 128, 256, 512)
SMALL = (4, 6, 8, 10)


def walks(lengths: list[int]) -> Silhouettes:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(sum(lengths), 1, 8, 6, generator=generator)
    frames = (functional.interpolate(coarse, (64, 44), mode="bilinear")[:, 0] > 0.6).float()
    return Silhouettes.pad(frames.split(lengths), [str(i) for i in range(len(lengths))])


def opengait_state(channels: tuple[int, ...] = PUBLISHED, blocks: tuple[int, ...] = (1, 1, 1, 1)) -> dict[str, Tensor]:
    """What OpenGait saves of GaitBase trained on CASIA-B's 74 people, with random numbers."""
    generator = torch.Generator().manual_seed(1)
    state: dict[str, Tensor] = {}

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def convolution(name: str, out: int, channels: int, size: int) -> None:
        state[f"{name}.weight"] = drawn(out, channels, size, size) / (channels * size * size) ** 0.5

    def normalisation(name: str, size: int) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = 1 + 0.2 * drawn(size), 0.2 * drawn(size)
        state[f"{name}.running_mean"], state[f"{name}.running_var"] = 0.2 * drawn(size), 0.5 + drawn(size).square()
        state[f"{name}.num_batches_tracked"] = torch.tensor(60000)

    trunk = "Backbone.forward_block"
    convolution(f"{trunk}.conv1.conv", channels[0], 1, 3)
    normalisation(f"{trunk}.bn1", channels[0])
    before = channels[0]
    for stage, (out, count) in enumerate(zip(channels, blocks, strict=True), 1):
        for block in range(count):
            name = f"{trunk}.layer{stage}.{block}"
            convolution(f"{name}.conv1", out, before, 3)
            normalisation(f"{name}.bn1", out)
            convolution(f"{name}.conv2", out, out, 3)
            normalisation(f"{name}.bn2", out)
            if block == 0 and stage > 1:
                convolution(f"{name}.downsample.0", out, before, 1)
                normalisation(f"{name}.downsample.1", out)
            before = out
    state["FCs.fc_bin"] = drawn(16, channels[-1], 256) / channels[-1] ** 0.5
    state["BNNecks.fc_bin"] = drawn(16, 256, 74)
    normalisation("BNNecks.bn1d", 4096)
    return state


def slow_embedding(state: dict[str, Tensor], frames: Tensor, blocks: tuple[int, ...] = (1, 1, 1, 1)) -> Tensor:
    """(16, 256) of one sequence: frame by frame, strip by strip, normalisations written out."""

    def convolved(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        return functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def normalised(name: str, x: Tensor) -> Tensor:
        scale, shift, mean, variance = (
            state[f"{name}.{end}"][:, None, None] for end in ("weight", "bias", "running_mean", "running_var")
        )
        return scale * (x - mean) / (variance + 1e-5).sqrt() + shift

    trunk, maps = "Backbone.forward_block", []
    for frame in frames:
        x = normalised(f"{trunk}.bn1", convolved(f"{trunk}.conv1.conv", frame[None, None])).relu()
        for stage, count in enumerate(blocks, 1):
            for block in range(count):
                name, stride = f"{trunk}.layer{stage}.{block}", 2 if stage in (2, 3) and block == 0 else 1
                y = normalised(f"{name}.bn1", convolved(f"{name}.conv1", x, stride)).relu()
                y = normalised(f"{name}.bn2", convolved(f"{name}.conv2", y))
                if f"{name}.downsample.0.weight" in state:
                    x = normalised(f"{name}.downsample.1", convolved(f"{name}.downsample.0", x, stride))
                x = (y + x).relu()
        maps.append(x[0])
    whole = torch.stack(maps).amax(0)
    assert whole.shape[1:] == (16, 11)
    strips = [whole[:, row].mean(1) + whole[:, row].amax(1) for row in range(16)]
    return torch.stack([strip @ state["FCs.fc_bin"][k] for k, strip in enumerate(strips)])


def test_loads_a_checkpoint_of_opengait_and_embeds(tmp_path: Path) -> None:
    state = opengait_state()
    torch.save({"model": state, "iteration": 60000}, tmp_path / "GaitBase_DA-60000.pt")
    network = load_gaitbase(tmp_path / "GaitBase_DA-60000.pt")
    assert network.classes == 74 and sum(p.numel() for p in network.parameters()) == 7_305_408
    batch = walks([2, 1])
    embedding = network(batch).embedding
    for row, frames in zip(embedding, batch.unpadded(), strict=True):
        torch.testing.assert_close(row, slow_embedding(state, frames), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("channels", "blocks"), [(SMALL, (1, 1, 1, 1)), ((5, 4, 8, 12), (2, 1, 3, 1))])
def test_other_sizes_follow_from_the_tensors(
    channels: tuple[int, ...], blocks: tuple[int, ...], tmp_path: Path
) -> None:
    state = opengait_state(channels, blocks)
    torch.save(state, tmp_path / "small.pt")
    batch = walks([3])
    embedding = load_gaitbase(tmp_path / "small.pt")(batch).embedding
    expected = slow_embedding(state, batch.frames[0], blocks)
    torch.testing.assert_close(embedding[0], expected, rtol=1e-5, atol=1e-5)


def test_saving_and_loading_keeps_every_number(tmp_path: Path) -> None:
    network = GaitBase(5, SMALL)
    network.BNNecks.bn1d.running_var.fill_(1e-7)
    card = save(network, tmp_path / "mine.safetensors", Card("random", "", 0, {}), half=False)
    assert card.architecture == "gaitbase" and isinstance(network, SetPooled)
    back = File(tmp_path / "mine.safetensors").load()
    assert isinstance(back, GaitBase) and back.classes == 5
    for name, value in network.state_dict().items():
        assert torch.equal(value, back.state_dict()[name]), name


def test_the_necks_compare_each_part_with_each_person(tmp_path: Path) -> None:
    state = opengait_state(SMALL)
    torch.save(state, tmp_path / "small.pt")
    embedding = torch.randn(2, 16, 256, generator=torch.Generator().manual_seed(2))
    scores = load_gaitbase(tmp_path / "small.pt").classify(embedding)
    assert scores.shape == (2, 16, 74)
    weight, bias, mean, variance = (
        state[f"BNNecks.bn1d.{end}"] for end in ("weight", "bias", "running_mean", "running_var")
    )
    for part, person in ((0, 0), (3, 40), (15, 73)):
        own = torch.arange(256) * 16 + part
        feature = weight[own] * (embedding[1, part] - mean[own]) / (variance[own] + 1e-5).sqrt() + bias[own]
        expected = torch.cosine_similarity(feature, state["BNNecks.fc_bin"][part, :, person], dim=0)
        torch.testing.assert_close(scores[1, part, person], expected, rtol=1e-4, atol=1e-6)


def broken(state: dict[str, Any], case: str) -> dict[str, Any]:
    match case:
        case "missing":
            del state["Backbone.forward_block.layer3.0.bn2.running_mean"]
        case "unexpected":
            state["TP.weight"] = torch.ones(1)
        case "strips":
            state["FCs.fc_bin"] = torch.zeros(31, 10, 256)
        case "nan":
            state["BNNecks.bn1d.bias"][5] = torch.inf
        case "plain":
            return {name.replace("layer", "feature."): value for name, value in state.items()}
    return state


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", r"found no Backbone\.forward_block\.layer3\.0\.bn2\.running_mean; expected exactly the .* 79 keys"),
        ("unexpected", r"found unexpected TP\.weight"),
        ("strips", r"found FCs\.fc_bin of shape \(31, 10, 256\); expected \(16, 10, 256\)"),
        ("nan", r"found 1 numbers in BNNecks\.bn1d\.bias that are NaN or infinite"),
        ("plain", r"found the keys BNNecks.*; expected GaitBase's: Backbone\.forward_block\.layer1 to layer4"),
    ],
)
def test_what_is_wrong_is_named(case: str, message: str, tmp_path: Path) -> None:
    torch.save(broken(opengait_state(SMALL), case), tmp_path / "bad.pt")
    with pytest.raises(WeightsError, match=message) as caught:
        load_gaitbase(tmp_path / "bad.pt")
    assert str(caught.value).startswith(f"{tmp_path}/bad.pt: ") and "\n" not in str(caught.value)


def test_another_frame_size_is_named() -> None:
    with pytest.raises(TargetError, match="64x44; the data has 64x64"):
        GaitBase(2, SMALL)(Silhouettes.pad([torch.zeros(2, 64, 64)], ["a"]))


def test_levels_are_divided_by_255() -> None:
    network, batch = GaitBase(2, SMALL).eval(), walks([2])
    torch.testing.assert_close(network(batch.quantised()).embedding, network(batch).embedding)
