"""Running a preset's attacks one after the other, each stored whole, so that what was interrupted goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stumble.campaign.action_summary import ActionSummary, summarise_actions
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.presets import Row
from stumble.data.damage import reading
from stumble.data.whole_files import whole_folder
from stumble.errors import SpecError
from stumble.judge import SkeletonJudge
from stumble.spec import Plain, identity, to_plain

__all__ = ["Outcome", "PresetRun"]

_EXPECTED = "a row as stumble stores it, or nothing"


@dataclass(frozen=True)
class Outcome:
    """A row with its verdicts.

    Attributes:
        row: the attack.
        verdicts: the judge's table, a row per clip.
    """

    row: Row
    verdicts: pa.Table

    @cached_property
    def summary(self) -> ActionSummary:
        """The figures."""
        return summarise_actions(self.verdicts)

    @cached_property
    def height(self) -> float:
        """Mean height of the clean skeletons in the units of the data."""
        return float(self.verdicts["height"].to_numpy().mean())


@dataclass(frozen=True)
class PresetRun:
    """One recogniser, the clips to attack, and the folder for what comes of it.

    Attributes:
        evaluation: the recogniser and the clips.
        judge: of every row.
        rows: folder with a folder for each row: verdicts.parquet, which has the row's specification in its metadata,
            and samples/*.npz.
        common: what specifies every row besides attack and goal: model, data, seed, ….
        seed: of the attacks.
    """

    evaluation: ActionEvaluation
    judge: SkeletonJudge
    rows: Path
    common: Mapping[str, object]
    seed: int

    def samples(self, row: Row) -> Path:
        """The folder of a row's adversarial sequences."""
        return self.rows / row.name / "samples"

    def stored(self, row: Row) -> Outcome | None:
        """The row as an earlier run left it, or None.

        Raises:
            SpecError: it is of another specification.
            DataError: it is damaged.
        """
        folder = self.rows / row.name
        if not folder.exists():
            return None
        file = folder / "verdicts.parquet"
        with reading(file, _EXPECTED):
            verdicts = pq.read_table(file)
            found = json.loads(verdicts.schema.metadata[b"stumble"])
        wanted = self._specification(row)
        if found.get("identity") != identity(wanted):
            difference = "; ".join(_differences(found.get("specification"), to_plain(wanted))[:3])
            raise SpecError(f"{folder}: found a row of another run ({difference}); expected the same, or another --out")
        return Outcome(row, verdicts)

    def attack(
        self,
        row: Row,
        progress: Callable[[int, int], None] = lambda done, total: None,
        provenance: Mapping[str, object] | None = None,
    ) -> Outcome:
        """Attack all clips, judge them, and store both; the row is either whole afterwards or not there.

        Args:
            progress: called with clips done and their number.
            provenance: plain data to keep beside the specification.
        """
        began = time.perf_counter()
        self.rows.mkdir(parents=True, exist_ok=True)
        with whole_folder(self.rows / row.name) as folder:
            verdicts = self.evaluation.attack(
                row.attack, row.goal, folder / "samples", judge=self.judge, seed=self.seed, progress=progress
            )
            specification = self._specification(row)
            text = json.dumps(
                {
                    "specification": to_plain(specification),
                    "identity": identity(specification),
                    "provenance": {**(provenance or {}), "seconds": round(time.perf_counter() - began, 1)},
                }
            )
            pq.write_table(verdicts.replace_schema_metadata({"stumble": text}), folder / "verdicts.parquet")
        return Outcome(row, verdicts)

    def _specification(self, row: Row) -> dict[str, object]:
        return {**self.common, "attack": row.attack, "goal": row.goal, "seed": self.seed}


def _differences(found: object, expected: Plain, where: str = "") -> list[str]:
    """Where two plain specifications differ: "attack.iterations 50, not 100"."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        paths = {key: where if key == "init_args" else f"{where}.{key}" if where else key for key in found}
        return [text for key in found for text in _differences(found[key], expected[key], paths[key])]
    return [] if found == expected else [f"{where or 'its specification'} {found}, not {expected}"]
