"""A campaign on disk. What is there is whole; what is missing is still to do; nothing else says how far it is.

plan.json                        the plan, for whoever goes on with it
cells/ID/cell.json               one cell: specification, names, samples
cells/ID/0000/verdicts.parquet   a shard: the judge's table, the specification in its metadata,
cells/ID/0000/samples/*.npz      and the adversarial sequences
cells/ID/0000.failed.json        why a shard could not be done, until it is
cells/ID/0000.lock               held by the process that is at work on it; freed when that dies
"""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from stumble.campaign.cell import Cell, Shard, differences
from stumble.campaign.plan import Entry, Plan
from stumble.data.damage import reading
from stumble.data.whole_files import storing, whole_file, whole_folder
from stumble.errors import DataError, SpecError
from stumble.spec import from_plain, to_plain

__all__ = ["RunFolder"]

_PLAN, _CELLS, _CELL, _VERDICTS = "plan.json", "cells", "cell.json", "verdicts.parquet"
_EXPECTED = "a campaign as stumble writes it"
_SHARD = "the verdicts of a shard; remove its folder, and `stumble run` does it again"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one campaign.

    Attributes:
        root: where it is.
    """

    root: Path

    def start(self, plan: Plan, cells: tuple[Cell, ...], provenance: dict[str, object]) -> None:
        """Write plan and cells, or see that they are those that are there.

        Raises:
            SpecError: the folder is of another plan.
            DataError: it holds something else, or a shard in it is damaged.
            StorageError: it cannot be written to.
        """
        file = self.root / _PLAN
        others = [p for p in self.root.glob("[!.]*") if p.name != _CELLS]  # which may be there since a moment ago
        if not file.exists() and others:
            raise DataError(self.root, "a folder with other files", "an empty folder, or one of this campaign")
        with storing(self.root):
            (self.root / _CELLS).mkdir(parents=True, exist_ok=True)
        with self._lock(self.root / ".start.lock", wait=True):
            known = {cell.id for cell in self.cells()} if file.exists() else set()
            if known and known != {cell.id for cell in cells}:
                found = f"a campaign of another plan ({self._difference(cells)})"
                raise SpecError(
                    f"{self.root}: found {found}; expected the same plan, data and weights, or another --out"
                )
            for cell in cells:
                folder = self.root / _CELLS / cell.id
                if not (folder / _CELL).exists():
                    with storing(folder):
                        folder.mkdir(exist_ok=True)
                    self._write(folder / _CELL, asdict(cell))
            self._write(file, {"plan": to_plain(plan), "order": [c.id for c in cells], "provenance": provenance})
        for shard in (shard for cell in cells for shard in cell.shards if self.done(shard)):
            self.provenance(shard)

    @property
    def plan(self) -> Plan:
        """The plan. Raises DataError where there is none."""
        return from_plain(self._read(self.root / _PLAN)["plan"], Plan)

    @property
    def plain_plan(self) -> dict[str, Any]:
        """The plan as plain data of which `read_plan` reads the YAML. Raises DataError where there is none."""
        with reading(self.root / _PLAN, _EXPECTED):
            plain: dict[str, Any] = self._read(self.root / _PLAN)["plan"]["init_args"]
        return plain

    @property
    def begun(self) -> dict[str, Any]:
        """What the command that began or last went on with the campaign was, and its versions. Raises DataError."""
        made: dict[str, Any] = self._read(self.root / _PLAN)["provenance"]
        return made

    def cells(self) -> tuple[Cell, ...]:
        """In the order of the plan. Raises DataError."""
        return tuple(self._cell(self.root / _CELLS / name / _CELL) for name in self._read(self.root / _PLAN)["order"])

    def done(self, shard: Shard) -> bool:
        """Whether its verdicts and samples are there."""
        return (self._of(shard) / _VERDICTS).exists()

    def next_bench(self, plan: Plan) -> str | None:
        """The bench of this plan that is met first by whoever goes on; None where nothing is left to do."""
        if not (self.root / _PLAN).exists():
            return next(iter(plan.benches))
        left = (cell for cell in self.cells() if not all(self.done(shard) for shard in cell.shards))
        return next((cell.entry.bench for cell in left if cell.entry.bench in plan.benches), None)

    def failure(self, shard: Shard) -> str | None:
        """Why it could not be done when last tried, or None."""
        file = self._failure(shard)
        return str(self._read(file)["error"]) if file.exists() and not self.done(shard) else None

    def settled(self, shard: Shard) -> bool:
        """Whether it is done, or has failed since the campaign was last started, which writes the plan."""
        if self.done(shard):
            return True
        try:
            return self._failure(shard).stat().st_mtime_ns > (self.root / _PLAN).stat().st_mtime_ns
        except FileNotFoundError:
            return False

    @contextmanager
    def claimed(self, shard: Shard) -> Iterator[bool]:
        """Whether the shard is ours for the length of the block; somebody else may be at work on it."""
        try:
            with self._lock(self._of(shard).with_suffix(".lock"), wait=False):
                yield True
        except Timeout:
            yield False

    def write(self, shard: Shard, make: Callable[[Path], pa.Table], provenance: dict[str, object]) -> None:
        """Store what `make` returns, and what it writes into the folder that it is given: all of it, or nothing.

        The shard must be claimed: what a process that died left of it, or somebody who removed its verdicts, is
        cleared away.

        Raises:
            StorageError: the disk is full, or cannot be written to.
            whatever `make` raises.
        """
        began = time.perf_counter()
        target = self._of(shard)
        for left in (*target.parent.glob(f".{target.name}.*"), *([] if self.done(shard) else [target])):
            shutil.rmtree(left, ignore_errors=True)
        with whole_folder(target) as folder:
            (folder / "samples").mkdir()
            verdicts = make(folder / "samples")
            made = {**provenance, "seconds": round(time.perf_counter() - began, 2)}
            text = json.dumps({"cell": shard.cell, "shard": shard.number, "provenance": made})
            pq.write_table(verdicts.replace_schema_metadata({"stumble": text}), folder / _VERDICTS)
        self._failure(shard).unlink(missing_ok=True)

    def fail(self, shard: Shard, error: BaseException) -> None:
        """Keep why a shard could not be done."""
        text = "".join(traceback.format_exception(error))
        described = str(error) or type(error).__name__
        self._write(self._failure(shard), {"error": described, "traceback": text})

    def verdicts(self, shard: Shard) -> pa.Table:
        """The judge's table. Raises DataError where it is damaged."""
        file = self._of(shard) / _VERDICTS
        with reading(file, _SHARD), pq.ParquetFile(file) as stored:
            self._record(shard, stored.schema_arrow)
            return stored.read().replace_schema_metadata(None)

    def provenance(self, shard: Shard) -> dict[str, Any]:
        """What made a shard: seconds, host, process, versions. Raises DataError where it was cut off."""
        file = self._of(shard) / _VERDICTS
        with reading(file, _SHARD):
            made: dict[str, Any] = self._record(shard, pq.read_schema(file))["provenance"]
        return made

    def samples(self, shard: Shard) -> Path:
        """The folder of its adversarial sequences."""
        return self._of(shard) / "samples"

    def _difference(self, cells: tuple[Cell, ...]) -> str:
        """Between the cells that are there and others: "seed 1, not 2"."""
        there = {str(cell.entry): cell for cell in self.cells()}
        for cell in cells:
            found = there.get(str(cell.entry))
            if found is not None and found.id != cell.id:
                return "; ".join(differences(found.specification, cell.specification)[:3])
        names = {str(cell.entry) for cell in cells}
        return f"{min(there.keys() ^ names)} is in one of them only"

    def _record(self, shard: Shard, schema: pa.Schema) -> dict[str, Any]:
        """What stands in the metadata of its verdicts, at the end of the file: one that was cut off has none."""
        found: dict[str, Any] = json.loads(schema.metadata[b"stumble"])
        if (found.get("cell"), found.get("shard")) != (shard.cell, shard.number):
            name = f"the shard {found.get('cell')}/{found.get('shard')}"
            raise DataError(self._of(shard) / _VERDICTS, name, str(shard))
        return found

    def _of(self, shard: Shard) -> Path:
        return self.root / _CELLS / shard.cell / f"{shard.number:04d}"

    def _failure(self, shard: Shard) -> Path:
        return self._of(shard).with_suffix(".failed.json")

    def _cell(self, file: Path) -> Cell:
        found = self._read(file)
        with reading(file, _EXPECTED):
            cell = Cell(**{**found, "entry": Entry(**found["entry"]), "samples": tuple(found["samples"])})
        if cell.id != file.parent.name:
            raise DataError(file, f"a cell whose specification is {cell.id}", file.parent.name)
        return cell

    @staticmethod
    def _read(file: Path) -> dict[str, Any]:
        with reading(file, _EXPECTED):
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return content

    @staticmethod
    def _write(file: Path, content: object) -> None:
        with whole_file(file) as temporary:
            temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    @staticmethod
    @contextmanager
    def _lock(file: Path, wait: bool) -> Iterator[None]:
        lock = FileLock(file, timeout=-1 if wait else 0, mode=0o644 if os.name != "nt" else 0o666)
        with storing(file):
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
