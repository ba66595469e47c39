"""The effort of a descent, sample by sample, when some finish before others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Record"]


@dataclass
class Record:
    """Steps, queries and the terms of the objective of each sample of a batch, filled in along the descent.

    Attributes:
        samples, iterations: how many, at most.
        steps, queries: (B,) so far.
        stopped: why each sample stopped.
        trace: name to (T, B), NaN once a sample has stopped.
    """

    samples: int
    iterations: int
    steps: Int[Tensor, " b"] = field(init=False)
    queries: Int[Tensor, " b"] = field(init=False)
    stopped: list[str] = field(init=False)
    trace: dict[str, Float[Tensor, "t b"]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = torch.zeros(self.samples, dtype=torch.int64)
        self.queries = torch.zeros(self.samples, dtype=torch.int64)
        self.stopped = ["budget"] * self.samples

    def note(self, rows: Int[Tensor, " r"], iteration: int, terms: Mapping[str, Float[Tensor, " r"]]) -> None:
        """The target was asked about these samples, and the terms of the objective came out like this."""
        self.queries[rows] += 1
        for name, value in terms.items():
            if name not in self.trace:
                self.trace[name] = value.new_full((self.iterations, self.samples), torch.nan)
            self.trace[name][iteration, rows] = value.detach()

    def finish(self, rows: Int[Tensor, " r"], steps: int, why: str) -> None:
        """These samples have taken their last step."""
        self.steps[rows] = steps
        for row in rows.tolist():
            self.stopped[row] = why

    @classmethod
    def done(cls, samples: int, steps: int | Int[Tensor, " b"] = 0, queries: int | Int[Tensor, " b"] = 0) -> Record:
        """Of an attack without a descent: what every sample took, or each."""
        record = cls(samples, 0)
        record.steps += steps
        record.queries += queries
        record.stopped = ["done"] * samples
        return record
