"""One combination of a plan with what it stands for: its identity, its samples and its shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from stumble.campaign.bench import Tested
from stumble.campaign.drawing import Contents
from stumble.campaign.plan import Entry, Plan
from stumble.errors import SpecError
from stumble.interfaces import Access, FramePool, PosePool, Weights
from stumble.spec import identity, to_plain

__all__ = ["Cell", "Shard", "cells_of", "differences", "specified"]


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
        access: what the attack asks of the target.
    """

    entry: Entry
    specification: Mapping[str, Any]
    samples: tuple[str, ...]
    shard: int
    data: str
    synthetic: bool
    left_out: Mapping[str, str]
    sanity: Mapping[str, int] = field(default_factory=dict)
    access: Access = "gradients"

    def __str__(self) -> str:
        """Its names, and whether its numbers are of people made up."""
        return f"{self.entry}{' · synthetic data' if self.synthetic else ''}"

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
        SpecError: a bench cannot have one of the goals, or two entries are the same but for their names.
    """
    cells, sanity = dict[str, Cell](), {}
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
        known = bench.data, bench.synthetic, bench.left_out, sanity[entry.bench], plan.attacks[entry.attack].access
        cell = Cell(entry, specification, bench.samples, plan.shard, *known)
        twin = cells.setdefault(cell.id, cell)
        if twin is not cell:
            raise SpecError(f"plan: found {twin.entry}, and {entry}, the same under other names; expected one of them")
    return tuple(cells.values())


def specified(component: object) -> Any:
    """As `spec.to_plain` has it, with weights and pools by what is in them instead of by their names.

    Raises:
        StumbleError: there are no such weights, or no such data.
    """
    if isinstance(component, Weights):
        return {"weights": component.digest}
    if isinstance(component, FramePool | PosePool):
        numbers, names = component.load()
        contents = Contents()
        contents.add(" ".join(names), [numbers.numpy()])
        return {"pool": contents.digest}
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


def differences(found: object, expected: object, where: str = "") -> list[str]:
    """Where two plain specifications differ: "attack.iterations 50, not 100"; digests are cut short."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping) and found.keys() == expected.keys():
        paths = {key: where if key == "init_args" else f"{where}.{key}" if where else str(key) for key in found}
        return [text for key in found for text in differences(found[key], expected[key], paths[key])]
    shown = [f"{value[:12]}…" if isinstance(value, str) and len(value) == 64 else value for value in (found, expected)]
    return [] if found == expected else [f"{where or 'its specification'} {shown[0]}, not {shown[1]}"]
