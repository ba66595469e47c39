from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stumble import zoo
from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.priors import BoneAngleDiscriminator

CARD = zoo.Card(data="random", command="none", seed=0, metrics={})


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18])
def test_a_discriminator_is_loaded_with_its_layout(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stumble.zoo.weights.SHIPPED", tmp_path)
    network = BoneAngleDiscriminator(layout)
    card = zoo.save(network, tmp_path / "poses.safetensors", CARD, half=False)
    assert card.architecture == "bone-angles"
    loaded = zoo.Shipped("poses").load()
    assert isinstance(loaded, BoneAngleDiscriminator) and loaded.layout == layout
    assert not any(p.requires_grad for p in loaded.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_other_weights_are_named(tmp_path: Path) -> None:
    zoo.save(SilhouetteGAN(width=4), tmp_path / "gan.safetensors", CARD)
    with pytest.raises(WeightsError, match=r"gan\.safetensors: found no discriminator of bone angles"):
        zoo.File(tmp_path / "gan.safetensors", "bone-angles").load()
