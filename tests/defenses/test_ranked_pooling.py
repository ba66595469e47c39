"""The largest values over the frames do not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stumble.attacks import BestReal, PixelAttack
from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints import First, Sparsity
from stumble.data.frame_pool import LoadedFrames
from stumble.defenses import OnSurrogate, RankedPooling
from stumble.errors import SpecError, TargetError
from stumble.interfaces import Goal, SetPooled, Target
from stumble.models import GEI, GaitSet
from stumble.sequences import Silhouettes
from stumble.testing import check_target

from .conftest import Outline


def embedded(target: Target, batch: Silhouettes) -> Tensor:
    embedding = target(batch).embedding
    assert embedding is not None
    return embedding


def test_one_white_frame_lifts_nothing_beyond_what_clean_frames_have(outline: SetPooled, batch: Silhouettes) -> None:
    frames = batch.frames.clone()
    frames[:, 0] = 255
    attacked = replace(batch, frames=frames)
    assert embedded(outline, attacked).min() == 1
    assert bool((embedded(RankedPooling(outline), attacked) <= embedded(outline, batch)).all())


@given(st.integers(0, 3), st.integers(1, 3), st.integers(1, 7), st.integers(0, 2**16))
def test_it_is_the_mean_of_some_order_statistics_and_merges_exactly(trim: int, take: int, n: int, seed: int) -> None:
    frames = np.random.default_rng(seed).integers(0, 4, (n, 8, 6)).astype("float32") / 4  # with ties
    target = RankedPooling(Outline(), trim, take)
    ranks = np.sort(frames.reshape(n, -1), 0)[::-1]
    expected = ranks[trim : trim + take].mean(0) if n > trim else ranks[-1]

    def pooled(part: np.ndarray) -> tuple[Tensor, ...]:
        return target.pool(target.encode(torch.from_numpy(part)), torch.tensor([len(part)]))

    found = target.head(pooled(frames)).embedding
    assert found is not None
    np.testing.assert_allclose(found[0, 0, :48].numpy(), expected, rtol=1e-6)
    for cut in range(1, n):
        merged = target.merge(pooled(frames[:cut]), pooled(frames[cut:]))
        assert all(torch.equal(a, b) for a, b in zip(merged, pooled(frames), strict=True))


def test_without_trimming_it_is_the_recogniser_itself(outline: SetPooled, batch: Silhouettes) -> None:
    assert torch.equal(embedded(RankedPooling(outline, trim=0), batch), embedded(outline, batch))


@pytest.mark.parametrize(("trim", "take"), [(1, 1), (1, 2), (2, 1)])
def test_it_meets_the_contract_of_targets(outline: SetPooled, batch: Silhouettes, trim: int, take: int) -> None:
    check_target(RankedPooling(outline, trim, take), batch)


def test_gaitset_meets_it_too() -> None:
    torch.manual_seed(0)
    frames = [torch.rand(n, 64, 44, generator=torch.Generator().manual_seed(n)) for n in (4, 3)]
    check_target(RankedPooling(GaitSet().eval()), Silhouettes.pad(frames, ["a", "b"]))


def test_the_surrogate_answers_alike_and_feels_the_frame_that_is_left_out(
    outline: SetPooled, batch: Silhouettes
) -> None:
    target = RankedPooling(outline)
    surrogate = target.surrogate(0)
    assert torch.equal(embedded(surrogate, batch), embedded(target, batch))
    slopes = []
    for each in (target, surrogate):
        scene = FrameEdit(each, batch, "alter", Sparsity(frames=1), First(), 0)
        frames = torch.ones(3, 8, 6, requires_grad=True)
        embedding = scene.output(frames).embedding
        assert embedding is not None
        slopes.append(torch.autograd.grad(embedding.sum(), frames)[0])
    assert not slopes[0].any()
    assert bool((slopes[1] == 1 / 2 + 1 / 2 / 48).all())  # half of every place, its own and that of the mean


def test_attacks_run_unchanged_and_on_the_surrogate(outline: SetPooled, batch: Silhouettes) -> None:
    target = RankedPooling(outline)
    goal = Goal("untargeted", torch.arange(3), None, embedded(target, batch))
    pool = LoadedFrames(torch.full((4, 8, 6), 255, dtype=torch.uint8), ("a", "b", "c", "d"))
    pixels = PixelAttack(Sparsity(frames=2), iterations=5)
    for attack in (pixels, BestReal(pool, budget=Sparsity(frames=2)), OnSurrogate(pixels)):
        result = attack(target, batch, goal, seed=0)
        assert bool((embedded(target, result.adversarial) != embedded(target, batch)).flatten(1).any(1).all())
    white = BestReal(pool, budget=Sparsity(frames=2))(target, batch, goal, seed=0)
    assert embedded(target, white.adversarial).min() == 1  # two white frames are what the second-largest lets through


@pytest.mark.parametrize(("trim", "take"), [(-1, 1), (1, 0)])
def test_ranks_that_are_none(outline: SetPooled, trim: int, take: int) -> None:
    with pytest.raises(SpecError, match=f"found trim {trim}, take {take}"):
        RankedPooling(outline, trim, take)


def test_a_recogniser_that_pools_otherwise_is_refused() -> None:
    with pytest.raises(TargetError, match="GEI does not pool frames by maximum"):
        RankedPooling(GEI())
