"""Searched positions against brute force and slow loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from stumble.attacks import GreedyGradient, GreedyTrials, RandomFrames, RandomLatents, TemporalSparse
from stumble.attacks.searched_positions import Candidates, place
from stumble.constraints import Even, First, RandomPositions, Sparsity
from stumble.constraints.frames import Edit, Positions
from stumble.errors import SpecError
from stumble.interfaces import Features, Goal, Output, SetPooled, SilhouetteInput, Target, Weights
from stumble.objectives import Cosine, Margin
from stumble.seeds import uniform
from stumble.sequences import Silhouettes

Leaving = Callable[[Silhouettes], Goal]
TIMES = torch.tensor([0.3, -0.2, 0.9, 0.1, -0.7, 0.5, 0.2, 0.8])
GREY = 0.4


def test_positions_are_searched_by_the_attack(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = TemporalSparse(prior, budget=Sparsity(frames=1), positions=GreedyTrials(), iterations=2)
    result = attack(target, walks, untargeted(walks), seed=0)
    assert result.edited.sum(1).tolist() == [1, 1, 1]
    assert result.queries.tolist() == [10 + 2, 7 + 2, 10 + 2], "every place is a query, and every step"


class Plain:
    """A score linear in the frames: the sum of their brightness, each weighted by when it comes. Two classes, so that
    the margin of leaving the second is minus the score."""

    takes = SilhouetteInput(4, 3)

    def weigh(self, number: int) -> Tensor:
        return TIMES[:number]

    def __call__(self, batch: Silhouettes) -> Output:
        sequences = batch.floating().unpadded()
        return self.answer([self.weigh(len(x)) @ x.mean((1, 2)) for x in sequences])

    def answer(self, scores: list[Tensor]) -> Output:
        score = torch.stack(scores)
        return Output(score[:, None, None], torch.stack([torch.zeros_like(score), score], 1))


class Separable(Plain):
    """The same, a frame at a time."""

    def encode(self, frames: Tensor) -> Features:
        return (frames.mean((1, 2)),)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return self.answer([self.weigh(len(x)) @ x for x in features[0].split(lengths.tolist())])


class Pooled(Separable):
    """The same where all times weigh alike, as a set."""

    def weigh(self, number: int) -> Tensor:
        return torch.ones(number)

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return (torch.stack([part.sum() for part in features[0].split(lengths.tolist())]),)

    def merge(self, first: Features, second: Features) -> Features:
        return (first[0] + second[0],)

    def head(self, pooled: Features) -> Output:
        return self.answer(list(pooled[0]))


class AlwaysGrey(nn.Module):
    """A generator of one frame."""

    latent_dim = 2

    def generate(self, latents: Tensor) -> Tensor:
        return GREY + 0 * latents.sum(1)[:, None, None].expand(-1, 4, 3)

    def to_prior(self, latents: Tensor) -> Tensor:
        return latents

    def critic(self, frames: Tensor) -> Tensor:
        return -frames.mean((1, 2))

    plausibility_logit = critic


def walkers(lengths: tuple[int, ...] = (8, 6), seed: int = 0) -> Silhouettes:
    """Of brightness that varies."""
    names = tuple(f"{seed}/{k}" for k in range(len(lengths)))
    return Silhouettes.pad([uniform(seed, (n,), "x", (k, 4, 3))[0] for n, k in zip(names, lengths, strict=True)], names)


def leaving(batch: Silhouettes) -> Goal:
    return Goal("untargeted", torch.ones(len(batch), dtype=torch.int64))


@pytest.mark.parametrize("rule", [GreedyTrials(), GreedyGradient()])
@pytest.mark.parametrize("target", [Plain(), Separable(), Pooled()], ids=lambda target: type(target).__name__)
@pytest.mark.parametrize("count", [1, 3])
def test_on_a_linear_target_the_best_positions_are_found(
    count: int, target: Plain, rule: Positions, held: Callable[[nn.Module], Weights]
) -> None:
    """A grey frame at t changes the score by weight(t) (grey - brightness(t)): the best K places have the K least."""
    batch = walkers()
    goal = leaving(batch)

    def attacked(positions: Positions) -> tuple[Tensor, Tensor]:
        attack = TemporalSparse(held(AlwaysGrey()), "alter", Sparsity(frames=count), positions, Margin(), iterations=1)
        result = attack(target, batch, goal, seed=0)
        return result.edited, target(result.adversarial).embedding.flatten()  # type: ignore[union-attr]

    edited, score = attacked(rule)
    for row, frames in enumerate(batch.unpadded()):
        change = target.weigh(len(frames)) * (GREY - frames.mean((1, 2)))
        best = min(combinations(range(len(frames)), count), key=lambda places: float(change[list(places)].sum()))
        assert edited[row].nonzero().flatten().tolist() == list(best)
    for other in (First(), Even(), RandomPositions()):
        assert bool((score <= attacked(other)[1] + 1e-6).all())
        assert bool((score < attacked(other)[1] - 1e-3).any())


def slowly(target: Target, clean: Tensor, frames: Tensor, edit: Edit, loss: Callable[[Output, int], Tensor]) -> list:
    """Greedy by trial with whole sequences, as lists of tokens; and the loss it ends with."""
    bank, tokens = torch.cat([clean, frames]), list(range(len(clean)))
    for token in range(len(clean), len(bank)):
        if edit == "insert":
            tried = [[*tokens[:p], token, *tokens[p:]] for p in range(len(tokens) + 1)]
        else:
            tried = [[*tokens[:p], token, *tokens[p + 1 :]] for p in range(len(tokens)) if tokens[p] < len(clean)]
        found = [float(loss(target(Silhouettes(bank[t][None], torch.tensor([len(t)]), ("a",))), 1)) for t in tried]
        tokens = tried[found.index(min(found))]
    return [tokens, min(found)]


class InOrder:
    """Separable but no set, and not linear."""

    def __init__(self, target: SetPooled) -> None:
        self.takes, self.encode = target.takes, target.encode

    def __call__(self, batch: Silhouettes) -> Output:
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        parts = features[0].split(lengths.tolist())
        return Output(torch.stack([(torch.linspace(1, 2, len(x)) @ x).sin() for x in parts])[:, None])


@settings(max_examples=15)
@given(
    length=st.integers(1, 7),
    count=st.integers(1, 3),
    edit=st.sampled_from(["alter", "insert"]),
    ordered=st.booleans(),
    seed=st.integers(0, 999),
)
def test_trials_end_where_a_slow_loop_over_whole_sequences_does(
    target: SetPooled, length: int, count: int, edit: Edit, ordered: bool, seed: int
) -> None:
    asked = InOrder(target) if ordered else target
    clean, frames = uniform(seed, ("a",), "frames", (length + min(count, length), 4, 3))[0].split(
        [length, min(count, length)]
    )
    embedding = asked(Silhouettes(clean[None], torch.tensor([length]), ("a",))).embedding
    goal = Goal("untargeted", torch.tensor([0]), None, embedding)

    def loss(output: Output, number: int) -> Tensor:
        return Cosine()(output, goal.select(torch.zeros(number, dtype=torch.int64)))

    candidates = Candidates(asked, "a", clean, frames, edit, loss)
    found = GreedyTrials().search(candidates)
    expected, least = slowly(asked, clean, frames, edit, loss)
    bank = torch.cat([clean, frames])
    reached = loss(asked(Silhouettes(bank[found][None], torch.tensor([len(found)]), ("a",))), 1)
    assert float(reached) == pytest.approx(least, abs=1e-6)
    if not ordered:
        assert found == expected
    steps = range(min(count, length))
    assert candidates.queries == sum(length + 1 + k if edit == "insert" else length - k for k in steps)


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_the_descent_begins_with_what_the_search_ended_with(
    edit: Edit, target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    """Each frame in the place that it was tried in."""
    asked = InOrder(target)
    goal = Goal("untargeted", torch.arange(3), None, asked(walks).embedding)
    attack = TemporalSparse(prior, edit, Sparsity(frames=3), GreedyTrials(), iterations=1)
    result = attack(asked, walks, goal, seed=2)
    first = TemporalSparse(prior, edit, Sparsity(frames=3), iterations=0)(asked, walks, goal, seed=2)
    for row, clean in enumerate(walks.floating().unpadded()):
        own = goal.select(torch.tensor([row]))
        frames = first.adversarial.frames[row][first.edited[row]]
        _, least = slowly(asked, clean, frames, edit, lambda output, number, own=own: Cosine()(output, own))
        assert float(result.trace["objective"][0, row]) == pytest.approx(least, abs=1e-6)


def test_every_frame_is_encoded_once(target: SetPooled, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    encode = target.encode

    def counting(frames: Tensor) -> Features:
        encoded.append(len(frames))
        return encode(frames)

    batch = walkers((8, 6))
    goal = Goal("untargeted", torch.arange(2), None, target(batch).embedding)
    monkeypatch.setattr(target, "encode", counting)
    trial = torch.rand(4, 4, 3, generator=torch.Generator().manual_seed(0))
    for asked in (target, InOrder(target)):
        encoded.clear()
        found = place(GreedyTrials(), asked, batch, goal, "alter", Sparsity(frames=2), Cosine(), lambda: trial)
        assert found.queries.tolist() == [8 + 7, 6 + 5] and encoded == [8 + 2, 6 + 2]


def test_a_set_has_no_order_so_that_inserted_frames_go_first(target: SetPooled) -> None:
    batch = walkers((5,))
    goal = Goal("untargeted", torch.tensor([0]), None, target(batch).embedding)
    trial = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    found = place(GreedyTrials(), target, batch, goal, "insert", Sparsity(frames=2), Cosine(), lambda: trial)
    assert found.positions.choose(7, 2, "0/0", 0) == (0, 1) and found.order == ((1, 0),)


def test_a_gradient_costs_one_query_for_each_frame_to_place() -> None:
    batch = walkers((8, 6))
    trial = torch.rand(4, 4, 3, generator=torch.Generator().manual_seed(0))
    found = place(
        GreedyGradient(), Separable(), batch, leaving(batch), "alter", Sparsity(frames=2), Margin(), lambda: trial
    )
    assert found.queries.tolist() == [2, 2]


def test_the_gradient_is_the_slope_of_the_loss_along_the_share_of_a_frame(target: SetPooled) -> None:
    """Against finite differences in double precision, with one frame placed already."""
    clean, frames = uniform(0, ("a",), "frames", (7, 4, 3))[0].double().split([5, 2])
    reference = target(Silhouettes(clean[None], torch.tensor([5]), ("a",))).embedding
    goal = Goal("untargeted", torch.tensor([0]), None, reference)
    candidates = Candidates(target, "a", clean, frames, "alter", lambda output, number: Cosine()(output, goal))
    arrangement = [0, 1, 5, 3, 4]  # the first frame stands at 2

    def loss(shares: Tensor) -> Tensor:
        mixed = clean.clone()
        mixed[2] = frames[0]
        mixed[[0, 1, 3, 4]] += shares[:, None, None] * (frames[1] - clean[[0, 1, 3, 4]])
        return Cosine()(target(Silhouettes(mixed[None], torch.tensor([5]), ("a",))), goal)[0]

    even = torch.full((4,), 0.25, dtype=torch.float64)
    steps = 1e-6 * torch.eye(4, dtype=torch.float64)
    expected = torch.stack([(loss(even + step) - loss(even - step)) / 2e-6 for step in steps])
    assert float(expected.abs().max()) > 1e-3
    torch.testing.assert_close(candidates.slopes(arrangement, 6), expected, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("rule", [GreedyTrials(), GreedyGradient()])
def test_searched_positions_do_not_depend_on_the_batch(
    rule: Positions, target: SetPooled, prior: Weights, untargeted: Leaving
) -> None:
    batch = walkers((8, 6, 7))
    attack = TemporalSparse(prior, budget=Sparsity(frames=2), positions=rule, iterations=0)
    together = attack(target, batch, untargeted(batch), seed=1).edited
    for row in range(3):
        alone = batch.select([row])
        own = attack(target, alone, untargeted(alone), seed=1).edited[0]
        assert torch.equal(own, together[row, : len(own)])
    assert not torch.equal(together, attack(target, batch, untargeted(batch), seed=2).edited)


def test_random_search_may_try_positions_too(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = RandomLatents(prior, budget=Sparsity(frames=1), positions=GreedyTrials(), draws=3)
    assert attack(target, walks, untargeted(walks), seed=0).queries.tolist() == [13, 10, 13]


def test_what_cannot_be_searched_is_refused(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    with pytest.raises(SpecError, match="000/nm-01/090: GreedyTrials has to ask the target, which this attack"):
        RandomFrames(prior, positions=GreedyTrials())(target, walks, untargeted(walks), seed=0)
    with pytest.raises(SpecError, match="000/nm-01/090: inserted frames have no gradient by position"):
        TemporalSparse(prior, "insert", positions=GreedyGradient())(target, walks, untargeted(walks), seed=0)
    with pytest.raises(SpecError, match="positions are GreedyGradient; it uses no gradients"):
        RandomLatents(prior, positions=GreedyGradient())
