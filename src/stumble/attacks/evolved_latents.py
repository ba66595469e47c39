"""A black-box attack: an evolution strategy in the generator's latent space that asks the target for no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.record import Record
from stumble.attacks.temporal_sparse import prior_of
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Attack, AttackResult, Goal, SetPooled, SilhouettePrior, Target, Weights
from stumble.objectives import Margin, Objective, logits_of
from stumble.seeds import stream
from stumble.sequences import Silhouettes
from stumble.targets.frozen import on_frozen

if TYPE_CHECKING:
    from cmaes import SepCMA  # which imports half of SciPy: left to those who use it

__all__ = ["EvolvedLatents"]

_AT_ONCE = 256  # frames that the target sees in one go


@dataclass(frozen=True)
class EvolvedLatents(Attack):
    """Replace or insert K silhouettes G(Z), Z found by asking alone: separable CMA-ES (Ros, Hansen 2008) per sample.

    The first generation are independent draws from the prior, as in `RandomLatents`; the next ones follow what did
    best. Every query is a sequence of 256 levels, as it would be stored, so that what has succeeded once stays so.

    Attributes:
        prior, edit, budget, positions: see `TemporalSparse`; positions are not searched.
        objective: what is minimised of the target's answer. The margin needs no more than distances to the people of a
            gallery, which `targets.identifier` adds to a target that answers with embeddings.
        queries: at most so many of each sample.
        population: queries of one generation, at most as many as a sample's latents have dimensions, or all: then it is
            random search. None for 4 + 3 log(dimensions).
        stop: a sample is finished at the first query that reaches the goal by this margin of the target's logits; None
            never asks, and takes all queries.
    """

    prior: Weights
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Margin)
    queries: int = 1000
    population: int | None = None
    stop: float | None = 0.0

    access = "answers"

    def __post_init__(self) -> None:
        for name, least in (("queries", 1), ("population", 2)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SpecError(f"EvolvedLatents: {name} is {value}; expected at least {least}")

    @on_frozen
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        prior = prior_of(self.prior)
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed)
        searches = [
            self._search(count * prior.latent_dim, stream(seed, name, "evolution"))
            for name, count in zip(batch.ids, scene.counts, strict=True)
        ]
        with torch.no_grad():
            while asked := [(row, point) for row, search in enumerate(searches) for point in search.ask()]:
                for row, answer in self._answers(prior, scene, goal, asked):
                    searches[row].take(answer)
        record = Record(len(batch), 0)
        for row, search in enumerate(searches):
            record.queries[row] = search.queries
            record.finish(torch.tensor([row]), search.optimiser.generation, search.stopped)
        return scene.result(torch.cat([search.best.frames for search in searches]), record)

    def _search(self, dimensions: int, randomness: np.random.Generator) -> _Search:
        if self.population is not None and dimensions < self.population < self.queries:
            # its variances would be learned from one generation alone, and fall below zero
            raise SpecError(
                f"EvolvedLatents: population is {self.population}; expected at most {dimensions}, the dimensions of a "
                f"sample's latents, or all {self.queries} queries"
            )
        from cmaes import SepCMA

        seed = int(randomness.integers(2**32))
        optimiser = SepCMA(np.zeros(dimensions), sigma=1.0, seed=seed, population_size=self.population)
        return _Search(optimiser, self.queries)

    def _answers(
        self, prior: SilhouettePrior, scene: FrameEdit, goal: Goal, asked: Sequence[tuple[int, np.ndarray]]
    ) -> Iterator[tuple[int, _Answer]]:
        """One by one, though the target sees many at once."""
        seen = max(scene.counts) if isinstance(scene.target, SetPooled) else scene.base.frames.shape[1]
        for start in range(0, len(asked), at_once := max(1, _AT_ONCE // seen)):
            rows, points = zip(*asked[start : start + at_once], strict=True)
            index = torch.tensor(rows)
            some, goals = scene.select(index), goal.select(index)
            latents = torch.from_numpy(np.concatenate(points).astype(np.float32)).reshape(-1, prior.latent_dim)
            frames = (prior.generate(prior.to_prior(latents)) * 255).round() / 255
            output = some.output(frames)
            losses = self.objective(output, goals).tolist()
            reached = [False] * len(rows)
            if self.stop is not None:
                reached = (goals.margin(logits_of(output)) > self.stop).tolist()
            answers = map(_Answer, points, frames.split(some.counts), losses, reached)
            yield from zip(rows, answers, strict=True)


@dataclass(frozen=True)
class _Answer:
    """What came of one query.

    Attributes:
        point: latents as the search has them.
        frames: (K, H, W) what they became.
        loss: the smaller, the better.
        reached: whether it is what is wanted.
    """

    point: Float[np.ndarray, " v"]
    frames: Float[Tensor, "k h w"]
    loss: float
    reached: bool


@dataclass
class _Search:
    """The search for one sample's latents, a generation at a time.

    Attributes:
        optimiser: which draws the generations.
        limit: queries, at most.
        queries: so far: those after the first that succeeded do not count.
        stopped: why no more are needed.
        best: the first answer that succeeded, or the one with the least loss.
    """

    optimiser: SepCMA
    limit: int
    queries: int = 0
    stopped: str = "budget"
    best: _Answer = field(init=False)
    _answers: list[_Answer] = field(default_factory=list)

    def ask(self) -> list[Float[np.ndarray, " v"]]:
        """The next generation, or what is left of it within the limit; nothing once the search is over."""
        left = 0 if self.stopped == "reached" else self.limit - self.queries
        if left and self._answers:
            self.optimiser.tell([(answer.point, answer.loss) for answer in self._answers])
            self._answers = []
        return [self.optimiser.ask() for _ in range(min(left, self.optimiser.population_size))]

    def take(self, answer: _Answer) -> None:
        """The answer to the next point that was asked about."""
        if self.stopped == "reached":
            return
        if self.queries == 0 or answer.reached or answer.loss < self.best.loss:
            self.best = answer
        self.queries += 1
        self._answers.append(answer)
        if answer.reached:
            self.stopped = "reached"
