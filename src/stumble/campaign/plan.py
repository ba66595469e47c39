"""What a campaign runs: benches × attacks × goals × seeds, as a dataclass or as a YAML file of the same fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import yaml

from stumble.campaign.bench import Bench, Modality
from stumble.data.damage import reading
from stumble.errors import SpecError
from stumble.interfaces import Attack, SkeletonAttack
from stumble.spec import from_plain

__all__ = ["Entry", "Plan", "read_plan"]

_HOMES = (
    *("attacks", "campaign.gait_bench", "campaign.action_bench", "constraints", "objectives", "priors", "zoo"),
    *("priors.discriminators", "data.frame_pool", "data.pose_pool"),
)
"""Where a component may be named without its module: below `stumble.`."""

_ATTACKS: Mapping[Modality, type] = {"gait": Attack, "actions": SkeletonAttack}


@dataclass(frozen=True)
class Entry:
    """One combination of a plan, by the names that the plan gives.

    Attributes:
        bench, attack: names in the plan.
        goal, seed: of the attack.
    """

    bench: str
    attack: str
    goal: str
    seed: int

    def __str__(self) -> str:
        return f"{self.bench} · {self.attack} · {self.goal} · seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """A grid of attacks.

    Attributes:
        benches: recognisers with their data, by a name of your choice.
        attacks: adversaries, likewise; all benches and attacks are of one modality.
        goals: "untargeted", "targeted" (gait), "least-likely" or the name of a class (actions).
        seeds: each attack is run with every one.
        shard: so many sequences are attacked and stored together; what an interruption loses at most.
        threads: of each worker process; part of the plan, since sums in another order round differently.
        memory: GiB that the graph of one batch may take.
    """

    benches: dict[str, Bench]
    attacks: dict[str, Attack | SkeletonAttack]
    goals: tuple[str, ...] = ("untargeted",)
    seeds: tuple[int, ...] = (1,)
    shard: int = 32
    threads: int = 1
    memory: float = 1.0

    def __post_init__(self) -> None:
        for name in ("benches", "attacks", "goals", "seeds"):
            values = getattr(self, name)
            if not values:
                raise SpecError(f"plan: no {name}; expected at least one")
            if len(set(values)) != len(values):
                raise SpecError(f"plan: {name} holds something twice: {', '.join(map(str, values))}")
        for name, least in (("shard", 1), ("threads", 1)):
            if getattr(self, name) < least:
                raise SpecError(f"plan: {name} is {getattr(self, name)}; expected at least {least}")
        if self.memory <= 0:
            raise SpecError(f"plan: memory is {self.memory:g} GiB; expected more than 0")
        for entry in self.entries():
            bench, attack = self.benches[entry.bench], self.attacks[entry.attack]
            if not isinstance(attack, _ATTACKS[bench.modality]):
                raise SpecError(
                    f"plan: attack {entry.attack!r} ({type(attack).__name__}) does not attack {bench.modality}, which "
                    f"bench {entry.bench!r} tests; expected one that does, or a plan of its own"
                )

    def entries(self) -> Iterator[Entry]:
        """Every combination, in the order of the plan."""
        for bench in self.benches:
            for attack in self.attacks:
                for goal in self.goals:
                    for seed in self.seeds:
                        yield Entry(bench, attack, goal, seed)

    def limited(self, limit: int | None) -> Plan:
        """The same with at most so many sequences of each bench."""
        if limit is None:
            return self
        if limit < 1:
            raise SpecError(f"limit is {limit}; expected at least 1")
        benches: dict[str, Bench] = {}
        for name, bench in self.benches.items():
            own = bench.limit
            benches[name] = replace(cast(Any, bench), limit=limit if own is None else min(own, limit))
        return replace(self, benches=benches)


def read_plan(path: Path) -> Plan:
    """The plan in a YAML file. Components are written as `{class_path: CIASA, init_args: {...}}`.

    Names of stumble's own components need no module; without arguments the name alone will do.

    Raises:
        SpecError: a key, a name or a combination that cannot be; the nearest name that can is given.
        DataError: no YAML.
    """
    with reading(path, "a plan in YAML"):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise SpecError(f"{path}: found {type(found).__name__}; expected a mapping with benches and attacks")
    try:
        plain = {"class_path": f"{Plan.__module__}.{Plan.__name__}", "init_args": _spelled(found)}
        return from_plain(plain, Plan)
    except SpecError as error:
        raise SpecError(f"{path}: {str(error).replace(f'{Plan.__module__}.{Plan.__name__}', 'plan')}") from error


def _spelled(value: Any) -> Any:
    """The same with every class_path in full."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {key: _spelled(item) for key, item in value.items()}
    name = spelled.get("class_path")
    if isinstance(name, str) and "." not in name:
        if name not in _components():
            close = get_close_matches(name, _components(), 1, cutoff=0)
            raise SpecError(f"no component {name!r}; did you mean {close[0]!r}?")
        spelled["class_path"] = _components()[name]
    return spelled


@cache
def _components() -> dict[str, str]:
    """Import paths of the components that need no module, by name."""
    found: dict[str, str] = {}
    for home in _HOMES:
        for name, value in vars(import_module(f"stumble.{home}")).items():
            if isinstance(value, type) and is_dataclass(value) and not name.startswith("_"):
                found.setdefault(name, f"{value.__module__}.{value.__qualname__}")
    return found
