"""`stumble data synth gait`"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stumble.campaign.choices import listed
from stumble.cli.progress import progress
from stumble.errors import SpecError
from stumble.synth.dataset import write_walkers
from stumble.synth.walkers import CONDITIONS, VIEWS, Walkers

__all__ = ["synth_gait"]


def synth_gait(
    *,
    out: Path,
    subjects: int = 124,
    first: int = 1,
    format: Literal["npz", "png"] = "npz",
    views: str | None = None,
    conditions: str | None = None,
    workers: int = 2,
    seed: int = 1,
) -> None:
    """Render synthetic walkers: a data set with the people, conditions and views of CASIA-B.

    Person k is the same whatever else is rendered, and walks that are already there are kept: an interrupted run is
    resumed, and people are added, by running it again.

    Example:
        stumble data synth gait --out walkers
        stumble data synth gait --out walkers --first 125 --subjects 10 --views 000,054,090,126

    Args:
        out: folder to write to.
        subjects: how many people.
        first: number of the first person. CASIA-B trains on 1 to 74 and tests 75 to 124.
        format: "npz", pretreated compressed arrays; "png", raw images in CASIA-B's own tree.
        views: which of 000,018,…,180; all by default.
        conditions: which of nm-01,…,nm-06,bg-01,bg-02,cl-01,cl-02; all by default.
        workers: processes.
        seed: of the whole world of walkers.
    """
    for name, value in (("subjects", subjects), ("first", first), ("workers", workers)):
        if value < 1:
            raise SpecError(f"--{name} is {value}; expected at least 1")
    chosen = listed(conditions, CONDITIONS, "condition") or CONDITIONS
    angles = listed(views, VIEWS, "view") or VIEWS
    numbers = range(first, first + subjects)
    total = len(numbers) * len(chosen)
    with progress("walks") as report:
        write_walkers(out, numbers, Walkers(seed), format, chosen, angles, workers, lambda done: report(done, total))
    print(f"{out}: {subjects} people, {len(chosen)} conditions, {len(angles)} views")
