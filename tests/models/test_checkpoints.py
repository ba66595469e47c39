from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from stumble.errors import WeightsError
from stumble.models.checkpoints import export_gaitset, layout_of, load_gaitset, read_state
from stumble.models.gaitset import GaitSet
from stumble.sequences import Silhouettes

SHAPES = {
    "frame": [(32, 1, 5, 5), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3)],
    "set": [(64, 32, 3, 3), (64, 64, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3)],
}


def original_state() -> dict[str, torch.Tensor]:
    """A checkpoint as the original implementation saves it, with random weights."""
    torch.manual_seed(3)
    names = [f"module.set_layer{i}.forward_block.conv.weight" for i in range(1, 7)]
    state = {name: 0.1 * torch.randn(s) for name, s in zip(names, SHAPES["frame"], strict=True)}
    names = [f"module.gl_layer{i}.conv.weight" for i in range(1, 5)]
    state |= {name: 0.1 * torch.randn(s) for name, s in zip(names, SHAPES["set"], strict=True)}
    return {**state, "module.fc_bin.0": 0.1 * torch.randn(62, 128, 256)}


def opengait_state() -> dict[str, Any]:
    """A checkpoint as OpenGait saves it, with random weights."""
    torch.manual_seed(4)
    names = [f"set_block{b}.forward_block.{j}.conv.weight" for b in (1, 2, 3) for j in (0, 2)]
    state = {name: 0.1 * torch.randn(s) for name, s in zip(names, SHAPES["frame"], strict=True)}
    names = [f"gl_block{b}.{j}.conv.weight" for b in (2, 3) for j in (0, 2)]
    state |= {name: 0.1 * torch.randn(s) for name, s in zip(names, SHAPES["set"], strict=True)}
    return {"model": {**state, "Head.fc_bin": 0.1 * torch.randn(62, 128, 256)}, "iteration": 80000}


def slow_embedding(
    convolutions: list[torch.Tensor], parts: torch.Tensor, frames: torch.Tensor, opengait: bool
) -> torch.Tensor:
    """(62, 256) of one sequence in the layout's own order of parts."""

    def layer(x: torch.Tensor, index: int) -> torch.Tensor:
        weight = convolutions[index]
        return functional.leaky_relu(functional.conv2d(x, weight, padding=weight.shape[-1] // 2))

    x = frames[:, None]
    first = functional.max_pool2d(layer(layer(x, 0), 1), 2)
    second = functional.max_pool2d(layer(layer(first, 2), 3), 2)
    third = layer(layer(second, 4), 5).amax(0, keepdim=True)
    y = functional.max_pool2d(layer(layer(first.amax(0, keepdim=True), 6), 7), 2)
    y = third + layer(layer(y + second.amax(0, keepdim=True), 8), 9)

    def strips(x: torch.Tensor, bins: int) -> list[torch.Tensor]:
        return [s.mean((2, 3))[0] + s.amax((2, 3))[0] for s in x.chunk(bins, dim=2)]

    if opengait:
        rows = [row for branch in (third, y) for bins in (16, 8, 4, 2, 1) for row in strips(branch, bins)]
    else:
        rows = [row for bins in (1, 2, 4, 8, 16) for branch in (third, y) for row in strips(branch, bins)]
    return torch.stack([row @ matrix for row, matrix in zip(rows, parts, strict=True)])


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return (torch.rand(3, 64, 44, generator=torch.Generator().manual_seed(0)) > 0.5).float()


def by_part_number(embedding: torch.Tensor) -> torch.Tensor:
    """Parts in an order that does not depend on the layout's."""
    return embedding[embedding[:, 0].argsort()]


def test_loads_the_original_layout(tmp_path: Path, frames: torch.Tensor) -> None:
    state = original_state()
    torch.save(state, tmp_path / "original.ptm")
    embedding = load_gaitset(tmp_path / "original.ptm")(Silhouettes.pad([frames], ["a"])).embedding[0]
    *convolutions, parts = state.values()
    expected = slow_embedding(convolutions, parts, frames, opengait=False)
    torch.testing.assert_close(embedding, expected, rtol=1e-4, atol=1e-4)


def test_loads_opengait_and_gives_the_same_parts_in_our_order(tmp_path: Path, frames: torch.Tensor) -> None:
    state = opengait_state()
    torch.save(state, tmp_path / "opengait.pt")
    embedding = load_gaitset(tmp_path / "opengait.pt")(Silhouettes.pad([frames], ["a"])).embedding[0]
    *convolutions, parts = state["model"].values()
    expected = slow_embedding(convolutions, parts, frames, opengait=True)
    torch.testing.assert_close(by_part_number(embedding), by_part_number(expected), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(embedding[0], expected[30], rtol=1e-4, atol=1e-4)  # the whole body, frame branch
    torch.testing.assert_close(embedding[1], expected[61], rtol=1e-4, atol=1e-4)  # the whole body, global pipeline
    torch.testing.assert_close(embedding[-1], expected[46], rtol=1e-4, atol=1e-4)  # the feet, global pipeline


@pytest.mark.parametrize("layout", ["original", "opengait", "stumble"])
def test_export_and_load_are_inverse_bit_for_bit(layout: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = GaitSet()
    torch.save(export_gaitset(network, layout), tmp_path / "there.pt")
    assert layout_of(read_state(tmp_path / "there.pt"), tmp_path) == layout
    back = load_gaitset(tmp_path / "there.pt")
    for name, value in network.state_dict().items():
        assert torch.equal(value, back.state_dict()[name]), name


@pytest.mark.parametrize(("layout", "state"), [("original", original_state()), ("opengait", opengait_state())])
def test_load_and_export_are_inverse_bit_for_bit(layout: Any, state: dict[str, Any], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "theirs.pt")
    exported = export_gaitset(load_gaitset(tmp_path / "theirs.pt"), layout)
    theirs, ours = (s.get("model", s) for s in (state, exported))
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def test_layouts_convert_into_each_other_by_permuting_parts(tmp_path: Path) -> None:
    original = original_state()
    torch.save(original, tmp_path / "original.ptm")
    parts = export_gaitset(load_gaitset(tmp_path / "original.ptm"), "opengait")["model"]["Head.fc_bin"]
    assert not torch.equal(parts, original["module.fc_bin.0"])
    assert torch.equal(parts[30], original["module.fc_bin.0"][0])
    assert torch.equal(parts[46], original["module.fc_bin.0"][61])


def test_safetensors_are_read(tmp_path: Path) -> None:
    network = GaitSet()
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "w.safetensors")
    assert torch.equal(load_gaitset(tmp_path / "w.safetensors").parts, network.parts)


def broken(state: dict[str, torch.Tensor], case: str) -> dict[str, torch.Tensor]:
    match case:
        case "missing":
            del state["module.gl_layer2.conv.weight"]
        case "unexpected":
            state["module.bn.weight"] = torch.ones(1)
        case "shape":
            state["module.fc_bin.0"] = torch.zeros(31, 128, 256)
        case "nan":
            state["module.fc_bin.0"][3, 4, 5] = torch.nan
        case "other":
            return {"conv1.weight": torch.ones(1)}
    return state


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", r"bad\.pt: found no gl_layer2\.conv\.weight; expected exactly the network's 11 keys"),
        ("unexpected", r"bad\.pt: found unexpected bn\.weight"),
        ("shape", r"bad\.pt: found fc_bin\.0 of shape \(31, 128, 256\); expected \(62, 128, 256\)"),
        ("nan", r"bad\.pt: found 1 numbers in fc_bin\.0 that are NaN"),
        ("other", r"bad\.pt: found the keys conv1\.weight; expected GaitSet's"),
    ],
)
def test_what_is_wrong_is_named(case: str, message: str, tmp_path: Path) -> None:
    torch.save(broken(original_state(), case), tmp_path / "bad.pt")
    with pytest.raises(WeightsError, match=message) as caught:
        load_gaitset(tmp_path / "bad.pt")
    assert "\n" not in str(caught.value)


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harm"),)


def test_unreadable_files_give_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"none\.pt: found no file"):
        load_gaitset(Path("none.pt"))
    Path("cut.pt").write_bytes(b"PK\x03\x04 cut")
    Path("call.pt").write_bytes(pickle.dumps({"model": Malicious()}))
    torch.save({"model": Malicious()}, "torch.pt")
    torch.save([1, 2], "list.pt")
    for name in ("cut.pt", "call.pt", "torch.pt", "list.pt"):
        with pytest.raises(WeightsError, match=name) as caught:
            load_gaitset(Path(name))
        assert "\n" not in str(caught.value)
    assert not Path("harm").exists()
