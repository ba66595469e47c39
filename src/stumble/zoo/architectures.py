"""The networks whose weights can be loaded, and which of them a file is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.models.agcn import AGCN
from stumble.models.agcn_checkpoints import load_agcn
from stumble.models.checkpoints import filled, load_gaitset, load_silhouette_gan, read_state, some
from stumble.models.gait_checkpoints import load_gaitbase, load_gaitgan, load_geinet, load_selfgait
from stumble.models.gaitbase import GaitBase
from stumble.models.gaitgan import GaitGAN
from stumble.models.gaitset import GaitSet
from stumble.models.geinet import GEINet
from stumble.models.pa_lstm import PALSTM, load_pa_lstm
from stumble.models.selfgait import SelfGait
from stumble.models.stgcn import STGCN
from stumble.models.stgcn_checkpoints import load_stgcn
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.priors.bone_angles import BoneAngleDiscriminator
from stumble.zoo.action_settings import with_settings

__all__ = ["ARCHITECTURES", "Architecture", "Kind", "architecture_of"]

Architecture = Literal[
    "gaitset", "gaitbase", "geinet", "gaitgan", "selfgait", "wgan-gp", "stgcn", "agcn", "pa-lstm", "bone-angles"
]


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


def _load_bone_angles(path: Path) -> BoneAngleDiscriminator:
    """Of the layout whose number of major bones the weights are for."""
    state = read_state(path)
    shape = state["decide.weight"].shape if "decide.weight" in state else None
    for network in map(BoneAngleDiscriminator, (NTU25, OPENPOSE18)):
        if network.decide.weight.shape == shape:
            return filled(network, state, path)
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
    "stgcn": Kind(STGCN, with_settings("stgcn", load_stgcn), frozenset({"fcn.weight", "backbone.data_bn.weight"})),
    "agcn": Kind(AGCN, with_settings("agcn", load_agcn), frozenset({"l1.gcn1.PA"})),
    "pa-lstm": Kind(PALSTM, with_settings("pa-lstm", load_pa_lstm), frozenset({"layers.0.read_output"})),
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
