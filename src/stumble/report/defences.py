"""The table of defences as a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from stumble import __version__
from stumble.campaign.defended import DefenceRow, Share, tried
from stumble.report.parts import environment

__all__ = ["defences_page"]


def defences_page(
    rows: Sequence[DefenceRow], what: str, synthetic: bool, alarms: Mapping[str, Share], command: str
) -> str:
    """The page as HTML. Rows that contradict themselves are red, and stand at its head.

    Args:
        rows: those of one attack size after the other.
        what: which recogniser and data.
        synthetic: whether the people are made up.
        alarms: by defence, clean frames that are refused.
        command: what made it.
    """
    templates = environment()
    assert templates.loader is not None
    within, broken = tried(rows)
    return templates.get_template("defences.html").render(
        groups=[list(group) for _, group in groupby(rows, lambda row: row.budget)],
        rows=rows,
        wrong=[row for row in rows if row.contradiction],
        what=what,
        synthetic=synthetic,
        alarms=alarms,
        sizes=sorted({(row.sequences, row.decisions) for row in rows}),
        within=within,
        broken=broken,
        confidence=min((row.confidence for row in rows), default=1.0),
        command=command,
        version=__version__,
        style=templates.loader.get_source(templates, "style.css")[0],
    )
