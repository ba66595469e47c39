"""Steps that recipes share: fit an axis to a size, take frames or people by index."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from stumble.errors import TargetError
from stumble.layouts import Layout
from stumble.sequences import Skeletons

__all__ = ["fitted", "frames_at", "network_order", "people_at", "there_first", "wanted"]


def wanted(recipe: str, batch: Skeletons, layout: Layout, coordinates: int, confidence: bool = False) -> None:
    """Raises TargetError, naming both sides, where the recipe does not take the batch."""
    takes = f"{coordinates} coordinates of {layout.name}"
    found = f"{batch.coordinates} coordinates of {batch.layout.name}"
    if takes != found:
        raise TargetError(f"the recipe {recipe} takes {takes}; the data has {found}")
    if confidence and batch.confidence is None:
        raise TargetError(f"the recipe {recipe} takes a confidence with every joint; the data has none")


def fitted(values: Shaped[Tensor, "..."], axis: int, size: int) -> Shaped[Tensor, "..."]:
    """The first `size` entries along an axis, zeros behind where there are fewer."""
    cut = values.narrow(axis, 0, min(size, values.shape[axis]))
    shape = list(cut.shape)
    shape[axis] = size - cut.shape[axis]
    return torch.cat([cut, cut.new_zeros(shape)], axis)


def people_at(values: Shaped[Tensor, "b m ..."], index: Int[Tensor, "b k"]) -> Shaped[Tensor, "b k ..."]:
    """The people at the given places, for each sequence its own."""
    rows = torch.arange(len(values), device=values.device)[:, None]
    return values[rows, index]


def frames_at(values: Shaped[Tensor, "b m t ..."], index: Int[Tensor, "b m k"]) -> Shaped[Tensor, "b m k ..."]:
    """The frames at the given places, for each person their own."""
    rows = torch.arange(values.shape[0], device=values.device)[:, None, None]
    people = torch.arange(values.shape[1], device=values.device)[None, :, None]
    return values[rows, people, index]


def there_first(there: Bool[Tensor, "... t"]) -> Int[Tensor, "... t"]:
    """The order of frames that brings those that are there to the front and else changes nothing."""
    return there.logical_not().to(torch.int8).argsort(dim=-1, stable=True)


def network_order(joints: Float[Tensor, "b m t v c"]) -> Float[Tensor, "b c t v m"]:
    """Channels, frames, joints, people."""
    return joints.permute(0, 4, 2, 3, 1).contiguous()
