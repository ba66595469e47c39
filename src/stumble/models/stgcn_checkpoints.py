"""ST-GCN from checkpoints, ours and other projects': detected by their keys, converted exactly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.models.checkpoints import class_names, filled, read_state
from stumble.models.stgcn import CHANNELS, STGCN
from stumble.models.streams import are_bones
from stumble.preprocess import Recipe, StGcn
from stumble.preprocess.pyskl import Pyskl

__all__ = ["load_stgcn"]

_BLOCKS = len(CHANNELS) - 1
_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_HEADS = ("cls_head.fc_cls", "cls_head.fc")
"""Of PYSKL and of MMAction2, whose other names agree."""


def load_stgcn(path: Path, classes: Collection[str] | None = None, recipe: Recipe | None = None) -> STGCN:
    """ST-GCN from a checkpoint of the original implementation, of PYSKL or MMAction2, or of ours.

    The graph `A` comes from the checkpoint, and the number of its joints says which layout it is for. In inference
    mode and float32.

    Args:
        classes: their names; by default "class 1", "class 2", ….
        recipe: what the network was trained on; by default `StGcn()`, or `Pyskl()` for NTU's joints in a checkpoint
            of PYSKL or MMAction2.

    Raises:
        WeightsError: the file is no such checkpoint, or for another number of classes than are named, or of a network
            for bones.
    """
    state = read_state(path)
    foreign = "backbone.data_bn.weight" in state
    if foreign:
        state = _renamed(state, path)
    graph, head = (state.get(name, torch.empty(0)) for name in ("A", "fcn.weight"))
    layout = {len(layout): layout for layout in (NTU25, OPENPOSE18)}.get(graph.shape[-1])
    if graph.ndim != 3 or head.ndim != 4:
        found = ", ".join(sorted(state)[:3])
        raise WeightsError(f"{path}: found the keys {found}, …; expected ST-GCN's, original, PYSKL's or MMAction2's")
    if layout is None:
        raise WeightsError(f"{path}: found a graph of {graph.shape[-1]} joints; expected 25 (NTU) or 18 (OpenPose)")
    variance = state.get("data_bn.running_var", torch.empty(0))
    if len(variance) == CHANNELS[0] * len(layout) and are_bones(variance.unflatten(0, (1, len(layout), -1)), layout):
        raise WeightsError(f"{path}: found weights for bones, of which one never moves; expected those for joints")
    names = class_names(classes, len(head), path)
    network = STGCN(names, layout, recipe or (Pyskl() if foreign and layout is NTU25 else StGcn()))
    return filled(network, state, path)


def _renamed(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """PYSKL's or MMAction2's weights by the original's names, whatever they hold.

    Raises:
        WeightsError: its blocks have different graphs, which the original does not have.
    """
    names = {f"backbone.data_bn.{end}": f"data_bn.{end}" for end in _NORM}
    for head in _HEADS:
        names |= {f"{head}.{end}": f"fcn.{end}" for end in ("weight", "bias")}
    for k in range(_BLOCKS):
        theirs, ours = f"backbone.gcn.{k}", f"st_gcn_networks.{k}"
        names[f"{theirs}.gcn.PA"] = f"edge_importance.{k}"
        names[f"{theirs}.gcn.A"] = f"A.{k}"
        for end in ("weight", "bias"):
            names[f"{theirs}.gcn.conv.{end}"] = f"{ours}.gcn.conv.{end}"
            names[f"{theirs}.tcn.conv.{end}"] = f"{ours}.tcn.2.{end}"
            names[f"{theirs}.residual.conv.{end}"] = f"{ours}.residual.0.{end}"
        for end in _NORM:
            names[f"{theirs}.gcn.bn.{end}"] = f"{ours}.tcn.0.{end}"
            names[f"{theirs}.tcn.bn.{end}"] = f"{ours}.tcn.3.{end}"
            names[f"{theirs}.residual.bn.{end}"] = f"{ours}.residual.1.{end}"
    renamed = {names.get(name, name): value for name, value in state.items()}
    graphs = [graph for k in range(_BLOCKS) if (graph := renamed.pop(f"A.{k}", None)) is not None]
    if len(graphs) == _BLOCKS:
        if any(not torch.equal(graph, graphs[0]) for graph in graphs):
            raise WeightsError(f"{path}: found blocks with different graphs; expected one graph in all {_BLOCKS}")
        renamed["A"] = graphs[0]
    if renamed.get("fcn.weight", torch.empty(0)).ndim == 2:
        renamed["fcn.weight"] = renamed["fcn.weight"][:, :, None, None]
    return renamed
