from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from stumble.errors import TargetError
from stumble.interfaces import SetPooled
from stumble.models import GaitSet
from stumble.sequences import Silhouettes


@pytest.fixture(scope="module")
def network() -> GaitSet:
    torch.manual_seed(0)
    return GaitSet().double().eval()


def frames_of(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 8, 6, generator=generator, dtype=torch.float64)
    return (functional.interpolate(coarse, (64, 44), mode="bilinear")[:, 0] > 0.6).double()


def batch_of(lengths: list[int]) -> Silhouettes:
    return Silhouettes.pad(frames_of(sum(lengths)).split(lengths), [str(i) for i in range(len(lengths))])


def test_embeds_a_batch_of_different_lengths(network: GaitSet) -> None:
    output = network(batch_of([3, 1, 2]))
    assert output.embedding is not None and output.embedding.shape == (3, 62, 256)


def test_is_set_pooled_and_has_the_published_size(network: GaitSet) -> None:
    assert isinstance(network, SetPooled)
    assert sum(p.numel() for p in network.parameters()) == 2_594_592


def reference(network: GaitSet, frames: torch.Tensor) -> torch.Tensor:
    """One sequence through GaitSet, in the paper's order of operations and frame by frame, strip by strip."""
    frame, pipeline = [[m.weight for m in layers] for layers in (network.frame_layers, network.set_layers)]

    def layer(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.leaky_relu(functional.conv2d(x, weight, padding=weight.shape[-1] // 2), 0.01)

    def halved(x: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(x, 2)

    maps: list[list[torch.Tensor]] = [[], [], []]
    for image in frames:
        x = halved(layer(layer(image[None, None], frame[0]), frame[1]))
        maps[0].append(x)
        x = halved(layer(layer(x, frame[2]), frame[3]))
        maps[1].append(x)
        maps[2].append(layer(layer(x, frame[4]), frame[5]))
    one, two, three = (torch.stack(m).amax(0)[0] for m in maps)
    y = halved(layer(layer(one[None], pipeline[0]), pipeline[1]))[0]
    y = three + layer(layer((y + two)[None], pipeline[2]), pipeline[3])[0]
    rows = []
    for bins in (1, 2, 4, 8, 16):
        for x in (three, y):
            rows += [strip.mean((1, 2)) + strip.amax((1, 2)) for strip in x.split(16 // bins, dim=1)]
    return torch.stack([row @ network.parts[i] for i, row in enumerate(rows)])


def test_equals_a_slow_reference(network: GaitSet) -> None:
    batch = batch_of([2, 3])
    embedding = network(batch).embedding
    for row, frames in zip(embedding, batch.unpadded(), strict=True):
        torch.testing.assert_close(row, reference(network, frames), rtol=1e-10, atol=1e-12)


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(4)))
def test_order_and_repetition_of_frames_do_not_matter(order: list[int]) -> None:
    torch.manual_seed(0)
    network, frames = GaitSet().double(), frames_of(4)
    once = network(Silhouettes.pad([frames], ["a"])).embedding
    again = network(Silhouettes.pad([frames[[*order, order[0]]]], ["a"])).embedding
    torch.testing.assert_close(once, again, rtol=1e-12, atol=1e-14)


def test_padding_does_not_matter(network: GaitSet) -> None:
    together = network(batch_of([2, 4])).embedding
    alone = [network(Silhouettes.pad([f], ["a"])).embedding[0] for f in batch_of([2, 4]).unpadded()]
    torch.testing.assert_close(together, torch.stack(alone), rtol=1e-12, atol=1e-14)


def test_levels_are_divided_by_255() -> None:
    network, frames = GaitSet(), frames_of(2).float()
    stored = Silhouettes.pad([(frames * 255).to(torch.uint8)], ["a"])
    torch.testing.assert_close(network(stored).embedding, network(Silhouettes.pad([frames], ["a"])).embedding)


@pytest.mark.parametrize("lengths", [[3, 3], [1, 5]])
def test_merging_pooled_parts_is_exact_in_value_and_gradient(network: GaitSet, lengths: list[int]) -> None:
    """One new frame per sequence: merged with the pooled others, as when all frames are pooled, the new one last."""
    new, old = frames_of(2, seed=1), frames_of(sum(lengths), seed=2)
    old[-1] = new[-1]  # a tie in every feature

    merged_new = new.clone().requires_grad_()
    with torch.no_grad():
        cached = network.pool(network.encode(old), torch.tensor(lengths))
    pooled = network.merge(cached, network.pool(network.encode(merged_new), torch.tensor([1, 1])))
    merged = network.head(pooled).embedding
    whole_new = new.clone().requires_grad_()
    packed = torch.cat([x for pair in zip(old.split(lengths), whole_new.split(1), strict=True) for x in pair])
    whole = network.aggregate(network.encode(packed), torch.tensor(lengths) + 1).embedding

    assert torch.equal(merged, whole)
    weights = torch.linspace(-1, 1, merged.numel(), dtype=torch.float64).view_as(merged)
    (merged * weights).sum().backward()
    (whole * weights).sum().backward()
    torch.testing.assert_close(merged_new.grad, whole_new.grad, rtol=1e-9, atol=1e-15)
    assert merged_new.grad[0].abs().sum() > 0
    assert merged_new.grad[1].abs().sum() == 0


def test_a_tie_gives_its_gradient_to_the_first_frame(network: GaitSet) -> None:
    features = tuple(torch.ones(3, 2, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    for lengths in ([3], [1, 2]):
        pooled = network.pool(features, torch.tensor(lengths))
        gradient = torch.autograd.grad(sum(x.sum() for x in pooled), features[0])[0]
        firsts = [sum(lengths[:i]) for i in range(len(lengths))]
        assert gradient.sum((1, 2, 3)).tolist() == [32.0 if i in firsts else 0.0 for i in range(3)]


def test_another_frame_size_is_named(network: GaitSet) -> None:
    with pytest.raises(TargetError, match="64x44; the data has 64x64"):
        network(Silhouettes.pad([torch.zeros(2, 64, 64)], ["a"]))


def test_bfloat16_changes_little() -> None:
    torch.manual_seed(0)
    network, batch = GaitSet(), batch_of([2, 3]).floating(torch.float32)
    exact = network(batch).embedding
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(batch).embedding
    assert rough.dtype == torch.float32
    assert (exact - rough).norm() / exact.norm() < 0.02
