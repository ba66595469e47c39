"""A stream of 2s-AGCN from checkpoints, ours and the original implementation's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models.agcn import AGCN, CHANNELS
from stumble.models.checkpoints import class_names, filled, read_state, some
from stumble.models.streams import are_bones
from stumble.preprocess import Recipe, TwoStream

__all__ = ["load_agcn"]


def load_agcn(path: Path, classes: Collection[str] | None = None, recipe: Recipe | None = None) -> AGCN:
    """A stream of 2s-AGCN from a checkpoint of the original implementation, or of ours; in inference mode and float32.

    The sizes of its tensors say how many joints, people and classes it is for. Which stream it is, its statistics say:
    in arrays of bones one joint, the root, never moves.

    Args:
        classes: their names; by default "class 1", "class 2", ….
        recipe: what the network was trained on; by default `TwoStream` with the stream and the people of the weights.

    Raises:
        WeightsError: the file is no such checkpoint, or for other classes than are named or other people than the
            recipe has.
    """
    # as some of the released weights spell the name that the released code has
    state = {name.replace(".conv_res.", ".down."): value for name, value in read_state(path).items()}
    graph, norm, head = (state.get(name, torch.empty(())) for name in ("l1.gcn1.PA", "data_bn.weight", "fc.weight"))
    if (graph.ndim, norm.ndim, head.ndim) != (3, 1, 2):
        raise WeightsError(f"{path}: found the keys {some(state)}; expected 2s-AGCN's")
    layout = {len(layout): layout for layout in (NTU25, OPENPOSE18)}.get(graph.shape[-1])
    if layout is None:
        raise WeightsError(f"{path}: found a graph of {graph.shape[-1]} joints; expected 25 (NTU) or 18 (OpenPose)")
    people, rest = divmod(len(norm), CHANNELS[0] * len(layout))
    if rest or not people:
        found, expected = f"data_bn of {len(norm)} numbers", f"{CHANNELS[0] * len(layout)} for each person"
        raise WeightsError(f"{path}: found {found}; expected {expected}")
    recipe = recipe or TwoStream(_stream(state, layout, people), people=people)
    if recipe.people != people:
        raise WeightsError(f"{path}: found weights for {people} people; expected {recipe.people}, as the recipe has")
    return filled(AGCN(class_names(classes, len(head), path), layout, recipe), state, path)


def _stream(state: Mapping[str, Tensor], layout: Layout, people: int) -> Literal["joint", "bone"]:
    """Without statistics, which `filled` then misses, "joint"."""
    variance = state.get("data_bn.running_var", torch.empty(0))
    if variance.shape != state["data_bn.weight"].shape:
        return "joint"
    return "bone" if are_bones(variance.unflatten(0, (people, len(layout), -1)), layout) else "joint"
