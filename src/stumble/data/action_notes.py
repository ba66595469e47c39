"""What `stumble.json` beside skeleton actions says about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stumble.data.damage import reading
from stumble.data.trees import NOTE
from stumble.data.whole_files import whole_file
from stumble.errors import DataError
from stumble.layouts import NTU25, OPENPOSE18, Layout

__all__ = ["LAYOUTS", "ActionNote", "layout_with"]

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (NTU25, OPENPOSE18)}

EXPECTED = (
    f'a JSON object with "synthetic": true or false, "classes": a list of names, "layout": one of {", ".join(LAYOUTS)}'
)


@dataclass(frozen=True)
class ActionNote:
    """The note of a data set of skeleton actions. Data sets made elsewhere have none: these defaults.

    Attributes:
        synthetic: the people are made up.
        classes: the names of the classes, by label; empty where the format's own names count.
        layout: the name of the joints' layout; empty where their number tells.
        facts: everything else it says, such as the generator and its settings.
    """

    synthetic: bool = False
    classes: tuple[str, ...] = ()
    layout: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> ActionNote:
        """The note in a folder. Raises DataError where it is no JSON object or has a wrong value."""
        path = folder / NOTE
        if not path.exists():
            return cls()
        with reading(path, EXPECTED):
            facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise DataError(path, type(facts).__name__, EXPECTED)
        synthetic, classes, layout = facts.pop("synthetic", False), facts.pop("classes", []), facts.pop("layout", "")
        named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not isinstance(synthetic, bool) or not named or layout not in ("", *LAYOUTS):
            found = f'"synthetic": {synthetic!r}, "classes": {str(classes)[:60]}, "layout": {layout!r}'
            raise DataError(path, found, EXPECTED)
        return cls(synthetic, tuple(classes), layout, facts)

    def write(self, folder: Path) -> None:
        """Writes the note into a folder, whole or not at all."""
        known = {"synthetic": self.synthetic, "classes": list(self.classes), "layout": self.layout}
        with whole_file(folder / NOTE) as temporary:
            temporary.write_text(json.dumps({**known, **self.facts}, indent=2) + "\n", encoding="utf-8")


def layout_with(joints: int, where: Path, note: ActionNote) -> Layout:
    """The layout that has as many joints. Raises DataError where there is none, or the note names another."""
    fitting = [layout for layout in LAYOUTS.values() if len(layout) == joints and note.layout in ("", layout.name)]
    if not fitting:
        known = [layout for layout in LAYOUTS.values() if note.layout in ("", layout.name)]
        expected = " or ".join(f"{len(layout)} ({layout.name})" for layout in known)
        raise DataError(where, f"{joints} joints", expected)
    return fitting[0]
