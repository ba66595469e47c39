from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from stumble.interfaces import Features, FrameSeparable, Output, SetPooled, SilhouetteInput, Target
from stumble.sequences import Silhouettes
from stumble.testing import check_target

SIZE = (6, 4)


@pytest.fixture
def batch() -> Silhouettes:
    draw = torch.Generator().manual_seed(0)
    frames = [torch.rand(n, *SIZE, generator=draw) for n in (5, 2, 3)]
    return Silhouettes.pad(frames, ["a", "b", "c"])


class Mean(nn.Module):
    """A linear map of the mean frame: the smallest set-pooled target."""

    takes = SilhouetteInput(*SIZE)

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.Parameter(torch.arange(24 * 6.0).cos().view(24, 2, 3))

    def forward(self, batch: Silhouettes) -> Output:
        self.takes.check(batch)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        return (frames.flatten(1), torch.ones(len(frames), 1))

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return self.head(self.pool(features, lengths))

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return tuple(torch.stack([part.sum(0) for part in x.split(lengths.tolist())]) for x in features)

    def merge(self, first: Features, second: Features) -> Features:
        return tuple(a + b for a, b in zip(first, second, strict=True))

    def head(self, pooled: Features) -> Output:
        return Output(embedding=torch.einsum("bv,vpd->bpd", pooled[0] / pooled[1], self.parts))


class Classifier:
    """A target that is no module, holds one, and answers with the logarithms of probabilities."""

    takes = SilhouetteInput(*SIZE)

    def __init__(self) -> None:
        self.network = Mean()

    def __call__(self, batch: Silhouettes) -> Output:
        embedding = self.network(batch).embedding
        assert embedding is not None
        return Output(logits=embedding.flatten(1).log_softmax(1))


def test_a_good_target_passes(batch: Silhouettes) -> None:
    check_target(Mean(), batch)
    check_target(Mean(), batch.quantised())
    check_target(Classifier(), batch)


def test_the_examples_are_what_they_claim() -> None:
    assert isinstance(Mean(), SetPooled)
    assert isinstance(Classifier(), Target)
    assert not isinstance(Classifier(), FrameSeparable)


class Adapted(Classifier):
    """A target that is not separable, with its answer changed."""

    def __init__(self, change: Callable[[Adapted, Silhouettes, Tensor], Output]) -> None:
        super().__init__()
        self.change = change

    def __call__(self, batch: Silhouettes) -> Output:
        embedding = self.network(batch).embedding
        assert embedding is not None
        return self.change(self, batch, embedding)


def answers_with_a_tensor(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return embedding  # type: ignore[return-value]


def answers_with_nothing(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output()


def flattens(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    output = Output(embedding=embedding)
    object.__setattr__(output, "embedding", embedding.flatten(1))  # past the types that only our own tests check
    return output


def merges_sequences(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding[:1])


def divides_by_zero(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding / (embedding - embedding))


def adds_noise(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding + torch.rand_like(embedding))


def forgets_that_levels_reach_255(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding * batch.frames.max())


def averages_over_padding(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding / batch.frames.shape[1])


def normalises_over_the_batch(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding - embedding.mean(0))


def loses_the_gradient(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding.detach())


def learns_but_not_from_frames(target: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding.detach() + target.network.parts.sum())


def loses_the_gradient_of_one(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=torch.where(batch.lengths[:, None, None] == 2, embedding.detach(), embedding))


def has_an_infinite_gradient(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    return Output(embedding=embedding + (embedding - embedding.detach()).abs().sqrt())


def cleans_its_input(_: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    batch.frames[:, 0, 0, 0] = 0
    return Output(embedding=embedding)


def stays_in_training_mode(target: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    target.network.eval()
    return Output(embedding=embedding)


def freezes_its_parameters(target: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    target.network.requires_grad_(False)
    return Output(embedding=embedding)


def learns_from_what_it_sees(target: Adapted, batch: Silhouettes, embedding: Tensor) -> Output:
    target.network.parts.data *= 1 + 1e-7
    return Output(embedding=embedding)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (answers_with_a_tensor, "answers with a Tensor, not an Output"),
        (answers_with_nothing, "neither embedding nor logits"),
        (flattens, r"embedding has shape \(3, 6\)"),
        (merges_sequences, r"embedding has shape \(1, 2, 3\)"),
        (divides_by_zero, "embedding is not finite"),
        (adds_noise, "asked twice"),
        (forgets_that_levels_reach_255, "levels and floating point"),
        (averages_over_padding, "padded frames change the answer"),
        (normalises_over_the_batch, "a alone is answered differently"),
        (loses_the_gradient, "no gradient flows from embedding to the frames$"),
        (learns_but_not_from_frames, "no gradient flows from embedding to the frames$"),
        (loses_the_gradient_of_one, "no gradient flows from embedding to the frames of b"),
        (has_an_infinite_gradient, "gradient of embedding is not finite"),
        (cleans_its_input, "the target changed the sequences"),
        (stays_in_training_mode, "left the target changed: .*training"),
        (freezes_its_parameters, "left the target changed: parts.requires_grad"),
        (learns_from_what_it_sees, "left the target changed: parts$"),
    ],
)
def test_a_broken_target_is_rejected(
    change: Callable[[Adapted, Silhouettes, Tensor], Output], message: str, batch: Silhouettes
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_target(Adapted(change), batch)


class WithoutSpec(Classifier):
    takes = (6, 4)  # type: ignore[assignment]


class EncodesTogether(Mean):
    """Subtracts the mean of all frames that are encoded together; adding a constant to all changes nothing else."""

    def forward(self, batch: Silhouettes) -> Output:
        return Mean.head(self, self.pool(Mean.encode(self, batch.floating().packed()), batch.lengths))

    def encode(self, frames: Tensor) -> Features:
        return (frames.flatten(1) - frames.mean(), torch.ones(len(frames), 1))


class EncodesTooMuch(Mean):
    def encode(self, frames: Tensor) -> Features:
        return (frames.flatten(1), torch.ones(len(frames) + 1, 1)[:-1], torch.ones(len(frames) + 1, 1))

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return Mean.pool(self, features[:2], lengths)


class AggregatesOtherwise(Mean):
    def forward(self, batch: Silhouettes) -> Output:
        output = super().forward(batch)
        return Output(embedding=None if output.embedding is None else output.embedding * 2)


class HasAnotherHead(Mean):
    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return Mean.head(self, self.pool(features, lengths))

    def head(self, pooled: Features) -> Output:
        return Output(embedding=torch.ones(len(pooled[0]), 2, 3))


class MindsTheOrder(Mean):
    def pool(self, features: Features, lengths: Tensor) -> Features:
        first = lengths.cumsum(0) - lengths
        return tuple(x + f[first] for x, f in zip(super().pool(features, lengths), features, strict=True))


class AveragesAverages(Mean):
    """Means of means are no means."""

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return tuple(x / lengths[:, None] for x in super().pool(features, lengths))

    def merge(self, first: Features, second: Features) -> Features:
        return tuple((a + b) / 2 for a, b in zip(first, second, strict=True))


class PrefersTheShorter(Mean):
    """Merges rightly only where the first set is the single frame."""

    def merge(self, first: Features, second: Features) -> Features:
        right = super().merge(first, second)
        return right if bool((first[1] == 1).all()) else tuple(2 * x for x in right)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (WithoutSpec(), "takes is not a SilhouetteInput"),
        (EncodesTooMuch(), "encode answers with 11 rows for 10 frames"),
        (EncodesTogether(), "a frame is encoded differently alone"),
        (AggregatesOtherwise(), r"aggregate\(encode\(packed\)\) is not the answer"),
        (HasAnotherHead(), r"head\(pool\(encode\(packed\)\)\) is not the answer"),
        (MindsTheOrder(), "the order of frames changes what is pooled"),
        (AveragesAverages(), r"merge\(pool\(a\), pool\(b\)\) is not pool\(all\): they"),
        (PrefersTheShorter(), "when b comes first"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_separable_target_is_rejected(target: Target, message: str, batch: Silhouettes) -> None:
    with pytest.raises(AssertionError, match=message):
        check_target(target, batch)


def test_sequences_that_could_show_nothing_are_refused(batch: Silhouettes) -> None:
    for unfit in (batch.select([0]), batch.select([0, 0]), replace(batch, lengths=torch.tensor([5, 1, 3]))):
        with pytest.raises(AssertionError, match="at least two sequences of different length"):
            check_target(Mean(), unfit)
