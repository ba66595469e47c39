from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stumble.errors import TargetError, WeightsError
from stumble.interfaces import SkeletonTarget
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models import STGCN
from stumble.models.stgcn import spatial_partition
from stumble.models.stgcn_checkpoints import load_stgcn
from stumble.preprocess import StGcn
from stumble.preprocess.pyskl import Pyskl
from stumble.sequences import Skeletons

WIDTHS = [(3, 64), (64, 64), (64, 64), (64, 64), (64, 128), (128, 128), (128, 128), (128, 256), (256, 256), (256, 256)]


def test_classifies_skeletons() -> None:
    walk = np.random.default_rng(0).standard_normal((1, 20, 25, 3)).astype(np.float32)
    network = STGCN(["walk", "run", "jump"], NTU25, StGcn(frames=32, people=2)).eval()
    logits = network(Skeletons.pad([walk], ["a"], NTU25)).logits
    assert logits is not None and logits.shape == (1, 3)


def norm(name: str, size: int, draw: torch.Generator) -> dict[str, Tensor]:
    return {
        f"{name}.weight": torch.rand(size, generator=draw) + 0.5,
        f"{name}.bias": 0.3 * torch.randn(size, generator=draw),
        f"{name}.running_mean": 0.3 * torch.randn(size, generator=draw),
        f"{name}.running_var": torch.rand(size, generator=draw) + 0.5,
        f"{name}.num_batches_tracked": torch.tensor(7),
    }


def original_state(joints: int = 25, classes: int = 5, seed: int = 0) -> dict[str, Tensor]:
    """A checkpoint as the original implementation saves it, with random numbers, the graph's included."""
    draw = torch.Generator().manual_seed(seed)

    def matrix(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw) / np.sqrt(np.prod(shape[1:]))

    state = {"A": torch.rand(3, joints, joints, generator=draw) / joints}
    state |= norm("data_bn", 3 * joints, draw)
    for k, (i, o) in enumerate(WIDTHS):
        block = f"st_gcn_networks.{k}"
        state |= {f"{block}.gcn.conv.weight": matrix(3 * o, i, 1, 1), f"{block}.gcn.conv.bias": matrix(3 * o, 1)[:, 0]}
        state |= norm(f"{block}.tcn.0", o, draw)
        state |= {f"{block}.tcn.2.weight": matrix(o, o, 9, 1), f"{block}.tcn.2.bias": matrix(o, 1)[:, 0]}
        state |= norm(f"{block}.tcn.3", o, draw)
        if k in (4, 7):
            state |= {f"{block}.residual.0.weight": matrix(o, i, 1, 1), f"{block}.residual.0.bias": matrix(o, 1)[:, 0]}
            state |= norm(f"{block}.residual.1", o, draw)
        state[f"edge_importance.{k}"] = torch.rand(3, joints, joints, generator=draw) + 0.5
    return {**state, "fcn.weight": matrix(classes, 256, 1, 1), "fcn.bias": matrix(classes, 1)[:, 0]}


def slow_logits(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The paper's network on one clip (3, T, V, M), one joint and one step in time after the other, in float64."""
    state = {name: value.double() for name, value in state.items()}

    def normalised(x: Tensor, name: str) -> Tensor:
        """The last axis by the statistics of inference."""
        centred = (x - state[f"{name}.running_mean"]) / (state[f"{name}.running_var"] + 1e-5).sqrt()
        return centred * state[f"{name}.weight"] + state[f"{name}.bias"]

    people = []
    for person in x.double().permute(3, 1, 2, 0):  # each (T, V, 3)
        h = normalised(person.flatten(1), "data_bn").unflatten(1, person.shape[1:])
        for k, (_, o) in enumerate(WIDTHS):
            block, stride = f"st_gcn_networks.{k}", 2 if k in (4, 7) else 1
            graph = state["A"] * state[f"edge_importance.{k}"]
            weight, bias = state[f"{block}.gcn.conv.weight"][:, :, 0, 0], state[f"{block}.gcn.conv.bias"]
            gathered = torch.zeros(*h.shape[:2], o, dtype=torch.float64)
            for subset in range(3):
                own = slice(subset * o, (subset + 1) * o)
                mapped = h @ weight[own].T + bias[own]
                for target in range(h.shape[1]):
                    for source in range(h.shape[1]):
                        gathered[:, target] += graph[subset, source, target] * mapped[:, source]
            active = normalised(gathered, f"{block}.tcn.0").clamp_min(0)
            kernel, frames = state[f"{block}.tcn.2.weight"][:, :, :, 0], range(0, len(h), stride)
            convolved = torch.stack(
                [
                    state[f"{block}.tcn.2.bias"]
                    + sum(active[t + d] @ kernel[:, :, d + 4].T for d in range(-4, 5) if 0 <= t + d < len(h))
                    for t in frames
                ]
            )
            y = normalised(convolved, f"{block}.tcn.3")
            if k in (4, 7):
                skip = h[::stride] @ state[f"{block}.residual.0.weight"][:, :, 0, 0].T
                y = y + normalised(skip + state[f"{block}.residual.0.bias"], f"{block}.residual.1")
            elif k > 0:
                y = y + h
            h = y.clamp_min(0)
        people.append(h.mean((0, 1)))
    return state["fcn.weight"][:, :, 0, 0] @ torch.stack(people).mean(0) + state["fcn.bias"]


def clips(layout: Layout = NTU25, frames: int = 14, people: int = 2) -> Tensor:
    return torch.randn(3, 3, frames, len(layout), people, generator=torch.Generator().manual_seed(1))


def loaded(state: object, folder: Path) -> STGCN:
    torch.save(state, folder / "st_gcn.pt")
    return load_stgcn(folder / "st_gcn.pt").requires_grad_(False)


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_logits_are_those_of_a_slow_implementation(layout: Layout, tmp_path: Path) -> None:
    state, x = original_state(len(layout)), clips(layout)
    network = loaded(state, tmp_path)
    assert network.layout == layout and network.classes == tuple(f"class {k}" for k in range(1, 6))
    expected = torch.stack([slow_logits(state, clip) for clip in x])
    assert expected.std() > 0.05
    torch.testing.assert_close(network.logits(x).double(), expected, rtol=1e-5, atol=1e-5)


def test_inference_is_what_training_would_do_with_the_same_statistics(tmp_path: Path) -> None:
    """The modules that are trained against their folded form, in float64."""
    network, x = loaded(original_state(), tmp_path).double(), clips().double()
    folded = network.logits(x)
    for module in network.modules():
        module.training = isinstance(module, STGCN)
    torch.testing.assert_close(network.logits(x), folded, rtol=1e-5, atol=1e-5)  # features are averaged in float32


def pyskl_state(state: dict[str, Tensor], head: str) -> dict[str, object]:
    """The same network as PYSKL (`fc_cls`) or MMAction2 (`fc`) saves it."""
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "st_gcn_networks":
            inner = {
                "gcn.conv": "gcn.conv",
                "tcn.0": "gcn.bn",
                "tcn.2": "tcn.conv",
                "tcn.3": "tcn.bn",
                "residual.0": "residual.conv",
                "residual.1": "residual.bn",
            }[".".join(parts[2:4])]
            renamed[f"backbone.gcn.{parts[1]}.{inner}.{parts[4]}"] = value
        elif parts[0] == "edge_importance":
            renamed[f"backbone.gcn.{parts[1]}.gcn.PA"] = value
            renamed[f"backbone.gcn.{parts[1]}.gcn.A"] = state["A"]
        elif parts[0] == "data_bn":
            renamed[f"backbone.{name}"] = value
    renamed[f"cls_head.{head}.weight"] = state["fcn.weight"][:, :, 0, 0]
    renamed[f"cls_head.{head}.bias"] = state["fcn.bias"]
    return {"meta": {"epoch": 16}, "state_dict": renamed}


@pytest.mark.parametrize("head", ["fc_cls", "fc"])
def test_pyskl_and_mmaction2_load_as_the_same_network(head: str, tmp_path: Path) -> None:
    state, x = original_state(), clips()
    other = loaded(pyskl_state(state, head), tmp_path)
    assert other.recipe == Pyskl()
    assert torch.equal(other.logits(x), loaded(state, tmp_path).logits(x))


def test_old_checkpoints_without_counters_load(tmp_path: Path) -> None:
    state = {name: value for name, value in original_state().items() if not name.endswith("num_batches_tracked")}
    assert torch.equal(loaded(state, tmp_path).logits(clips()), loaded(original_state(), tmp_path).logits(clips()))


def test_an_absent_person_is_computed_once_and_changes_nothing(tmp_path: Path) -> None:
    state, x = original_state(), clips()
    network = loaded(state, tmp_path)
    x[1, ..., 1] = 0  # nobody beside the first
    x[2] = 0  # nobody at all
    expected = torch.stack([slow_logits(state, clip) for clip in x])
    convolved: list[int] = []
    folded = network._fold()
    first = folded.blocks[0]
    folded.blocks[0] = lambda people: (convolved.append(len(people)), first(people))[1]  # type: ignore[index]
    for _ in range(2):
        torch.testing.assert_close(network.logits(x).double(), expected, rtol=1e-5, atol=1e-5)
    assert convolved == [1, 3, 3]  # the absent one once, then those who are there
    assert network.logits(x[2:]).shape == (1, 5)


def test_the_gradient_is_that_of_differences_and_none_reaches_an_absent_person(tmp_path: Path) -> None:
    network, x = loaded(original_state(), tmp_path).double(), clips(frames=6).double()
    x[1, ..., 1] = 0
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(network.logits(x)[:, 2].sum(), x)
    assert not gradient[1, ..., 1].any()
    step = torch.zeros_like(gradient)
    step[0, 1, 3, 7, 1] = step[1, 0, 5, 20, 0] = 1e-5
    with torch.no_grad():
        difference = (network.logits(x + step) - network.logits(x - step))[:, 2].sum() / 2e-5
    assert gradient[0, 1, 3, 7, 1] + gradient[1, 0, 5, 20, 0] == pytest.approx(float(difference), rel=1e-4)


def test_changed_numbers_are_noticed(tmp_path: Path) -> None:
    network, x = loaded(original_state(), tmp_path), clips()
    with torch.inference_mode():
        before = network.logits(x)
    network.load_state_dict(loaded(original_state(seed=1), tmp_path).state_dict())
    after = network.logits(x.requires_grad_())
    assert not torch.equal(before, after) and after.requires_grad
    after.sum().backward()
    torch.testing.assert_close(network.double().logits(x.double()).float(), after, rtol=1e-4, atol=1e-4)


def test_what_lies_beyond_the_recipe_plays_no_part() -> None:
    torch.manual_seed(0)
    network = STGCN(["a", "b"], recipe=StGcn(8, 1)).eval()
    joints = torch.randn(2, 2, 12, 25, 3)
    whole = network(Skeletons.pad(joints, ["a", "b"], NTU25)).logits
    alone = network(Skeletons.pad([joints[1, :1, :8]], ["b"], NTU25)).logits
    assert whole is not None and alone is not None
    torch.testing.assert_close(whole[1:], alone)


def test_the_size_is_the_papers() -> None:
    assert round(sum(p.numel() for p in STGCN([str(k) for k in range(60)]).parameters()) / 1e6, 2) == 3.10


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_the_partition_is_the_papers(layout: Layout) -> None:
    """Hops by walking the bones: a joint's column holds itself, its neighbours nearer to the centre, and the others."""
    neighbours = {j: {j} for j in range(len(layout))}
    for a, b in layout.bones:
        neighbours[a].add(b)
        neighbours[b].add(a)
    hops, front = {layout.centre: 0}, {layout.centre}
    while front:
        front = {n for j in front for n in neighbours[j]} - hops.keys()
        hops |= {j: max(hops.values()) + 1 for j in front}
    graph = spatial_partition(layout)
    for i, around in neighbours.items():
        for j in range(len(layout)):
            subset = 0 if hops[j] == hops[i] else 1 if hops[j] < hops[i] else 2
            expected = [1 / len(around) if j in around and k == subset else 0 for k in range(3)]
            assert graph[:, j, i].tolist() == pytest.approx(expected)


def test_what_it_takes_is_checked() -> None:
    walk = np.ones((1, 4, 25, 3), np.float32)
    network = STGCN(["a", "b"], OPENPOSE18)
    assert isinstance(network, SkeletonTarget) and (network.takes.coordinates, network.takes.confidence) == (2, True)
    with pytest.raises(
        TargetError, match=r"takes 2 coordinates of openpose-18 .*; the data has 3 coordinates of ntu-25"
    ):
        network(Skeletons.pad([walk], ["a"], NTU25))


def broken(case: str) -> object:
    state: dict[str, object] = dict(original_state())
    match case:
        case "missing":
            del state["st_gcn_networks.3.tcn.2.weight"]
        case "shape":
            state["edge_importance.2"] = torch.ones(2, 25, 25)
        case "nan":
            state["st_gcn_networks.4.residual.1.running_var"] = torch.full((128,), torch.nan)
        case "joints":
            state["A"] = torch.ones(3, 17, 17)
        case "subsets":
            state["A"] = torch.ones(2, 25, 25)
        case "graphs":
            state = pyskl_state(original_state(), "fc")
            state["state_dict"]["backbone.gcn.6.gcn.A"] = torch.ones(3, 25, 25)  # type: ignore[index]
        case "other network":
            state = pyskl_state(original_state(), "fc")
            state["state_dict"]["backbone.gcn.1.tcn.branches.0.0.weight"] = torch.ones(1)  # type: ignore[index]
        case "bones":
            state = pyskl_state(original_state(), "fc_cls")
            state["state_dict"]["backbone.data_bn.running_var"][60:63] = 0  # type: ignore[index]
        case "no head":
            del state["fcn.weight"]
        case "not at all":
            state = {"conv1.weight": torch.ones(1)}
    return state


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", r"found no st_gcn_networks\.3\.tcn\.2\.weight; expected exactly the network's \d+ keys"),
        ("shape", r"found edge_importance\.2 of shape \(2, 25, 25\); expected \(3, 25, 25\)"),
        ("nan", r"found 128 numbers in st_gcn_networks\.4\.residual\.1\.running_var that are NaN"),
        ("joints", r"found a graph of 17 joints; expected 25 \(NTU\) or 18 \(OpenPose\)"),
        ("subsets", r"found A of shape \(2, 25, 25\); expected \(3, 25, 25\)"),
        ("graphs", r"found blocks with different graphs; expected one graph in all 10"),
        ("other network", r"found unexpected backbone\.gcn\.1\.tcn\.branches\.0\.0\.weight; expected exactly"),
        ("bones", r"found weights for bones, of which one never moves; expected those for joints"),
        ("no head", r"found the keys A, data_bn\.bias, .*; expected ST-GCN's"),
        ("not at all", r"found the keys conv1\.weight, .*; expected ST-GCN's, original, PYSKL's or MMAction2's"),
    ],
)
def test_what_is_wrong_is_named(case: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        loaded(broken(case), tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "st_gcn.pt")) and "\n" not in str(caught.value)


def test_names_must_be_as_many_as_classes(tmp_path: Path) -> None:
    torch.save(original_state(), tmp_path / "st_gcn.pt")
    with pytest.raises(WeightsError, match=r"found 5 classes; expected 2 of them, as many as are named"):
        load_stgcn(tmp_path / "st_gcn.pt", ("a", "b"))
