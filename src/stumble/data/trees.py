"""The tree that CASIA-B and everything made from it share: subject/condition/view, with a note at the root."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from stumble.data.damage import reading
from stumble.data.gait import ProtocolName, SequenceKey
from stumble.data.whole_files import whole_file
from stumble.errors import DataError

__all__ = ["NOTE", "Note", "files_in", "folder_of", "keys_with", "single_file", "subfolders", "view_folders"]

NOTE = "stumble.json"


@dataclass(frozen=True)
class Note:
    """What `stumble.json` at the root of a tree says about it. Trees made elsewhere have none: these defaults.

    Attributes:
        synthetic: the people are rendered.
        protocol: which published protocol the keys follow.
        facts: everything else it says, such as the generator and its settings.
    """

    synthetic: bool = False
    protocol: ProtocolName = "casia-b"
    facts: dict[str, Any] | None = None

    @classmethod
    def of(cls, root: Path) -> Note:
        """The note of a tree. Raises DataError where it is no JSON object or has a wrong value."""
        path = root / NOTE
        if not path.exists():
            return cls()
        expected = 'a JSON object with "synthetic": true or false and "protocol": "casia-b" or "casia-a"'
        with reading(path, expected):
            facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise DataError(path, type(facts).__name__, expected)
        synthetic, protocol = facts.pop("synthetic", False), facts.pop("protocol", "casia-b")
        if not isinstance(synthetic, bool) or protocol not in get_args(ProtocolName):
            raise DataError(path, f'"synthetic": {synthetic!r}, "protocol": {protocol!r}', expected)
        return cls(synthetic, protocol, facts)

    def write(self, root: Path) -> None:
        """Writes the note at the root of a tree, whole or not at all."""
        content = {"synthetic": self.synthetic, "protocol": self.protocol, **(self.facts or {})}
        with whole_file(root / NOTE) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def subfolders(folder: Path) -> list[Path]:
    """The folders directly inside, sorted by name; hidden ones left out."""
    with os.scandir(folder) as entries:
        return [folder / name for name in sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())]


def view_folders(root: Path) -> Iterator[tuple[SequenceKey, Path]]:
    """Every folder three levels below the root with the key that its path spells, sorted."""
    for subject in subfolders(root):
        for condition in subfolders(subject):
            for view in subfolders(condition):
                yield SequenceKey(subject.name, condition.name, view.name), view


def folder_of(root: Path, key: SequenceKey) -> Path:
    """Where the sequence of a key lies."""
    return root / key.subject / key.condition / key.view


def keys_with(root: Path, suffix: str) -> tuple[SequenceKey, ...]:
    """The keys whose folder holds a file of that suffix. Raises DataError where there is none."""
    with reading(root, f"a folder SUBJECT/CONDITION/VIEW with {suffix} files"):
        keys = tuple(key for key, folder in view_folders(root) if files_in(folder, suffix))
    if not keys:
        raise DataError(root, f"no {suffix} file", f"a folder SUBJECT/CONDITION/VIEW with {suffix} files")
    return keys


def files_in(folder: Path, suffix: str) -> list[Path]:
    """The files of that suffix directly inside, sorted by name; hidden ones left out."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if e.name.endswith(suffix) and not e.name.startswith("."))
    return [folder / name for name in names]


def single_file(folder: Path, suffix: str) -> Path:
    """`VIEW/VIEW.suffix`, or else the only file of that suffix in the folder. Raises DataError."""
    expected = f"{folder.name}{suffix} or a single {suffix} file"
    with reading(folder, expected):
        files = files_in(folder, suffix)
    named = folder / f"{folder.name}{suffix}"
    if named in files:
        return named
    if len(files) != 1:
        raise DataError(folder, f"{len(files)} {suffix} files", expected)
    return files[0]
