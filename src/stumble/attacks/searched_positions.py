"""Where a few frames hurt most: positions found by asking the target, one frame after the other (greedy).

Beyond the paper, which compares fixed and random positions only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NoReturn

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.constraints.frames import Edit, Positions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Features, FrameSeparable, Goal, Output, SetPooled, Target
from stumble.objectives import Objective
from stumble.sequences import Silhouettes

__all__ = ["Candidates", "GreedyGradient", "GreedyTrials", "Placement", "place"]

_AT_ONCE = 256  # frames that stand in the trials answered together


@dataclass(frozen=True)
class Placement:
    """Where the frames of a batch go.

    Attributes:
        positions: as a rule that needs nobody to ask.
        order: of each sample, which of the frames made for it goes to the first of its positions, to the second, ...
        queries: (B,) what finding them took of each sample.
    """

    positions: Positions
    order: tuple[tuple[int, ...], ...]
    queries: Int[Tensor, " b"]


def place(
    positions: Positions,
    target: Target,
    batch: Silhouettes,
    goal: Goal,
    edit: Edit,
    budget: Sparsity,
    objective: Objective,
    frames: Callable[[], Float[Tensor, "f h w"]],
) -> Placement:
    """Positions for a batch: those of the rule, or where these frames lower the objective most.

    Args:
        frames: the frames to try, packed (F = sum of K, ...), K for each sample; not made where nothing is searched.

    Raises:
        SpecError: positions of inserted frames are to be found by gradient.
    """
    counts = [budget.count(n) for n in batch.lengths.tolist()]
    if not isinstance(positions, GreedyTrials | GreedyGradient):
        order = tuple(tuple(range(count)) for count in counts)
        return Placement(positions, order, torch.zeros(len(batch), dtype=torch.int64))
    found: dict[str, tuple[int, ...]] = {}
    orders, queries = [], []
    for row, (clean, own) in enumerate(zip(batch.floating().unpadded(), frames().split(counts), strict=True)):

        def loss(output: Output, number: int, row: int = row) -> Float[Tensor, " t"]:
            return objective(output, goal.select(torch.full((number,), row)))

        candidates = Candidates(target, batch.ids[row], clean, own, edit, loss)
        arrangement = positions.search(candidates)
        places = tuple(p for p, token in enumerate(arrangement) if token >= len(clean))
        found[batch.ids[row]] = places
        orders.append(tuple(arrangement[p] - len(clean) for p in places))
        queries.append(candidates.queries)
    return Placement(_Found(found), tuple(orders), torch.tensor(queries))


class Candidates:
    """One sequence and the frames to be placed in it, one after the other.

    An arrangement is a list of tokens: below N the clean frame of that number, from N on a frame to be placed.

    Args:
        target: the recogniser.
        name: of the sequence.
        clean: its N frames, floating point.
        frames: K frames, which get the tokens N, N + 1, ...
        edit: whether a frame takes the place of a clean one or stands before it.
        loss: from the answer to so many sequences to what is to be small for each.

    Attributes:
        queries: of the target so far.
    """

    def __init__(
        self,
        target: Target,
        name: str,
        clean: Float[Tensor, "n h w"],
        frames: Float[Tensor, "k h w"],
        edit: Edit,
        loss: Callable[[Output, int], Float[Tensor, " t"]],
    ) -> None:
        self.target, self.name, self.edit, self.loss = target, name, edit, loss
        self.clean, self.frames, self.queries = clean, frames, 0
        self._bank = torch.cat([clean, frames])

    def places(self, arrangement: list[int]) -> list[int]:
        """Where another frame may go."""
        if self.edit == "insert":
            return list(range(len(arrangement) + 1))
        return [place for place, token in enumerate(arrangement) if token < len(self.clean)]

    def arranged(self, arrangement: list[int], token: int, place: int) -> list[int]:
        """The arrangement with a frame in that place."""
        return [*arrangement[:place], token, *arrangement[place + (self.edit == "alter") :]]

    def losses(self, arrangement: list[int], token: int) -> Float[Tensor, " places"]:
        """What each of the places would lead to. No frame is encoded twice where the target sees them one by one; where
        it pools them as a set, a trial costs two merged sets and the target's head."""
        places = self.places(arrangement)
        self.queries += len(places)
        with torch.no_grad():
            if isinstance(self.target, SetPooled) and (self.edit == "insert" or len(arrangement) > 1):
                return self._of_sets(self.target, arrangement, token, places)
            trials = torch.tensor([self.arranged(arrangement, token, place) for place in places])
            parts = trials.split(max(1, _AT_ONCE // trials.shape[1]))
            return torch.cat([self.loss(self._output(part), len(part)) for part in parts])

    def slopes(self, arrangement: list[int], token: int) -> Float[Tensor, " places"]:
        """How steeply the objective falls (below 0) with the share of the frame in each place.

        Taken where the frames still to be placed are spread evenly over the places left, the one point of the relaxed
        budget that prefers none of them; at the clean sequence itself a cosine is stationary.

        Raises:
            SpecError: frames are to be inserted, of which there is no share.
        """
        if self.edit == "insert":
            raise SpecError(f"{self.name}: inserted frames have no gradient by position; try GreedyTrials")
        places = self.places(arrangement)
        left = len(self.clean) + len(self.frames) - token
        self.queries += 1
        share = self._bank.new_full((len(places), 1, 1), left / len(places)).requires_grad_()
        mixed = torch.lerp(self._bank[[arrangement[p] for p in places]], self._bank[token], share)
        frames = self._bank[arrangement].index_put((torch.tensor(places),), mixed)
        output = self.target(Silhouettes(frames[None], torch.tensor([len(frames)]), (self.name,)))
        (slope,) = torch.autograd.grad(self.loss(output, 1).sum(), share)
        return slope.flatten()

    def _output(self, trials: Int[Tensor, "t n"]) -> Output:
        """The answer to these arrangements."""
        number, length = trials.shape
        lengths = torch.full((number,), length)
        if isinstance(self.target, FrameSeparable):
            return self.target.aggregate(tuple(x[trials.flatten()] for x in self._features(self.target)), lengths)
        return self.target(Silhouettes(self._bank[trials], lengths, (self.name,) * number))

    def _of_sets(
        self, target: SetPooled, arrangement: list[int], token: int, places: list[int]
    ) -> Float[Tensor, " places"]:
        singles = target.pool(self._features(target), torch.ones(len(self._bank), dtype=torch.int64))

        def single(number: int) -> Features:
            return tuple(x[number : number + 1] for x in singles)

        sets = [single(each) for each in arrangement]
        before = list(accumulate(sets, target.merge))
        if self.edit == "insert":
            rest = [before[-1]]  # one set, wherever the frame stands in it
        else:
            after = list(accumulate(reversed(sets), target.merge))[::-1]
            inner = [target.merge(a, b) for a, b in zip(before, after[2:], strict=False)]
            rest = [[after[1], *inner, before[-2]][place] for place in places]
        merged = [target.merge(each, single(token)) for each in rest]
        losses = [
            self.loss(target.head(tuple(torch.cat(x) for x in zip(*part, strict=True))), len(part))
            for part in (merged[k : k + _AT_ONCE] for k in range(0, len(merged), _AT_ONCE))
        ]
        return torch.cat(losses).expand(len(places)) if self.edit == "insert" else torch.cat(losses)

    def _features(self, target: FrameSeparable) -> Features:
        """Of all frames, clean ones and those to be placed."""
        if not hasattr(self, "_encoded"):
            parts = [target.encode(part) for part in self._bank.split(_AT_ONCE)]
            self._encoded: Features = tuple(torch.cat(x) for x in zip(*parts, strict=True))
        return self._encoded


@dataclass(frozen=True)
class GreedyTrials(Positions):
    """K positions, one after the other: a frame that the attack begins with is tried in every place and stays where the
    objective is least (of equal places, in the first).

    It costs N + (N - 1) + ... queries, K of them; in insertion (N + 1) + (N + 2) + ...
    """

    def search(self, candidates: Candidates) -> list[int]:
        """The arrangement with all frames in their places."""
        return _greedy(candidates, candidates.losses)

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        _refuse(self, sample)


@dataclass(frozen=True)
class GreedyGradient(Positions):
    """K positions, one after the other: each where, to first order, the objective falls most as a frame that the attack
    begins with takes the place of the clean one. Altered frames alone.

    It costs K queries, each with a gradient by all frames.
    """

    def search(self, candidates: Candidates) -> list[int]:
        """The arrangement with all frames in their places. Raises SpecError where frames are to be inserted."""
        return _greedy(candidates, candidates.slopes)

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        _refuse(self, sample)


@dataclass(frozen=True)
class _Found(Positions):
    """Positions by the name of the sample."""

    places: Mapping[str, tuple[int, ...]]

    def choose(self, length: int, count: int, sample: str, seed: int) -> tuple[int, ...]:
        return self.places[sample]


def _greedy(candidates: Candidates, judge: Callable[[list[int], int], Float[Tensor, " places"]]) -> list[int]:
    arrangement = list(range(len(candidates.clean)))
    for number in range(len(candidates.frames)):
        token = len(candidates.clean) + number
        best = int(judge(arrangement, token).argmin())
        arrangement = candidates.arranged(arrangement, token, candidates.places(arrangement)[best])
    return arrangement


def _refuse(positions: Positions, sample: str) -> NoReturn:
    raise SpecError(
        f"{sample}: {type(positions).__name__} has to ask the target, which this attack does not do before it begins; "
        "expected First, Even, RandomPositions or Given"
    )
