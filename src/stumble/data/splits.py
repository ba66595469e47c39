"""The published protocols: which sequences exist, who trains and who is tested, what is gallery and what is probe."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

from stumble.data.gait import GaitData, ProtocolName, SequenceKey

__all__ = ["CASIA_A", "CASIA_B", "PROTOCOLS", "Partition", "Protocol"]


@dataclass(frozen=True)
class Partition:
    """People to train on and people to test on."""

    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Protocol:
    """How a data set is evaluated. What is missing on disk is missing in gallery and probes too.

    Attributes:
        name: "casia-b" or "casia-a".
        people: how many the full data set has.
        subjects: their names; empty where the protocol does not number them.
        views: the cameras of the full data set, in order of angle.
        gallery: conditions of the clean sequences that probes are compared with.
        probes: conditions of the sequences to recognise.
        partition: who trains and who is tested; None where all are tested and nobody trains.
        pooled: one decision per probe over the gallery sequences of all views, its own view included;
            otherwise one decision per gallery view other than the probe's.
    """

    name: ProtocolName
    people: int
    subjects: tuple[str, ...]
    views: tuple[str, ...]
    gallery: tuple[str, ...]
    probes: tuple[str, ...]
    partition: Partition | None
    pooled: bool

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions of the full data set."""
        return self.gallery + self.probes

    def tested(self, data: GaitData) -> tuple[str, ...]:
        """The people of a data set that the protocol tests."""
        if self.partition is None:
            return data.subjects
        return tuple(subject for subject in data.subjects if subject in self.partition.test)

    def split(self, data: GaitData, subjects: Collection[str] | None = None) -> tuple[GaitData, GaitData]:
        """Gallery and probes of the given people, by default of those that the protocol tests."""
        chosen = data.select(subjects=self.tested(data) if subjects is None else subjects)
        return chosen.select(conditions=self.gallery), chosen.select(conditions=self.probes)

    def expected(self, subjects: Collection[str]) -> tuple[SequenceKey, ...]:
        """Every sequence that the full data set has of the given people, sorted."""
        return tuple(sorted(SequenceKey(*names) for names in product(subjects, self.conditions, self.views)))


def _numbered(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{number:03d}" for number in range(first, last + 1))


CASIA_B = Protocol(
    name="casia-b",
    people=124,
    subjects=_numbered(1, 124),
    views=tuple(f"{angle:03d}" for angle in range(0, 181, 18)),
    gallery=("nm-01", "nm-02", "nm-03", "nm-04"),
    probes=("nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02"),
    partition=Partition(train=_numbered(1, 74), test=_numbered(75, 124)),
    pooled=False,
)
"""The large-sample split of CASIA-B: people 001 to 074 train, 075 to 124 are tested, identical views excluded."""

CASIA_A = Protocol(
    name="casia-a",
    people=20,
    subjects=(),
    views=("00", "45", "90"),
    gallery=("nm-04",),
    probes=("nm-01", "nm-02", "nm-03"),
    partition=None,
    pooled=True,
)
"""CASIA-A as He et al. 2022 evaluate it: sequence 4 of each direction is the gallery; identical views count."""

PROTOCOLS: dict[ProtocolName, Protocol] = {"casia-b": CASIA_B, "casia-a": CASIA_A}
