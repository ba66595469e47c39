"""What attacks left of the answers that certificates are about: the other side of the same curve."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.data.damage import reading
from stumble.errors import DataError, SpecError

__all__ = ["AttackPoint", "StoredAttack", "attack_curve", "read_attacks"]

_EXPECTED = "the folder of `stumble run PLAN` or of `stumble attack`"


@dataclass(frozen=True)
class AttackPoint:
    """What the strongest of the attacks of one size leaves of the recogniser as it is.

    Attributes:
        radius: frames that were edited; of joints, the norm of the corner of the box that held the attack.
        percent: answers that are right after every one of these attacks.
        decisions: of so many, all of them certified too.
        attacks: how many attacks, seeds and goals counted for themselves.
    """

    radius: float
    percent: float
    decisions: int
    attacks: int


_ROUNDED = 0.02
"""Of the clean answers so many may differ, which rounding turned."""


@dataclass(frozen=True)
class StoredAttack:
    """One attack as it lies on disk.

    Attributes:
        edit: of frames, "alter" or "insert"; "move" for joints.
        verdicts: the judge's table.
    """

    edit: str
    verdicts: pa.Table


def read_attacks(folder: Path, used: Mapping[str, Any]) -> tuple[StoredAttack, ...]:
    """The attacks in the folder of a campaign (`stumble run PLAN`), or of one attack (`stumble attack`).

    Args:
        used: "model", the digest of the weights to be certified, and whatever else must agree: of gait "frames" and
            "distance".

    Raises:
        DataError: the folder holds no attack.
        SpecError: the attacks were on another recogniser, or on clips of another length.
    """
    found = []
    for facts, attack, table in _attacks(folder):
        for name, value in used.items():
            if (other := facts.get(name)) != value:
                raise SpecError(f"{folder}: found attacks with {name} {other}; expected {value}, as certified")
        edit = "alter" if "gallery_view" in table.column_names else "move"
        found.append(StoredAttack(attack.get("edit", edit), table))
    if not found:
        raise DataError(folder, "no attack that has begun", "at least one")
    return tuple(found)


def attack_curve(attacks: Sequence[StoredAttack], certificates: pa.Table, edit: str) -> tuple[AttackPoint, ...]:
    """What attacks leave of the decisions that certificates are about, by growing size; empty where there is none.

    Args:
        certificates: what `certify_gait` or `certify_actions` returned.
        edit: the kind of attack; others are left out.

    Raises:
        SpecError: the attacks are on other sequences of the same names, as the recogniser's clean answers tell.
    """
    known = {_key(row): row for row in certificates.to_pylist()}
    sizes: dict[float, dict[tuple[str, ...], list[bool]]] = defaultdict(lambda: defaultdict(list))
    counts: dict[float, int] = defaultdict(int)
    for attack in attacks:
        if attack.edit != edit:
            continue
        grouped: dict[float, list[dict[str, Any]]] = defaultdict(list)
        rows = [row for row in attack.verdicts.to_pylist() if _key(row) in known]
        otherwise = sum(row["correct_before"] != known[_key(row)]["plain_correct"] for row in rows)
        if otherwise > _ROUNDED * len(rows):
            found = f"attacks on other data: {otherwise} of {len(rows)} clean answers to sequences of the same names"
            raise SpecError(f"campaign: found {found} differ; expected those that were certified")
        if edit == "move" and rows:
            corners = [row["coordinate_max"] * math.sqrt(known[_key(row)]["coordinates"]) for row in rows]
            grouped[float(f"{sum(corners) / len(corners):.3g}")] = rows
        else:
            for row in rows:
                grouped[float(row["edited"])].append(row)
        for size, own in grouped.items():
            counts[size] += 1
            for row in own:
                sizes[size][_key(row)].append(row["correct_after"])
    return tuple(
        AttackPoint(size, 100 * sum(map(all, found.values())) / len(found), len(found), counts[size])
        for size, found in sorted(sizes.items())
    )


def _attacks(folder: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], pa.Table]]:
    """Facts of the recogniser, fields of the attack, and verdicts."""
    single = folder / "verdicts.parquet"
    if single.exists():
        with reading(single, _EXPECTED):
            table = pq.read_table(single)
            found = json.loads(table.schema.metadata[b"stumble"])["specification"]
        yield {**found, "model": found["digests"]["model"]}, found["attack"]["init_args"], table
        return
    if not (folder / "plan.json").exists():
        raise DataError(folder, "neither plan.json nor verdicts.parquet", _EXPECTED)
    for result in read_results(RunFolder(folder)):
        if result.verdicts is not None:
            specification = result.cell.specification
            yield specification["bench"], specification["attack"]["init_args"], result.verdicts


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("sample", "gallery_view") if name in row)
