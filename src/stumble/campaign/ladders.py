"""Attacks that differ in a single number, such as epsilon: what a curve against it can be drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stumble.campaign.results import CellResult
from stumble.spec import identity

__all__ = ["Kind", "Ladder", "Rung", "class_name", "difference", "ladders"]

Kind = Literal["budget", "effort"]

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("epsilon", "share", "frames", "distortion"), "budget"),
    **dict.fromkeys(("iterations", "candidates", "draws", "queries", "restarts", "starts"), "effort"),
}


@dataclass(frozen=True)
class Rung:
    """One value of the number.

    Attributes:
        value: of the number.
        attack: the name in the plan.
        results: the cells of this attack, one for each seed; all have verdicts.
    """

    value: float
    attack: str
    results: tuple[CellResult, ...]


@dataclass(frozen=True)
class Ladder:
    """Attacks with one goal on one bench that differ in a single number.

    Attributes:
        bench, goal: names in the plan.
        component: the class of the attacks.
        number: what the number is called: "epsilon".
        kind: whether it is what the adversary may do, or how hard it tries.
        rungs: at least two, from small to large.
    """

    bench: str
    goal: str
    component: str
    number: str
    kind: Kind
    rungs: tuple[Rung, ...]


def ladders(results: Sequence[CellResult]) -> tuple[Ladder, ...]:
    """All that the results hold; an attack may be on several of them."""
    groups: dict[tuple[str, ...], dict[tuple[float, str], list[CellResult]]] = {}
    for result in results:
        if result.verdicts is None:
            continue
        entry, flat = result.cell.entry, _flat(result.cell.specification["attack"])
        for path, value in _numbers(flat):
            rest = identity({name: other for name, other in flat.items() if name != path})
            rungs = groups.setdefault((entry.bench, entry.goal, path, rest), {})
            rungs.setdefault((value, entry.attack), []).append(result)
    found = []
    for (bench, goal, path, _), rungs in groups.items():
        if len({value for value, _ in rungs}) < 2:
            continue
        ordered = tuple(Rung(value, attack, tuple(rungs[value, attack])) for value, attack in sorted(rungs))
        number = path.rpartition(".")[2]
        component = class_name(ordered[0].results[0].cell.specification["attack"])
        found.append(Ladder(bench, goal, component, number, _KINDS[number], ordered))
    return tuple(found)


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, Kind, float, float] | None:
    """The one number in which two attacks differ, its kind, and both values; None where they differ otherwise."""
    a, b = _flat(first), _flat(second)
    different = [path for path in a.keys() | b.keys() if a.get(path) != b.get(path)]
    values = [dict(_numbers(flat)).get(path) for flat in (a, b) for path in different]
    if len(different) != 1 or values[0] is None or values[1] is None:
        return None
    number = different[0].rpartition(".")[2]
    return number, _KINDS[number], values[0], values[1]


def class_name(specification: Mapping[str, Any]) -> str:
    """The class of a component, without its module."""
    return str(specification["class_path"]).rpartition(".")[2]


def _numbers(flat: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for path, value in flat.items():
        if path.rpartition(".")[2] in _KINDS and isinstance(value, int | float) and not isinstance(value, bool):
            yield path, float(value)


def _flat(plain: Any, where: str = "") -> dict[str, Any]:
    if isinstance(plain, Mapping):
        return {k: v for key, value in plain.items() for k, v in _flat(value, f"{where}.{key}").items()}
    return {where: plain}
