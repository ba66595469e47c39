"""`stumble data synth actions`"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stumble.cli.progress import progress
from stumble.errors import SpecError
from stumble.synth.action_dataset import write_actions
from stumble.synth.action_library import ACTIONS
from stumble.synth.actions import SMALL
from stumble.synth.actors import REPLICATIONS, Actors

__all__ = ["synth_actions"]


def synth_actions(
    *,
    out: Path,
    subjects: int = 124,
    first: int = 1,
    format: Literal["arrays", "skeleton"] = "arrays",
    replications: int = REPLICATIONS,
    size: tuple[float, float] = SMALL,
    seed: int = 1,
) -> None:
    """Make synthetic skeleton actions: people who act before three depth cameras, as in NTU RGB+D.

    Person k acts the same whoever else does. An interrupted run is resumed by running it again; with
    `--format skeleton` people are added that way too.

    Example:
        stumble data synth actions --out actions
        stumble data synth actions --out few --first 125 --subjects 10 --format skeleton

    Args:
        out: folder to write to.
        subjects: how many people.
        first: number of the first person. 1 to 74 are for training, 75 to 124 for testing, others for choosing.
        format: "arrays", all_data.npy and all_label.pkl as ST-GCN reads them; "skeleton", NTU's text files.
        replications: how often each person does each action; odd ones towards camera 2, even ones towards camera 3.
        size: of the movements, the least and the most as shares of the whole ones, such as [0.3,1].
        seed: of the whole world of actors.
    """
    for name, value in (("subjects", subjects), ("first", first), ("replications", replications)):
        if not 1 <= value <= 999:
            raise SpecError(f"--{name} is {value}; expected 1 to 999")
    if not 0 < size[0] <= size[1] <= 1:
        raise SpecError(f"--size is {list(size)}; expected two shares of the whole movement such as [0.1,0.35]")
    numbers = range(first, first + subjects)
    if numbers[-1] > 999:
        raise SpecError(f"--first {first} --subjects {subjects}: person {numbers[-1]}; the last possible is 999")
    with progress("people") as report:
        write_actions(out, numbers, Actors(seed, size=size), format, replications, lambda done: report(done, subjects))
    print(f"{out}: {subjects} people, {len(ACTIONS)} actions, {replications} replications, 3 cameras")
