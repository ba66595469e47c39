from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models import PALSTM
from stumble.models.pa_lstm import body_parts, load_pa_lstm
from stumble.preprocess import PartAware, StGcn
from stumble.sequences import Skeletons


def test_classifies_skeletons() -> None:
    walk = np.random.default_rng(0).standard_normal((1, 20, 25, 3)).astype(np.float32)
    network = PALSTM(["walk", "run", "jump"], NTU25, PartAware(frames=32, people=1)).eval()
    logits = network(Skeletons.pad([walk], ["a"], NTU25)).logits
    assert logits is not None and logits.shape == (1, 3)


def lively(layout: Layout = NTU25, people: int = 2) -> PALSTM:
    """In float64, with random numbers large enough that gates are far from a half."""
    network = PALSTM("abcde", layout, StGcn(16, people)).eval().double().requires_grad_(False)
    draw = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=draw) / max(parameter.shape[-1], 4) ** 0.5)
    return network


def slow_logits(network: PALSTM, x: Tensor) -> Tensor:
    """The paper's equations on one clip (3, T, V, M), one part and one frame after the other."""
    state, parts = network.state_dict(), body_parts(network.layout)
    frames = x.shape[1]
    middles = [(k * frames // 8 + (k + 1) * frames // 8) // 2 for k in range(8)]
    inputs = [[x[:, t, list(part)].permute(1, 2, 0).flatten() for part in parts] for t in middles]
    for layer in ("layers.0", "layers.1"):
        read = [state[f"{layer}.read.{p}"] for p in range(5)]
        recall, bias = state[f"{layer}.recall"].view(4, 5, 64, 320), state[f"{layer}.bias"].view(4, 5, 64)
        h, cells, outputs = x.new_zeros(320), [x.new_zeros(64) for _ in parts], []
        for own in inputs:
            for p in range(5):
                i, f, g = (
                    read[p][64 * gate : 64 * (gate + 1)] @ own[p] + recall[gate, p] @ h + bias[gate, p]
                    for gate in range(3)
                )
                cells[p] = torch.sigmoid(f) * cells[p] + torch.sigmoid(i) * torch.tanh(g)
            output = state[f"{layer}.read_output"] @ torch.cat(own) + recall[3].flatten(0, 1) @ h + bias[3].flatten()
            h = torch.sigmoid(output) * torch.tanh(torch.cat(cells))
            outputs.append(list(h.split(64)))
        inputs = outputs
    return state["classify.weight"] @ torch.cat(inputs[-1]) + state["classify.bias"]


@pytest.mark.parametrize(("layout", "frames", "people"), [(NTU25, 16, 1), (NTU25, 5, 2), (OPENPOSE18, 21, 2)])
def test_logits_are_those_of_the_papers_equations(layout: Layout, frames: int, people: int) -> None:
    network = lively(layout, people)
    x = torch.randn(3, 3, frames, len(layout), people, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = torch.stack([slow_logits(network, clip) for clip in x])
    assert expected.std() > 0.05
    torch.testing.assert_close(network.logits(x), expected, rtol=1e-9, atol=1e-9)


def test_the_parts_are_five_and_no_joint_is_in_two() -> None:
    for layout in (NTU25, OPENPOSE18):
        assert sorted(joint for part in body_parts(layout) for joint in part) == list(range(len(layout)))
        assert len(body_parts(layout)) == 5


def test_the_gradient_is_that_of_differences() -> None:
    network = lively()
    x = torch.randn(1, 3, 16, 25, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network.logits, x, fast_mode=True)


def test_training_looks_at_another_frame_of_each_eighth_every_time() -> None:
    """Each clip at its own. What is looked at is what the answer depends on."""
    network = lively().train()
    network.dropout.p = 0.0
    x = torch.randn(2, 3, 64, 25, 2, dtype=torch.float64).requires_grad_()
    seen = []
    for _ in range(3):
        (gradient,) = torch.autograd.grad(network.logits(x).sum(), x)
        frames = [g.ne(0).flatten(2).any(2).any(0).nonzero()[:, 0] for g in gradient]
        assert all((own // 8).tolist() == list(range(8)) for own in frames)
        seen.extend(tuple(own.tolist()) for own in frames)
    assert len(set(seen)) == 6


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_saved_weights_load_by_their_sizes(layout: Layout, tmp_path: Path) -> None:
    network = lively(layout).float()
    torch.save(network.state_dict(), tmp_path / "net.pt")
    again = load_pa_lstm(tmp_path / "net.pt", "abcde", StGcn(16, 2))
    assert again.layout == layout
    x = torch.randn(2, 3, 16, len(layout), 2)
    assert torch.equal(again.logits(x), network.logits(x))
    bare = load_pa_lstm(tmp_path / "net.pt")
    assert (bare.recipe, bare.classes[:2]) == (PartAware(people=2), ("class 1", "class 2"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers.0.read_output": torch.ones(320, 100)}, "found 100 inputs; expected 3 for each of 25 or 18 joints"),
        ({"layers.1.recall": torch.ones(3)}, r"found layers\.1\.recall of shape \(3,\); expected \(1280, 320\)"),
        ({"classify.weight": torch.ones(3)}, "found the keys classify.bias, .*; expected PA-LSTM's, of ours"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Tensor], message: str, tmp_path: Path) -> None:
    torch.save({**lively().state_dict(), **change}, tmp_path / "net.pt")
    with pytest.raises(WeightsError, match=message):
        load_pa_lstm(tmp_path / "net.pt")


def test_names_and_people_must_be_as_many_as_the_weights_have(tmp_path: Path) -> None:
    torch.save(lively().state_dict(), tmp_path / "net.pt")
    with pytest.raises(WeightsError, match="found 5 classes; expected 2 of them"):
        load_pa_lstm(tmp_path / "net.pt", ("a", "b"))
    with pytest.raises(WeightsError, match="found weights for 2 people; expected 1, as the recipe has"):
        load_pa_lstm(tmp_path / "net.pt", recipe=PartAware(people=1))
