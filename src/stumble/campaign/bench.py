"""A recogniser and the sequences it is tested on: what every attack of a campaign meets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa

from stumble.campaign.sanity import Sanity
from stumble.data.actions import ActionData
from stumble.data.gait import GaitData

__all__ = ["EXAMINED", "Bench", "Held", "Modality", "Progress", "Tested"]

EXAMINED = 2
"""So many samples tell whether a target is fit to be attacked."""

Modality = Literal["gait", "actions"]

Progress = Callable[[int, int], None]
"""Is told how many of how many are done."""


class Tested(ABC):
    """A bench whose model and data have been looked at.

    Attributes:
        samples: names of the sequences to attack, in order.
        facts: plain data that says what is attacked, whatever it is called and wherever it lies: digests of weights
            and sequences, and how they are used. Two benches of the same facts give the same results.
        source: the data set.
        left_out: why other sequences of the selection cannot be used, by name.
    """

    samples: tuple[str, ...]
    facts: Mapping[str, Any]
    source: GaitData | ActionData
    left_out: Mapping[str, str]

    @property
    def data(self) -> str:
        """What to call the data set."""
        return self.source.name

    @property
    def synthetic(self) -> bool:
        """Whether its people are made up."""
        return self.source.synthetic

    @abstractmethod
    def check(self, goal: str) -> None:
        """Raises SpecError where attacks cannot have this goal here; says which ones they can have."""

    @abstractmethod
    def sanity(self) -> Sanity:
        """What the attack sees, on the first few samples."""

    @abstractmethod
    def prepare(self) -> None:
        """Do now what would otherwise be done with the first attack: load the network, embed a gallery."""

    @abstractmethod
    def attack(
        self, attack: Any, goal: str, seed: int, samples: Sequence[str], folder: Path, progress: Progress
    ) -> pa.Table:
        """Attack these samples, store what comes of it in `folder`, read it back and judge it.

        Returns:
            The judge's table; without the samples that are what the goal wants already, perhaps without any.
        """

    @abstractmethod
    def judge(self, attack: Any, goal: str, seed: int, folder: Path, verdicts: pa.Table) -> pa.Table:
        """Judge again what is stored in `folder`; effort (steps, queries, ...) is taken from the earlier verdicts."""

    @abstractmethod
    def held(self) -> Tested:
        """The same with network, sequences and all that is prepared from them in memory, to be sent elsewhere."""


@dataclass(frozen=True)
class Held:
    """A reader of sequences that are in memory, perhaps in one that cannot be written to; it gives copies."""

    sequences: Mapping[Any, Any]

    def __call__(self, key: Any) -> Any:
        return deepcopy(self.sequences[key])


class Bench(ABC):
    """A recogniser and the sequences it is tested on, by name.

    Attributes:
        modality: of the attacks that it can meet.
        limit: how many sequences are attacked at most, drawn at random, always the same ones; None for all.
    """

    modality: ClassVar[Modality]
    limit: int | None

    @abstractmethod
    def open(self, memory: int, progress: Progress = lambda done, total: None) -> Tested:
        """Look at the model and read the data once.

        Args:
            memory: bytes that the graph of one batch may take.

        Raises:
            StumbleError: a name means nothing here, or nothing can be tested.
        """
