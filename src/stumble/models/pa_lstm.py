"""PA-LSTM (Shahroudy, Liu, Ng, Wang; CVPR 2016): an LSTM whose memory is split among the parts of the body."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models.checkpoints import class_names, filled, read_state, some
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import PartAware, Recipe

__all__ = ["PALSTM", "body_parts", "load_pa_lstm"]

CHANNELS = 3
SEGMENTS = 8
"""T of the paper: of each clip so many frames are looked at."""
CELLS, LAYERS = 64, 2
"""Numbers in the memory of one part, and how many layers; the paper does not give the first."""


def body_parts(layout: Layout) -> tuple[tuple[int, ...], ...]:
    """The joints of the torso with the head, of the left and right arm and of the left and right leg."""
    return (layout.partitions["quarters"]["trunk"], *layout.partitions["limbs"].values())


class PALSTM(ActionRecogniser):
    """PA-LSTM of two layers: skeletons to a logit per class.

    Of each eighth of the clip it looks at one frame: at a random one in training mode, else at the middle one. What is
    known of each part in the last frame is classified. The upper layer reads of each part what the lower one knows of
    it. The names of its weights are ours.

    Args:
        classes, layout, recipe: see `ActionRecogniser`.
    """

    def __init__(self, classes: Sequence[str], layout: Layout = NTU25, recipe: Recipe = PartAware()) -> None:
        super().__init__(classes, layout, recipe)
        parts = body_parts(layout)
        sizes = [len(part) * CHANNELS * recipe.people for part in parts]
        self.layers = nn.ModuleList(_PartAware(sizes if k == 0 else [CELLS] * len(parts)) for k in range(LAYERS))
        self.dropout = nn.Dropout(0.5)
        self.classify = nn.Linear(CELLS * len(parts), len(self.classes))
        self._order = [joint for part in parts for joint in part]

    def logits(self, x: Float[Tensor, "b 3 t v m"]) -> Float[Tensor, "b classes"]:
        clips, frames = torch.arange(len(x))[:, None], _looked_at(len(x), x.shape[2], self.training)
        known = x.permute(0, 2, 3, 4, 1)[clips, frames][:, :, self._order].flatten(2)
        for layer in self.layers:
            known = self.dropout(layer(known))
        return self.classify(known[:, -1]).to(self.classify.weight.dtype)


class _PartAware(nn.Module):
    """One layer: of part p, with x its input and h what all parts gave a frame before,

    i, f, g = σ, σ, tanh of W_p (x_p, h);  c_p = f c_p + i g;  o = σ(W_o (x_1, …, x_P, h));  h = o tanh(c_1, …, c_P).

    All parts' gates see all of h. So this is an LSTM whose gates i, f and g are blind to what the other parts read,
    and it is computed as one: with one matrix, of which those blocks are zero.

    Attributes:
        read: (3 · CELLS, inputs of p) for each part p: from x_p to i, f and g.
        read_output: (H, inputs of all), H = P · CELLS: from x to o.
        recall: (4 · H, H) from h to i, f, g and o, each of all parts.
        bias: (4 · H).
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        hidden = CELLS * len(sizes)
        self.read = nn.ParameterList(torch.empty(3 * CELLS, size) for size in sizes)
        self.read_output = nn.Parameter(torch.empty(hidden, sum(sizes)))
        self.recall = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        for weight in (*self.read, self.read_output, self.recall):
            nn.init.uniform_(weight, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))
        nn.init.ones_(self.bias[hidden : 2 * hidden])  # what is known is at first kept

    def forward(self, x: Float[Tensor, "b t inputs"]) -> Float[Tensor, "b t hidden"]:
        read = x @ self._read_matrix().T + self.bias
        h = c = x.new_zeros(len(x), self.recall.shape[1])
        outputs = []
        for step in read.unbind(1):
            i, f, g, o = torch.addmm(step, h, self.recall.T).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, 1)

    def _read_matrix(self) -> Float[Tensor, "four_hidden inputs"]:
        gates = zip(*(cast(Tensor, weight).chunk(3) for weight in self.read), strict=True)
        return torch.cat([*(torch.block_diag(*parts) for parts in gates), self.read_output])


def _looked_at(clips: int, frames: int, chance: bool) -> Int[Tensor, "b k"]:
    """A frame of each of `SEGMENTS` equal parts of so many, in each clip: at random, else in the middle."""
    part = torch.arange(SEGMENTS)
    first, end = part * frames // SEGMENTS, (part + 1) * frames // SEGMENTS
    within = torch.rand(clips, SEGMENTS) if chance else torch.full((clips, SEGMENTS), 0.5)
    return (first + (within * (end - first)).long()).clamp_max(frames - 1)


def load_pa_lstm(path: Path, classes: Collection[str] | None = None, recipe: Recipe | None = None) -> PALSTM:
    """PA-LSTM from a file of ours, in inference mode and float32; the sizes of its tensors say for which joints.

    Args:
        classes: their names; by default "class 1", "class 2", ….
        recipe: what the network was trained on; by default `PartAware` with the people of the weights.

    Raises:
        WeightsError: the file is none, or for other classes than are named or other people than the recipe has.
    """
    state = read_state(path)
    read, head = (state.get(name, torch.empty(())) for name in ("layers.0.read_output", "classify.weight"))
    if (read.ndim, head.ndim) != (2, 2):
        raise WeightsError(f"{path}: found the keys {some(state)}; expected PA-LSTM's, of ours")
    fitting = [layout for layout in (NTU25, OPENPOSE18) if read.shape[1] % (CHANNELS * len(layout)) == 0]
    if not fitting or not read.shape[1]:
        raise WeightsError(f"{path}: found {read.shape[1]} inputs; expected 3 for each of 25 or 18 joints")
    layout = fitting[0]
    people = read.shape[1] // (CHANNELS * len(layout))
    recipe = recipe or PartAware(people=people)
    if recipe.people != people:
        raise WeightsError(f"{path}: found weights for {people} people; expected {recipe.people}, as the recipe has")
    return filled(PALSTM(class_names(classes, len(head), path), layout, recipe), state, path)
