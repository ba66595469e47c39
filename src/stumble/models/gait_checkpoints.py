"""Gait recognisers from checkpoints, ours and their authors': sizes follow from the tensors, all keys must agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from stumble.errors import WeightsError
from stumble.models.checkpoints import check_state, filled, read_state, some
from stumble.models.gaitbase import GaitBase
from stumble.models.gaitgan import GaitGAN
from stumble.models.geinet import GEINet, hidden_inputs
from stumble.models.selfgait import PARTS, SelfGait

__all__ = ["load_gaitbase", "load_gaitgan", "load_geinet", "load_selfgait"]


def load_gaitbase(path: Path) -> GaitBase:
    """GaitBase from a checkpoint of OpenGait or of ours, which name weights alike; in inference mode and float32.

    Strides are not in a checkpoint: 1, 2, 2, 1 and no pooling, as in all of OpenGait's configurations of GaitBase.

    Raises:
        WeightsError: the file is no such checkpoint, such as one of OpenGait's other backbones.
    """
    state = read_state(path)
    widths = []
    for stage in range(1, 5):
        names = (f"Backbone.forward_block.layer{stage}.{block}.conv2.weight" for block in range(len(state)))
        found = [state[name] for name in names if name in state]
        widths.append([weight.shape[0] for weight in found if weight.ndim == 4])
    classifier = state.get("BNNecks.fc_bin")
    if not all(widths) or classifier is None or classifier.ndim != 3:
        raise WeightsError(
            f"{path}: found the keys {some(state)}; expected GaitBase's: Backbone.forward_block.layer1 to layer4 of "
            "residual blocks, FCs and BNNecks"
        )
    network = GaitBase(classifier.shape[2], [width[0] for width in widths], [len(width) for width in widths])
    return filled(network, state, path)


def load_geinet(path: Path) -> GEINet:
    """GEINet from a file of ours, whatever people it was trained on and however it enlarges its image.

    Raises WeightsError.
    """
    state = read_state(path)
    hidden, outputs = (state.get(f"{name}.weight") for name in ("fc3", "fc4"))
    if hidden is None or outputs is None or hidden.ndim != 2 or outputs.ndim != 2:
        raise WeightsError(f"{path}: found the keys {some(state)}; expected GEINet's, of a file of ours")
    cells = {hidden_inputs(enlarge): enlarge for enlarge in (1, 2)}
    if hidden.shape[1] not in cells:
        expected = " or ".join(map(str, cells))
        raise WeightsError(f"{path}: found a hidden layer of {hidden.shape[1]} inputs; expected {expected}")
    return filled(GEINet(len(outputs), cells[hidden.shape[1]]), state, path)


def load_gaitgan(path: Path) -> GaitGAN:
    """GaitGAN's generator from a file of ours, whatever its width. Raises WeightsError."""
    state = read_state(path)
    first = state.get("encoder.0.weight")
    if first is None or first.ndim != 4:
        raise WeightsError(f"{path}: found the keys {some(state)}; expected GaitGAN's generator's, of a file of ours")
    return filled(GaitGAN(len(first)), state, path)


_LAYERS = [f"online_network.set_layer{k}.forward_block.conv.weight" for k in range(1, 7)]
_GATES = {"narrow": "conv_trans.conv_list_1", "wide": "conv_trans.conv_list_2"}
_UNUSED = "online_network.fc_bin"
_TRAINING = ("target_network.", "TP_2.", "projection_1.", "projection_2.", "predictor.")
"""Of the authors' checkpoints: a tensor that no computation uses, and what serves training."""


def load_selfgait(path: Path) -> SelfGait:
    """SelfGait from a checkpoint of its authors or of ours, in inference mode and float32. Raises WeightsError."""
    state, network = read_state(path), SelfGait()
    if _LAYERS[0] not in state:
        return filled(network, state, path)
    state = {name: value for name, value in state.items() if not name.startswith(_TRAINING)}
    theirs = _as_authors(network.state_dict())
    check_state(state, {**theirs, _UNUSED: theirs["TP_1.fc_bin"].new_zeros(PARTS, 256, 128)}, path)
    return filled(network, _from_authors(state), path)


def _as_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state by the names and in the shapes of the authors."""
    theirs = {name: state[f"frame_layers.{k}.weight"] for k, name in enumerate(_LAYERS)}
    theirs["TP_1.fc_bin"] = state["parts"]
    for gate, name in _GATES.items():
        for ours, place in (("first", 0), ("second", 2)):
            weights, biases = state[f"{gate}.{ours}"], state[f"{gate}.{ours}_bias"]
            channels = 128 if ours == "first" else 32
            for part in range(PARTS):
                weight = weights[part].unflatten(0, (-1, channels)).permute(2, 1, 0)
                theirs[f"{name}.{part}.{place}.weight"] = weight
                theirs[f"{name}.{part}.{place}.bias"] = biases[part]
    return theirs


def _from_authors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse: one tensor for all parts, a convolution's frames one after the other."""
    ours = {f"frame_layers.{k}.weight": state[name] for k, name in enumerate(_LAYERS)}
    ours["parts"] = state["TP_1.fc_bin"]
    for gate, name in _GATES.items():
        for own, place in (("first", 0), ("second", 2)):
            each = [f"{name}.{part}.{place}" for part in range(PARTS)]
            ours[f"{gate}.{own}"] = torch.stack([state[f"{n}.weight"].permute(2, 1, 0).flatten(0, 1) for n in each])
            ours[f"{gate}.{own}_bias"] = torch.stack([state[f"{n}.bias"] for n in each])
    return ours
