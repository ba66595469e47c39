"""ST-GCN (Yan, Xiong, Lin; AAAI 2018): graph convolutions over joints and convolutions over time, at full size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stumble.layouts import NTU25, Layout
from stumble.models.person_graph import Folded, PersonGraph, affine, channels_first, normalised
from stumble.preprocess import Recipe, StGcn

__all__ = ["STGCN", "spatial_partition"]

CHANNELS = (3, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
"""Of the input, and behind each of the ten blocks; a block halves the frames where it doubles the channels."""
SUBSETS = 3


def spatial_partition(layout: Layout) -> Float[Tensor, "3 v v"]:
    """The spatial configuration partitioning of the paper's Section 4.2.

    A + I with columns that sum to 1, entry (j, i) being what joint i takes from its neighbour j, split by j's number
    of hops to the layout's centre: as far away as i (i itself among them), closer, further.
    """
    size = len(layout)
    near = torch.eye(size)
    for child, parent in layout.bones:
        near[child, parent] = near[parent, child] = 1
    hops, within = torch.zeros(size), torch.eye(size)[layout.centre]
    for _ in range(size):  # a joint is so many hops away as there are numbers of steps that do not reach it
        hops += within == 0
        within = within @ near
    difference = hops[:, None] - hops[None]
    subsets = torch.stack([difference == 0, difference < 0, difference > 0])
    return subsets * (near / near.sum(0))


class STGCN(PersonGraph):
    """ST-GCN with spatial partitioning and learnt edge importance: skeletons to a logit per class.

    Joints and people are normalised together over the batch (`data_bn`), ten blocks follow, and the mean over frames,
    joints and people is classified. The names of its weights are those of the original implementation.

    Args:
        classes, layout, recipe: see `ActionRecogniser`.

    Attributes:
        A: (3, V, V), the graph: what `spatial_partition` gives, or what a checkpoint brought along.
    """

    A: Tensor

    def __init__(self, classes: Sequence[str], layout: Layout = NTU25, recipe: Recipe = StGcn()) -> None:
        super().__init__(classes, layout, recipe)
        self.register_buffer("A", spatial_partition(layout))
        self.data_bn = nn.BatchNorm1d(CHANNELS[0] * len(layout))
        pairs = list(pairwise(CHANNELS))
        self.st_gcn_networks = nn.ModuleList(_Block(i, o, first=k == 0) for k, (i, o) in enumerate(pairs))
        self.edge_importance = nn.ParameterList(torch.ones_like(self.A) for _ in pairs)
        self.fcn = nn.Conv2d(CHANNELS[-1], len(self.classes), 1)

    def _classifier(self) -> tuple[Tensor, Tensor]:
        assert self.fcn.bias is not None
        return self.fcn.weight[:, :, 0, 0], self.fcn.bias

    def _trained(self, people: Float[Tensor, "b m t v 3"]) -> Float[Tensor, "b m 256"]:
        own = people.flatten(0, 1)
        x = self.data_bn(own.permute(0, 2, 3, 1).flatten(1, 2))
        x = x.unflatten(1, own.shape[2:]).permute(0, 3, 1, 2).contiguous()
        for block, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            x = block(x, self.A * importance)
        return x.float().mean((1, 2)).unflatten(0, people.shape[:2])

    def _folding(self) -> Folded:
        scale, shift = (part.unflatten(0, (1, len(self.layout), -1)) for part in affine(self.data_bn))
        blocks = zip(self.st_gcn_networks, self.edge_importance, strict=True)
        return Folded(scale, shift, [cast(_Block, block).folded(self.A * edge) for block, edge in blocks])


class _Graph(nn.Module):
    """The convolution over neighbours: one linear map per subset of the partition."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, SUBSETS * out, 1)

    def maps(self, graph: Float[Tensor, "3 v v"]) -> tuple[Float[Tensor, "out three_c"], Float[Tensor, "v out"]]:
        """The weight of one linear map of all subsets together, and its bias at each joint."""
        weight = self.conv.weight[:, :, 0, 0].unflatten(0, (SUBSETS, -1)).transpose(0, 1).flatten(1)
        assert self.conv.bias is not None
        return weight, graph.sum(1).T @ self.conv.bias.unflatten(0, (SUBSETS, -1))


class _Block(nn.Module):
    """Graph convolution, temporal convolution, and the input added, in that order."""

    def __init__(self, channels: int, out: int, first: bool) -> None:
        super().__init__()
        stride = (1 if first or channels == out else 2, 1)
        self.gcn = _Graph(channels, out)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, (9, 1), stride, (4, 0)),
            nn.BatchNorm2d(out),
            nn.Dropout(0.0 if first else 0.5),
        )
        self.first, self.stride = first, stride
        self.residual: nn.Module = nn.Identity()
        if not first and channels != out:
            self.residual = nn.Sequential(nn.Conv2d(channels, out, 1, stride), nn.BatchNorm2d(out))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Float[Tensor, "p t v c"], graph: Float[Tensor, "3 v v"]) -> Float[Tensor, "p t2 v out"]:
        y = self.tcn(channels_first(_gathered(x, graph, *self.gcn.maps(graph))))
        if not self.first:
            y = y + self.residual(channels_first(x))
        return functional.relu(y, inplace=True).permute(0, 2, 3, 1)

    def folded(self, graph: Float[Tensor, "3 v v"]) -> _FoldedBlock:
        weight, bias = self.gcn.maps(graph)
        scale, shift = affine(self.tcn[0])
        time = normalised(self.tcn[2], self.tcn[3])
        skip = normalised(self.residual[0], self.residual[1]) if isinstance(self.residual, nn.Sequential) else None
        return _FoldedBlock(graph, scale[:, None] * weight, scale * bias + shift, time, skip, self.stride, self.first)


@dataclass(frozen=True)
class _FoldedBlock:
    """A block whose normalisations are parts of its maps."""

    graph: Tensor
    weight: Tensor
    bias: Tensor
    time: tuple[Tensor, Tensor]
    skip: tuple[Tensor, Tensor] | None
    stride: tuple[int, int]
    first: bool

    def __call__(self, x: Float[Tensor, "p t v c"]) -> Float[Tensor, "p t2 v out"]:
        y = functional.relu(_gathered(x, self.graph, self.weight, self.bias), inplace=True)
        y = functional.conv2d(channels_first(y), *self.time, stride=self.stride, padding=(4, 0))
        if self.skip is not None:
            y = y + functional.conv2d(channels_first(x), *self.skip, stride=self.stride)
        elif not self.first:
            y = y + channels_first(x)
        return functional.relu(y, inplace=True).permute(0, 2, 3, 1)


def _gathered(
    x: Float[Tensor, "p t v c"],
    graph: Float[Tensor, "3 v v"],
    weight: Float[Tensor, "out three_c"],
    bias: Float[Tensor, "v out"],
) -> Float[Tensor, "p t v out"]:
    """Each subset's neighbours are summed before the linear map, where there are fewer channels than behind it."""
    poses = x.flatten(0, 1)
    sums = graph.permute(2, 0, 1).flatten(0, 1).expand(len(poses), -1, -1).bmm(poses)
    y = functional.linear(sums.view(*x.shape[:3], -1), weight)
    return y + bias.to(y.dtype)
