"""What is written beside verdicts and certificates: what was run, with what result, and what made it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from stumble import __version__
from stumble.spec import identity, to_plain

__all__ = ["provenance", "write_attack", "write_certificates", "write_defences"]


def provenance(command_line: str, began: float | None = None) -> dict[str, object]:
    """What made a result; no part of its identity.

    Args:
        began: `time.perf_counter()` when the work began, for the seconds that it took.
    """
    made: dict[str, object] = {
        "version": __version__,
        "command": command_line,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    return made if began is None else {**made, "seconds": round(time.perf_counter() - began, 1)}


def write_attack(
    folder: Path,
    verdicts: pa.Table,
    specification: Mapping[str, object],
    provenance: Mapping[str, object],
    **parts: object,
) -> None:
    """Write verdicts.parquet, whose schema holds the record, and the record itself as attack.json.

    Args:
        specification: everything that the verdicts depend on; its hash is the attack's identity.
        parts: plain data to write between identity and provenance.
    """
    _write(folder, "attack.json", "verdicts.parquet", verdicts, specification, {**parts, "provenance": provenance})


def write_certificates(
    folder: Path,
    certificates: pa.Table,
    specification: Mapping[str, object],
    provenance: Mapping[str, object],
    **parts: object,
) -> None:
    """Write certificates.parquet and certify.json, as `write_attack` does."""
    rest = {**parts, "provenance": provenance}
    _write(folder, "certify.json", "certificates.parquet", certificates, specification, rest)


def write_defences(
    folder: Path,
    decisions: pa.Table,
    specification: Mapping[str, object],
    provenance: Mapping[str, object],
    **parts: object,
) -> None:
    """Write defences.parquet and defences.json, as `write_attack` does."""
    rest = {**parts, "provenance": provenance}
    _write(folder, "defences.json", "defences.parquet", decisions, specification, rest)


def _write(
    folder: Path,
    record: str,
    rows: str,
    table: pa.Table,
    specification: Mapping[str, object],
    rest: Mapping[str, object],
) -> None:
    found = {"specification": to_plain(specification), "identity": identity(specification), **rest}
    text = json.dumps(found, indent=2, allow_nan=False)
    pq.write_table(table.replace_schema_metadata({"stumble": text}), folder / rows)
    (folder / record).write_text(text + "\n", encoding="utf-8")
