"""The networks whose weights can be loaded, and which of them a file is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from stumble.errors import SpecError, WeightsError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.models.checkpoints import check_state, load_gaitset, load_silhouette_gan, read_state, some
from stumble.models.gait_checkpoints import load_gaitbase, load_gaitgan, load_geinet, load_selfgait
from stumble.models.gaitbase import GaitBase
from stumble.models.gaitgan import GaitGAN
from stumble.models.gaitset import GaitSet
from stumble.models.geinet import GEINet
from stumble.models.selfgait import SelfGait
from stumble.models.stgcn import STGCN
from stumble.models.stgcn_checkpoints import load_stgcn
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.preprocess import Recipe
from stumble.priors.bone_angles import BoneAngleDiscriminator
from stumble.spec import from_plain
from stumble.zoo.card import Card

__all__ = ["ARCHITECTURES", "Architecture", "Kind", "architecture_of"]

Architecture = Literal["gaitset", "gaitbase", "geinet", "gaitgan", "selfgait", "wgan-gp", "stgcn", "bone-angles"]


@dataclass(frozen=True)
class Kind:
    """One architecture.

    Attributes:
        network: its class.
        load: from a file to the network.
        signs: names of tensors, one for each layout, of which a file for this architecture has one and no other has.
    """

    network: type[nn.Module]
    load: Callable[[Path], nn.Module]
    signs: frozenset[str]


def _load_stgcn(path: Path) -> STGCN:
    """With what the card beside the file says, or without a card by what the checkpoint alone tells."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return load_stgcn(path)
    card = Card.read(beside)
    if card.architecture != "stgcn":
        raise WeightsError(f"{beside}: found the architecture {card.architecture!r}; expected 'stgcn'")
    settings = card.settings
    classes = settings.get("classes")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise WeightsError(f"{beside}: found the classes {classes!r}; expected a list of names")
    try:
        recipe = from_plain(settings.get("recipe"), Recipe)  # type: ignore[type-abstract]
    except SpecError as error:
        raise WeightsError(f"{beside}: found no usable recipe: {error}") from error
    network = load_stgcn(path, classes, recipe)
    if (found := settings.get("layout")) != network.layout.name:
        raise WeightsError(f"{beside}: found the layout {found!r}; expected {network.layout.name!r}, the weights' own")
    return network


def _load_bone_angles(path: Path) -> BoneAngleDiscriminator:
    """Of the layout whose number of major bones the weights are for."""
    state = read_state(path)
    shape = state["decide.weight"].shape if "decide.weight" in state else None
    for network in map(BoneAngleDiscriminator, (NTU25, OPENPOSE18)):
        if network.decide.weight.shape == shape:
            check_state(state, network.state_dict(), path)
            network.load_state_dict(state)
            return network.eval()
    raise WeightsError(f"{path}: found no discriminator of bone angles of a known layout; expected one")


ARCHITECTURES: Mapping[Architecture, Kind] = {
    "gaitset": Kind(
        GaitSet,
        load_gaitset,
        frozenset({"set_layers.3.weight", "gl_layer4.conv.weight", "gl_block3.2.conv.weight"}),
    ),
    "gaitbase": Kind(GaitBase, load_gaitbase, frozenset({"Backbone.forward_block.layer4.0.conv2.weight"})),
    "geinet": Kind(GEINet, load_geinet, frozenset({"fc4.weight"})),
    "gaitgan": Kind(GaitGAN, load_gaitgan, frozenset({"decoder.0.weight"})),
    "selfgait": Kind(SelfGait, load_selfgait, frozenset({"wide.first", "conv_trans.conv_list_2.0.0.weight"})),
    "wgan-gp": Kind(SilhouetteGAN, load_silhouette_gan, frozenset({"scorer.first.weight"})),
    "stgcn": Kind(STGCN, _load_stgcn, frozenset({"fcn.weight", "backbone.data_bn.weight"})),
    "bone-angles": Kind(BoneAngleDiscriminator, _load_bone_angles, frozenset({"decide.weight"})),
}


def architecture_of(path: Path) -> Architecture:
    """Whose weights a file holds, by the names of its tensors.

    Raises:
        WeightsError: nobody's that is known here.
    """
    state = read_state(path)
    for name, kind in ARCHITECTURES.items():
        if kind.signs & state.keys():
            return name
    known = ", ".join(ARCHITECTURES)
    raise WeightsError(
        f"{path}: found the keys {some(state)}; expected weights of one of {known} (any other network: stumble.wrap)"
    )
