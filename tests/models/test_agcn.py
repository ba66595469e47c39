from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stumble.errors import WeightsError
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models import AGCN
from stumble.models.agcn import directed_partition
from stumble.models.agcn_checkpoints import load_agcn
from stumble.preprocess import StGcn, TwoStream
from stumble.sequences import Skeletons

WIDTHS = [(3, 64), (64, 64), (64, 64), (64, 64), (64, 128), (128, 128), (128, 128), (128, 256), (256, 256), (256, 256)]


def test_classifies_skeletons_by_their_bones() -> None:
    walk = np.random.default_rng(0).standard_normal((1, 20, 25, 3)).astype(np.float32)
    network = AGCN(["walk", "run", "jump"], NTU25, TwoStream("bone", frames=32, people=1)).eval()
    logits = network(Skeletons.pad([walk], ["a"], NTU25)).logits
    assert logits is not None and logits.shape == (1, 3)


def norm(name: str, size: int, draw: torch.Generator) -> dict[str, Tensor]:
    return {
        f"{name}.weight": torch.rand(size, generator=draw) / 2 + 0.25,
        f"{name}.bias": 0.3 * torch.randn(size, generator=draw),
        f"{name}.running_mean": 0.3 * torch.randn(size, generator=draw),
        f"{name}.running_var": torch.rand(size, generator=draw) + 0.5,
        f"{name}.num_batches_tracked": torch.tensor(7),
    }


def original_state(joints: int = 25, people: int = 2, classes: int = 5, seed: int = 0) -> dict[str, Tensor]:
    """A checkpoint as the original implementation saves it, with random numbers."""
    draw = torch.Generator().manual_seed(seed)

    def convolution(name: str, out: int, channels: int, kernel: int = 1, scale: float = 1) -> dict[str, Tensor]:
        weight = scale * torch.randn(out, channels, kernel, 1, generator=draw) / np.sqrt(channels * kernel)
        return {f"{name}.weight": weight, f"{name}.bias": 0.3 * torch.randn(out, generator=draw)}

    state = norm("data_bn", people * joints * 3, draw)
    for k, (i, o) in enumerate(WIDTHS, 1):
        gcn = f"l{k}.gcn1"
        state[f"{gcn}.PA"] = 0.1 * torch.randn(3, joints, joints, generator=draw)
        for subset in range(3):
            for name, out, scale in (("conv_a", o // 4, 4.0), ("conv_b", o // 4, 4.0), ("conv_d", o, 1.0)):
                state |= convolution(f"{gcn}.{name}.{subset}", out, i, scale=scale)
        if i != o:
            state |= convolution(f"{gcn}.down.0", o, i) | norm(f"{gcn}.down.1", o, draw)
        state |= norm(f"{gcn}.bn", o, draw)
        state |= convolution(f"l{k}.tcn1.conv", o, o, 9) | norm(f"l{k}.tcn1.bn", o, draw)
        if k in (5, 8):
            state |= convolution(f"l{k}.residual.conv", o, i) | norm(f"l{k}.residual.bn", o, draw)
    head = torch.randn(classes, 256, generator=draw) / 16
    return {**state, "fc.weight": head, "fc.bias": torch.randn(classes, generator=draw)}


def slow_graph(layout: Layout) -> Tensor:
    """[k, j, i]: what joint i takes from joint j: itself; its parent; its children, who share 1."""
    children = {joint: [c for c, p in layout.bones if p == joint] for joint in range(len(layout))}
    graph = torch.zeros(3, len(layout), len(layout), dtype=torch.float64)
    for joint in range(len(layout)):
        graph[0, joint, joint] = 1
        for child in children[joint]:
            graph[1, joint, child] = 1
            graph[2, child, joint] = 1 / len(children[joint])
    return graph


def slow_logits(state: dict[str, Tensor], layout: Layout, x: Tensor) -> Tensor:
    """The paper's network on one clip (3, T, V, M), one pair of joints and one step in time after the other."""
    state = {name: value.double() for name, value in state.items()}
    fixed, joints = slow_graph(layout), len(layout)

    def normalised(x: Tensor, name: str) -> Tensor:
        """The last axis by the statistics of inference."""
        centred = (x - state[f"{name}.running_mean"]) / (state[f"{name}.running_var"] + 1e-5).sqrt()
        return centred * state[f"{name}.weight"] + state[f"{name}.bias"]

    def mapped(x: Tensor, name: str) -> Tensor:
        return x @ state[f"{name}.weight"][:, :, 0, 0].T + state[f"{name}.bias"]

    def convolved(x: Tensor, name: str, stride: int) -> Tensor:
        """Over the first axis of (T, V, C)."""
        kernel, half = state[f"{name}.conv.weight"][:, :, :, 0], state[f"{name}.conv.weight"].shape[2] // 2
        rows = [
            sum(x[t + d] @ kernel[:, :, d + half].T for d in range(-half, half + 1) if 0 <= t + d < len(x))
            for t in range(0, len(x), stride)
        ]
        return normalised(torch.stack(rows) + state[f"{name}.conv.bias"], f"{name}.bn")  # type: ignore[arg-type]

    clip = x.double().permute(1, 3, 2, 0)  # (T, M, V, 3)
    clip = normalised(clip.flatten(1), "data_bn").view(clip.shape)
    people = []
    for h in clip.unbind(1):
        for k, (i, o) in enumerate(WIDTHS, 1):
            gcn = f"l{k}.gcn1"
            y = torch.zeros(*h.shape[:2], o, dtype=torch.float64)
            for subset in range(3):
                theta, phi = (mapped(h, f"{gcn}.{name}.{subset}") for name in ("conv_a", "conv_b"))
                gathered = torch.zeros_like(h)
                for target in range(joints):
                    products = [(theta[:, j] * phi[:, target]).sum() for j in range(joints)]
                    alike = (torch.stack(products) / theta[:, 0].numel()).exp()
                    weights = alike / alike.sum()
                    weights = weights + fixed[subset, :, target] + state[f"{gcn}.PA"][subset, :, target]
                    for j in range(joints):
                        gathered[:, target] += weights[j] * h[:, j]
                y = y + mapped(gathered, f"{gcn}.conv_d.{subset}")
            skip = h if i == o else normalised(mapped(h, f"{gcn}.down.0"), f"{gcn}.down.1")
            y = (normalised(y, f"{gcn}.bn") + skip).clamp_min(0)
            z = convolved(y, f"l{k}.tcn1", 2 if k in (5, 8) else 1)
            if k in (5, 8):
                z = z + convolved(h, f"l{k}.residual", 2)
            elif k > 1:
                z = z + h
            h = z.clamp_min(0)
        people.append(h.mean((0, 1)))
    return state["fc.weight"] @ torch.stack(people).mean(0) + state["fc.bias"]


def clips(layout: Layout = NTU25, frames: int = 10, people: int = 2) -> Tensor:
    return torch.randn(3, 3, frames, len(layout), people, generator=torch.Generator().manual_seed(1))


def loaded(state: object, folder: Path) -> AGCN:
    torch.save(state, folder / "agcn.pt")
    return load_agcn(folder / "agcn.pt").requires_grad_(False)


@pytest.mark.parametrize(("layout", "people"), [(NTU25, 2), (NTU25, 1), (OPENPOSE18, 2)])
def test_logits_are_those_of_a_slow_implementation(layout: Layout, people: int, tmp_path: Path) -> None:
    state, x = original_state(len(layout), people), clips(layout, people=people)
    network = loaded(state, tmp_path)
    assert network.layout == layout and network.classes == tuple(f"class {k}" for k in range(1, 6))
    assert network.recipe == TwoStream("joint", people=people)
    expected = torch.stack([slow_logits(state, layout, clip) for clip in x[:2]])
    assert expected.std() > 0.05
    torch.testing.assert_close(network.logits(x)[:2].double(), expected, rtol=1e-5, atol=1e-5)


def test_inference_is_what_training_would_do_with_the_same_statistics(tmp_path: Path) -> None:
    """The modules that are trained against their folded form, in float64."""
    network, x = loaded(original_state(), tmp_path).double(), clips().double()
    folded = network.logits(x)
    for module in network.modules():
        module.training = isinstance(module, AGCN)
    torch.testing.assert_close(network.logits(x), folded, rtol=1e-5, atol=1e-5)  # features are averaged in float32


def test_an_absent_person_is_computed_once_in_each_place_and_changes_nothing(tmp_path: Path) -> None:
    state, x = original_state(), clips()
    network = loaded(state, tmp_path)
    x[1, ..., 1] = 0  # nobody beside the first
    x[2] = 0  # nobody at all
    expected = torch.stack([slow_logits(state, NTU25, clip) for clip in x])
    convolved: list[int] = []
    folded = network._fold()
    first = folded.blocks[0]
    folded.blocks[0] = lambda people: (convolved.append(len(people)), first(people))[1]  # type: ignore[index]
    for _ in range(2):
        torch.testing.assert_close(network.logits(x).double(), expected, rtol=1e-5, atol=1e-5)
    assert convolved == [2, 3, 3]  # those two who are absent once, then those who are there


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


def test_the_size_is_the_papers() -> None:
    assert round(sum(p.numel() for p in AGCN([str(k) for k in range(60)]).parameters()) / 1e6, 2) == 3.47


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_the_partition_is_itself_parent_and_children(layout: Layout) -> None:
    torch.testing.assert_close(directed_partition(layout).double(), slow_graph(layout))


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_the_weights_tell_their_stream(layout: Layout, tmp_path: Path) -> None:
    """Statistics as training leaves them: of what the recipe makes of random clips."""
    state = original_state(len(layout))
    image = layout is OPENPOSE18
    joints = torch.rand(4, 2, 6, len(layout), 2 if image else 3)
    scores = torch.rand(4, 2, 6, len(layout)) if image else None
    batch = Skeletons.pad(joints, list("abcd"), layout, scores)
    for stream in ("joint", "bone"):
        x = TwoStream(stream, frames=6)(batch)  # type: ignore[arg-type]
        state["data_bn.running_var"] = x.permute(4, 3, 1, 0, 2).flatten(3).var(3).flatten()
        assert loaded(state, tmp_path).recipe == TwoStream(stream)  # type: ignore[arg-type]


def test_released_weights_of_other_spelling_load_as_the_same_network(tmp_path: Path) -> None:
    state, x = original_state(), clips()
    names = {name: name.replace(".down.", ".conv_res.") for name in state}
    other = {f"module.{names[name]}": v for name, v in state.items() if not name.endswith("num_batches_tracked")}
    assert torch.equal(loaded(other, tmp_path).logits(x), loaded(state, tmp_path).logits(x))


def broken(case: str) -> dict[str, Tensor]:
    state = original_state()
    match case:
        case "missing":
            del state["l3.tcn1.conv.weight"]
        case "no statistics":
            del state["data_bn.running_var"]
        case "shape":
            state["l2.gcn1.PA"] = torch.ones(2, 25, 25)
        case "joints":
            state["l1.gcn1.PA"] = torch.ones(3, 17, 17)
        case "people":
            state["data_bn.weight"] = torch.ones(100)
        case "not at all":
            state = {"st_gcn_networks.0.gcn.conv.weight": torch.ones(1)}
    return state


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", r"found no l3\.tcn1\.conv\.weight; expected exactly the network's \d+ keys"),
        ("no statistics", r"found no data_bn\.running_var; expected exactly"),
        ("shape", r"found l2\.gcn1\.PA of shape \(2, 25, 25\); expected \(3, 25, 25\)"),
        ("joints", r"found a graph of 17 joints; expected 25 \(NTU\) or 18 \(OpenPose\)"),
        ("people", r"found data_bn of 100 numbers; expected 75 for each person"),
        ("not at all", r"found the keys st_gcn_networks\.0\.gcn\.conv\.weight; expected 2s-AGCN's"),
    ],
)
def test_what_is_wrong_is_named(case: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        loaded(broken(case), tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "agcn.pt")) and "\n" not in str(caught.value)


def test_names_and_people_must_be_as_many_as_the_weights_have(tmp_path: Path) -> None:
    torch.save(original_state(), tmp_path / "agcn.pt")
    with pytest.raises(WeightsError, match=r"found 5 classes; expected 2 of them, as many as are named"):
        load_agcn(tmp_path / "agcn.pt", ("a", "b"))
    with pytest.raises(WeightsError, match=r"found weights for 2 people; expected 1, as the recipe has"):
        load_agcn(tmp_path / "agcn.pt", recipe=StGcn(people=1))
