"""Checkpoints, ours and other projects': detected by their keys, converted exactly, and refused with a reason."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from stumble.errors import WeightsError
from stumble.models.gaitset import BINS, GaitSet
from stumble.models.wgan_gp import SilhouetteGAN

__all__ = [
    "Layout",
    "check_state",
    "class_names",
    "export_gaitset",
    "filled",
    "layout_of",
    "load_gaitset",
    "load_silhouette_gan",
    "read_state",
    "some",
]

Network = TypeVar("Network", bound=nn.Module)

Layout = Literal["stumble", "original", "opengait"]
"""Ours, the original implementation's, OpenGait's."""


@dataclass(frozen=True)
class _Names:
    """How one layout names the weights of GaitSet.

    Attributes:
        convolutions: the six frame layers, then the four set layers.
        parts: the linear maps of the parts.
        order: for each part of ours, its index in the layout.
    """

    convolutions: tuple[str, ...]
    parts: str
    order: tuple[int, ...]


def _opengait_order() -> tuple[int, ...]:
    """OpenGait puts all strips of the frame branch, of levels 16, 8, 4, 2, 1, before all of the global pipeline."""
    start, position = {}, 0
    for branch in (0, 1):
        for bins in reversed(BINS):
            start[branch, bins] = position
            position += bins
    return tuple(start[branch, bins] + i for bins in BINS for branch in (0, 1) for i in range(bins))


_PARTS = 2 * sum(BINS)
_LAYOUTS: dict[Layout, _Names] = {
    "stumble": _Names(
        (*(f"frame_layers.{i}.weight" for i in range(6)), *(f"set_layers.{i}.weight" for i in range(4))),
        "parts",
        tuple(range(_PARTS)),
    ),
    "original": _Names(
        (
            *(f"set_layer{i}.forward_block.conv.weight" for i in range(1, 7)),
            *(f"gl_layer{i}.conv.weight" for i in range(1, 5)),
        ),
        "fc_bin.0",
        tuple(range(_PARTS)),
    ),
    "opengait": _Names(
        (
            *(f"set_block{i}.forward_block.{j}.conv.weight" for i in (1, 2, 3) for j in (0, 2)),
            *(f"gl_block{i}.{j}.conv.weight" for i in (2, 3) for j in (0, 2)),
        ),
        "Head.fc_bin",
        _opengait_order(),
    ),
}


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint file: .safetensors, or what torch.save wrote, read without running anything.

    OpenGait's entry `model` and MMAction2's `state_dict` are opened, and the prefix `module.` of data-parallel
    training is taken off. Of several networks, each in an entry such as `TP_1_state_dict`, tensors are named as if they
    were parts of one: `TP_1.fc_bin`.

    Raises:
        WeightsError: there is no such file, it is damaged, or it holds something else than tensors.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: found no file; expected a checkpoint")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content: Any = load_file(path)
        else:
            with warnings.catch_warnings(action="ignore"):  # about pickles that it then reads, or refuses by raising
                content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        found = str(error).strip().partition("\n")[0] or type(error).__name__
        raise WeightsError(f"{path}: found a file that cannot be read ({found}); expected a checkpoint") from error
    for entry in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(entry), Mapping):
            content = content[entry]
    content = _joined(content)
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsError(f"{path}: found {type(content).__name__}; expected names and tensors")
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def _joined(content: Any) -> Any:
    """One state of several; what is no such thing stays as it is."""
    ending = "_state_dict"
    if not isinstance(content, Mapping):
        return content
    parts = {str(name): state for name, state in content.items() if str(name).endswith(ending)}
    states = {
        name.removesuffix(ending): state
        for name, state in parts.items()
        if isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())
    }
    joined = {
        f"{part}.{str(name).removeprefix('module.')}": value
        for part, state in states.items()
        for name, value in state.items()
    }
    return joined or content


def layout_of(state: Mapping[str, Tensor], where: Path) -> Layout:
    """Whose GaitSet the names are: the layout with which most of them agree.

    Raises:
        WeightsError: no name agrees with any layout.
    """
    agreeing = {name: len(state.keys() & {*names.convolutions, names.parts}) for name, names in _LAYOUTS.items()}
    layout = max(agreeing, key=lambda name: agreeing[name])
    if agreeing[layout] == 0:
        raise WeightsError(f"{where}: found the keys {some(state)}; expected GaitSet's, original, OpenGait's or ours")
    return layout


def check_state(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: Path) -> None:
    """Raises WeightsError that names the keys, shapes or numbers of a state that a network cannot take."""
    missing, unexpected = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or unexpected:
        named = [f"{word} {some(keys)}" for word, keys in (("no", missing), ("unexpected", unexpected)) if keys]
        raise WeightsError(f"{where}: found {' and '.join(named)}; expected exactly the network's {len(expected)} keys")
    for name, value in expected.items():
        if state[name].shape != value.shape:
            found, wanted = tuple(state[name].shape), tuple(value.shape)
            raise WeightsError(f"{where}: found {name} of shape {found}; expected {wanted}")
        if not bool(state[name].isfinite().all()):
            count = int((~state[name].isfinite()).sum())
            raise WeightsError(
                f"{where}: found {count} numbers in {name} that are NaN or infinite; expected finite ones"
            )


def class_names(given: Collection[str] | None, count: int, where: Path) -> tuple[str, ...]:
    """The names of a classifier's classes: those given, or "class 1", "class 2", ….

    Raises:
        WeightsError: they are not as many as the classifier has.
    """
    names = tuple(given or (f"class {k}" for k in range(1, count + 1)))
    if len(names) != count:
        raise WeightsError(f"{where}: found {count} classes; expected {len(names)} of them, as many as are named")
    return names


def filled(network: Network, state: Mapping[str, Tensor], where: Path) -> Network:
    """The network with these numbers, in inference mode. Raises WeightsError for a state that it cannot take."""
    expected = network.state_dict()
    # old checkpoints have no counters, and inference needs none
    counters = {name: value for name, value in expected.items() if name.endswith("num_batches_tracked")}
    state = {**counters, **state}
    check_state(state, expected, where)
    network.load_state_dict(state)
    return network.eval()


def load_gaitset(path: Path) -> GaitSet:
    """GaitSet from a checkpoint in any of the layouts, in inference mode and float32. Raises WeightsError."""
    state = read_state(path)
    names = _LAYOUTS[layout_of(state, path)]
    network = GaitSet()
    check_state(state, _renamed(network.state_dict(), names), path)
    ours = _LAYOUTS["stumble"]
    renamed = {mine: state[theirs] for mine, theirs in zip(ours.convolutions, names.convolutions, strict=True)}
    renamed[ours.parts] = state[names.parts][list(names.order)]
    network.load_state_dict(renamed)
    return network.eval()


def export_gaitset(network: GaitSet, layout: Layout) -> dict[str, Any]:
    """What that project's own code would save: for the original the prefix `module.`, for OpenGait an entry `model`."""
    state = {name: value.detach().clone() for name, value in _renamed(network.state_dict(), _LAYOUTS[layout]).items()}
    match layout:
        case "original":
            return {f"module.{name}": value for name, value in state.items()}
        case "opengait":
            return {"model": state}
        case _:
            return dict(state)


def load_silhouette_gan(path: Path) -> SilhouetteGAN:
    """Generator and critic from a file of ours, in inference mode and float32; the sizes follow from the tensors.

    Raises WeightsError.
    """
    state = read_state(path)
    sizes = [state.get(name, torch.empty(0)).shape for name in ("scorer.first.weight", "generator.first.weight")]
    if [len(size) for size in sizes] != [4, 2]:
        raise WeightsError(f"{path}: found the keys {some(state)}; expected a silhouette generator's and its critic's")
    return filled(SilhouetteGAN(width=sizes[0][0], latent_dim=sizes[1][1]), state, path)


def _renamed(state: Mapping[str, Tensor], names: _Names) -> dict[str, Tensor]:
    """Our state in another layout."""
    ours = _LAYOUTS["stumble"]
    renamed = {theirs: state[mine] for mine, theirs in zip(ours.convolutions, names.convolutions, strict=True)}
    parts = torch.empty_like(state[ours.parts])
    parts[list(names.order)] = state[ours.parts]
    return {**renamed, names.parts: parts}


def some(names: Collection[str], limit: int = 3) -> str:
    """The first of the names and how many more there are, for a message."""
    shown = sorted(names)[:limit]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
