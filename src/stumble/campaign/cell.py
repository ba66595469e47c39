"""One combination of a plan with what it stands for: its identity, its samples and its shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from stumble.campaign.bench import Tested
from stumble.campaign.plan import Entry, Plan
from stumble.errors import SpecError
from stumble.interfaces import Weights
from stumble.spec import identity, to_plain

__all__ = ["Cell", "Shard", "cells_of", "specified"]


@dataclass(frozen=True)
class Cell:
    """An attack with a goal and a seed on a bench.

    Attributes:
        entry: its names in the plan, which are no part of its identity.
        specification: everything that its results depend on.
        samples: the sequences to attack, in order.
        shard: so many of them go together.
        data, synthetic: what to call the data, and whether its people are made up.
        left_out: sequences that cannot be used, and why.
        sanity: the fields of `Sanity` of the target.
    """

    entry: Entry
    specification: Mapping[str, Any]
    samples: tuple[str, ...]
    shard: int
    data: str
    synthetic: bool
    left_out: Mapping[str, str]
    sanity: Mapping[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """16 hexadecimal digits; the same for the same specification, wherever and whenever it is run."""
        return identity(self.specification)[:16]

    @property
    def shards(self) -> tuple[Shard, ...]:
        """Its samples in portions."""
        starts = range(0, len(self.samples), self.shard)
        return tuple(Shard(self.id, k, self.samples[a : a + self.shard]) for k, a in enumerate(starts))


@dataclass(frozen=True)
class Shard:
    """Samples of a cell that are attacked, judged and stored together.

    Attributes:
        cell: the id of its cell.
        number: from 0.
        samples: their names.
    """

    cell: str
    number: int
    samples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.cell}/{self.number:04d}"


def cells_of(plan: Plan, tested: Mapping[str, Tested]) -> tuple[Cell, ...]:
    """The cells of a plan whose benches have been opened.

    What decides is in the identity: the numbers in the weights, the sequences, the attack with its every field, goal,
    seed, and what goes together in a shard, since batches round differently. Names, paths, device, number of workers
    and time are not.

    Raises:
        SpecError: a bench cannot have one of the goals.
    """
    cells, sanity = [], {}
    for name, bench in tested.items():
        for goal in plan.goals:
            try:
                bench.check(goal)
            except SpecError as error:
                raise SpecError(f"bench {name!r}: {error}") from error
        sanity[name] = asdict(bench.sanity())
    for entry in plan.entries():
        bench = tested[entry.bench]
        specification = {
            "bench": dict(bench.facts),
            "attack": specified(plan.attacks[entry.attack]),
            "goal": entry.goal,
            "seed": entry.seed,
            "batches": {"shard": plan.shard, "threads": plan.threads, "memory": plan.memory},
        }
        known = bench.data, bench.synthetic, bench.left_out, sanity[entry.bench]
        cells.append(Cell(entry, specification, bench.samples, plan.shard, *known))
    return tuple(cells)


def specified(component: object) -> Any:
    """As `spec.to_plain` has it, with weights by their digest instead of by their name."""
    if isinstance(component, Weights):
        return {"weights": component.digest}
    if isinstance(component, tuple):
        return [specified(item) for item in component]
    if isinstance(component, dict):
        return {key: specified(value) for key, value in component.items()}
    if is_dataclass(component) and not isinstance(component, type):
        named = f"{type(component).__module__}.{type(component).__qualname__}"
        return {
            "class_path": named,
            "init_args": {f.name: specified(getattr(component, f.name)) for f in fields(component) if f.init},
        }
    return to_plain(component)
