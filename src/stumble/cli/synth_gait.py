"""`stumble data synth gait`"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stumble.campaign.choices import listed
from stumble.cli.progress import progress
from stumble.data.gait import ProtocolName
from stumble.data.splits import PROTOCOLS
from stumble.errors import SpecError
from stumble.synth.dataset import write_walkers
from stumble.synth.walkers import Walkers

__all__ = ["synth_gait"]


def synth_gait(
    *,
    out: Path,
    protocol: ProtocolName = "casia-b",
    subjects: int | None = None,
    first: int = 1,
    format: Literal["npz", "png"] = "npz",
    views: str | None = None,
    conditions: str | None = None,
    workers: int = 2,
    seed: int = 1,
) -> None:
    """Render synthetic walkers: a data set with the people, conditions and views of CASIA-B or of CASIA-A.

    The second is another recording, to attack what was trained on the first: other people, a01 onwards, from another
    population, past another camera.

    Person k is the same whatever else is rendered, and walks that are already there are kept: an interrupted run is
    resumed, and people are added, by running it again.

    Example:
        stumble data synth gait --out walkers
        stumble data synth gait --out walkers --first 125 --subjects 10 --views 000,054,090,126
        stumble data synth gait --protocol casia-a --out others

    Args:
        out: folder to write to.
        protocol: whose people, conditions and views.
        subjects: how many people; 124 for casia-b and 20 for casia-a by default.
        first: number of the first person. CASIA-B trains on 1 to 74 and tests 75 to 124.
        format: "npz", pretreated compressed arrays; "png", raw images in the tree of CASIA-B or CASIA-A.
        views: which of 000,018,…,180, or of 00,45,90; all by default.
        conditions: which of nm-01,…,nm-06,bg-01,bg-02,cl-01,cl-02, or of nm-01,…,nm-04; all by default.
        workers: processes.
        seed: of the whole world of walkers.
    """
    people = PROTOCOLS[protocol].people if subjects is None else subjects
    for name, value in (("subjects", people), ("first", first), ("workers", workers)):
        if value < 1:
            raise SpecError(f"--{name} is {value}; expected at least 1")
    walkers = Walkers.second(seed) if protocol == "casia-a" else Walkers(seed)
    chosen = listed(conditions, walkers.conditions, "condition") or walkers.conditions
    angles = listed(views, walkers.views, "view") or walkers.views
    numbers = range(first, first + people)
    total = len(numbers) * len(chosen)
    with progress("walks") as report:
        write_walkers(out, numbers, walkers, format, chosen, angles, workers, lambda done: report(done, total))
    print(f"{out}: {people} people, {len(chosen)} conditions, {len(angles)} views")
