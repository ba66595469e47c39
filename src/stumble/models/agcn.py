"""2s-AGCN (Shi, Zhang, Cheng, Lu; CVPR 2019): graph convolutions whose graph is learnt, and depends on the clip."""

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
from stumble.preprocess import Recipe, TwoStream

__all__ = ["AGCN", "directed_partition"]

CHANNELS = (3, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
"""Of the input, and behind each of the ten layers; a layer halves the frames where it doubles the channels."""
SUBSETS = 3
EMBEDDED = 4
"""The embeddings that attend to each other have a fourth of a layer's channels."""


def directed_partition(layout: Layout) -> Float[Tensor, "3 v v"]:
    """The three fixed graphs; entry (j, i) is what joint i takes from joint j: from itself, its parent, its children.

    Parents are those of the layout's list of bones. The children's shares are equal and sum to 1.
    """
    inward = torch.zeros(len(layout), len(layout))
    for child, parent in layout.bones:
        inward[parent, child] = 1
    outward = inward.T / inward.T.sum(0).clamp_min(1)
    return torch.stack([torch.eye(len(layout)), inward, outward])


class AGCN(PersonGraph):
    """One stream of 2s-AGCN: skeletons to a logit per class.

    Joint and bone stream are the same network with another recipe, `TwoStream("joint")` and `TwoStream("bone")`, which
    works out the bones from the joints; `targets.Ensemble` of both is 2s-AGCN. In each layer, joint i takes from
    joint j what A + B + C say (the paper's Eq. 3): A is `directed_partition`, B is learnt, and C is how well the
    embeddings of the two joints over the whole clip agree. The names of its weights are those of the original
    implementation. Joints of the first and of the second person have normalisations of their own.

    Args:
        classes, layout, recipe: see `ActionRecogniser`.

    Attributes:
        A: (3, V, V), the fixed graphs, which are not part of a checkpoint.
    """

    A: Tensor

    def __init__(self, classes: Sequence[str], layout: Layout = NTU25, recipe: Recipe = TwoStream()) -> None:
        super().__init__(classes, layout, recipe)
        self.register_buffer("A", directed_partition(layout), persistent=False)
        self.data_bn = nn.BatchNorm1d(recipe.people * len(layout) * CHANNELS[0])
        for number, (i, o) in enumerate(pairwise(CHANNELS), 1):
            self.add_module(f"l{number}", _Layer(i, o, len(layout), first=number == 1))
        self.fc = nn.Linear(CHANNELS[-1], len(self.classes))

    @property
    def layers(self) -> list[_Layer]:
        """The ten in their order."""
        return [cast(_Layer, getattr(self, f"l{number}")) for number in range(1, len(CHANNELS))]

    def _classifier(self) -> tuple[Tensor, Tensor]:
        return self.fc.weight, self.fc.bias

    def _trained(self, people: Float[Tensor, "b m t v 3"]) -> Float[Tensor, "b m 256"]:
        x = self.data_bn(people.permute(0, 1, 3, 4, 2).flatten(1, 3))
        x = x.unflatten(1, (people.shape[1], len(self.layout), -1)).transpose(3, 4).flatten(0, 1).contiguous()
        for layer in self.layers:
            x = layer(x, self.A)
        return x.float().mean((1, 2)).unflatten(0, people.shape[:2])

    def _folding(self) -> Folded:
        scale, shift = (part.unflatten(0, (self.recipe.people, len(self.layout), -1)) for part in affine(self.data_bn))
        return Folded(scale, shift, [_joints_first, *(layer.folded(self.A) for layer in self.layers)])


class _Graph(nn.Module):
    """The adaptive graph convolution of the paper's Fig. 2."""

    def __init__(self, channels: int, out: int, joints: int) -> None:
        super().__init__()
        self.PA = nn.Parameter(torch.full((SUBSETS, joints, joints), 1e-6))
        for name, size in (("conv_a", out // EMBEDDED), ("conv_b", out // EMBEDDED), ("conv_d", out)):
            self.add_module(name, nn.ModuleList(nn.Conv2d(channels, size, 1) for _ in range(SUBSETS)))
        self.bn = nn.BatchNorm2d(out)
        self.down: nn.Module = nn.Identity()
        if channels != out:
            self.down = nn.Sequential(nn.Conv2d(channels, out, 1), nn.BatchNorm2d(out))

    def maps(self, graph: Float[Tensor, "3 v v"]) -> _Maps:
        """Its linear maps, without the normalisation behind them."""
        (weight_a, bias_a), (weight_b, bias_b), (weight_d, bias_d) = map(
            _stacked, (self.conv_a, self.conv_b, self.conv_d)
        )
        embed = torch.cat([weight_a, weight_b]).flatten(0, 1), torch.cat([bias_a, bias_b]).flatten()
        return _Maps(graph + self.PA, *embed, weight_d, bias_d.sum(0))


class _Time(nn.Module):
    """A convolution over time, or over nothing, and its normalisation."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, (kernel, 1), (stride, 1), (kernel // 2, 0))
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: Float[Tensor, "p c v t"]) -> Float[Tensor, "p out v t2"]:
        return self.bn(_over_time(x, self.conv.weight, self.conv.bias, self.conv.stride[0]))


class _Layer(nn.Module):
    """Graph convolution, temporal convolution, and the input added, in that order.

    Arrays are (P, V, T, C), so that a joint's whole course is one row of the matrices that graph and attention need.
    """

    def __init__(self, channels: int, out: int, joints: int, first: bool) -> None:
        super().__init__()
        stride = 1 if first or channels == out else 2
        self.gcn1 = _Graph(channels, out, joints)
        self.tcn1 = _Time(out, out, 9, stride)
        self.first, self.stride = first, stride
        self.residual: nn.Module = nn.Identity()
        if not first and channels != out:
            self.residual = _Time(channels, out, 1, stride)

    def forward(self, x: Float[Tensor, "p v t c"], graph: Float[Tensor, "3 v v"]) -> Float[Tensor, "p v t2 out"]:
        gathered = self.gcn1.maps(graph)(x)
        y = functional.relu(self.gcn1.bn(channels_first(gathered)) + self.gcn1.down(channels_first(x)))
        y = self.tcn1(y)
        if not self.first:
            y = y + self.residual(channels_first(x))
        return functional.relu(y, inplace=True).permute(0, 2, 3, 1)

    def folded(self, graph: Float[Tensor, "3 v v"]) -> _FoldedLayer:
        maps, (scale, shift) = self.gcn1.maps(graph), affine(self.gcn1.bn)
        weight, bias, down = maps.weight * scale[:, None], maps.bias * scale + shift, None
        if isinstance(self.gcn1.down, nn.Sequential):
            kernel, offset = normalised(self.gcn1.down[0], self.gcn1.down[1])
            down, bias = kernel[:, :, 0, 0], bias + offset
        time = normalised(self.tcn1.conv, self.tcn1.bn)
        skip = normalised(self.residual.conv, self.residual.bn) if isinstance(self.residual, _Time) else None
        maps = _Maps(maps.graph, maps.embed, maps.embed_bias, weight, bias)
        return _FoldedLayer(maps, down, time, skip, self.stride, self.first)


@dataclass(frozen=True)
class _Maps:
    """The sum over the subsets k of W_k x (A_k + B_k + C_k), and a bias.

    Attributes:
        graph: A + B.
        embed, embed_bias: θ of each subset, then φ of each.
        weight, bias: W of each subset, and one bias for all.
    """

    graph: Float[Tensor, "3 v v"]
    embed: Float[Tensor, "six_e c"]
    embed_bias: Float[Tensor, " six_e"]
    weight: Float[Tensor, "3 out c"]
    bias: Float[Tensor, " out"]

    def __call__(self, x: Float[Tensor, "p v t c"]) -> Float[Tensor, "p v t out"]:
        embedded = functional.linear(x, self.embed, self.embed_bias).chunk(2 * SUBSETS, -1)
        rows, y = x.flatten(2), self.bias
        for fixed, weight, theta, phi in zip(
            self.graph, self.weight, embedded[:SUBSETS], embedded[SUBSETS:], strict=True
        ):
            theta, phi = theta.flatten(2), phi.flatten(2)
            alike = (theta.bmm(phi.mT).to(fixed.dtype) / theta.shape[2]).softmax(1)
            gathered = (fixed + alike).mT.bmm(rows).view(-1, x.shape[3])
            y = torch.addmm(y, gathered, weight.T)
        return y.view(*x.shape[:3], -1)


@dataclass(frozen=True)
class _FoldedLayer:
    """A layer whose normalisations are parts of its maps."""

    maps: _Maps
    down: Tensor | None
    time: tuple[Tensor, Tensor]
    skip: tuple[Tensor, Tensor] | None
    stride: int
    first: bool

    def __call__(self, x: Float[Tensor, "p v t c"]) -> Float[Tensor, "p v t2 out"]:
        y = self.maps(x) + (x if self.down is None else functional.linear(x, self.down))
        y = _over_time(channels_first(functional.relu(y, inplace=True)), *self.time, self.stride)
        if self.skip is not None:
            y = y + _over_time(channels_first(x), *self.skip, self.stride)
        elif not self.first:
            y = y + channels_first(x)
        return functional.relu(y, inplace=True).permute(0, 2, 3, 1)


def _over_time(
    x: Float[Tensor, "p c v t"], weight: Float[Tensor, "out c k 1"], bias: Tensor | None, stride: int
) -> Float[Tensor, "p out v t2"]:
    kernel = weight.transpose(2, 3).contiguous(memory_format=torch.channels_last)
    return functional.conv2d(x, kernel, bias, (1, stride), (0, weight.shape[2] // 2))


def _joints_first(x: Float[Tensor, "p t v c"]) -> Float[Tensor, "p v t c"]:
    return x.transpose(1, 2).contiguous()


def _stacked(convolutions: object) -> tuple[Float[Tensor, "3 out c"], Float[Tensor, "3 out"]]:
    """Weights and biases of 1×1 convolutions."""
    assert isinstance(convolutions, nn.ModuleList)
    own = [cast(nn.Conv2d, each) for each in convolutions]
    return torch.stack([each.weight[:, :, 0, 0] for each in own]), torch.stack(
        [cast(Tensor, each.bias) for each in own]
    )
