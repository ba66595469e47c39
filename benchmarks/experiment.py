"""How long the temporal sparse paper's whole white-box experiment takes, from a sample of its sequences.

    stumble data synth gait --subjects 6 --first 75 --out walkers
    python benchmarks/experiment.py walkers docs

Writes DOCS/experiment.md. Whole sequences, 100 steps, the shipped GaitSet and generator: what is timed is everything
from reading a probe to its verdict.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from incremental import machine

from stumble.attacks import TemporalSparse
from stumble.campaign import GaitEvaluation
from stumble.constraints import Sparsity
from stumble.data import open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Target
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

NORMAL, ALL = 50 * 11 * 2, 50 * 11 * 6
"""Probes of CASIA-B's 50 test people in 11 views: normal walking; and with bags and coats."""


@dataclass(frozen=True)
class Part:
    """A table or a figure of the paper at one sparsity.

    Attributes:
        sequences: that the paper attacks for it.
    """

    where: str
    goal: str
    sparsity: float
    sequences: int


PARTS = (
    *(Part("Table II", "targeted", share, ALL) for share in (1 / 40, 1 / 20, 1 / 10)),
    Part("Table III", "targeted", 1 / 5, NORMAL),
    *(Part("Fig. 4", "untargeted", share, ALL) for share in (1 / 40, 1 / 20, 1 / 10)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--sequences", type=int, default=24, help="how large the sample is")
    parser.add_argument("--quick", action="store_true", help="one sequence and one step, to see that it runs")
    given = parser.parse_args()
    keep_freed_memory()
    target, data = Shipped("gaitset-synthetic").load(), open_gait(given.data)
    assert isinstance(target, Target)
    evaluation = GaitEvaluation.prepare(target, data, subjects=data.subjects)
    evaluation = evaluation.select(limit=1 if given.quick else given.sequences)
    frames = sum(len(data.load(key)) for key in evaluation.probes) / len(evaluation.probes)
    seconds = [timed(evaluation, part, 1 if given.quick else 100) for part in PARTS]
    with whole_file(given.docs / "experiment.md") as temporary:
        temporary.write_text(page(len(evaluation.probes), frames, seconds), encoding="utf-8")
    print(f"{given.docs / 'experiment.md'}: {len(PARTS)} rows")


def timed(evaluation: GaitEvaluation, part: Part, steps: int) -> float:
    """Seconds per sequence."""
    attack = TemporalSparse(Shipped("wgan-synthetic"), budget=Sparsity(part.sparsity), iterations=steps)
    goal = "targeted" if part.goal == "targeted" else "untargeted"
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        evaluation.attack(attack, goal, Path(folder))
    seconds = (time.perf_counter() - began) / len(evaluation.probes)
    print(f"{part.where}, {part.goal}, {part.sparsity:g}: {seconds:.2f} s a sequence", flush=True)
    return seconds


def page(sample: int, frames: float, seconds: list[float]) -> str:
    hours = [part.sequences * each / 3600 for part, each in zip(PARTS, seconds, strict=True)]
    rows = "\n".join(
        f"| {part.where} | {part.goal} | 1/{round(1 / part.sparsity)} | {part.sequences:,} | {each:.2f} | {total:.1f} |"
        for part, each, total in zip(PARTS, seconds, hours, strict=True)
    )
    return f"""# How long the whole white-box experiment takes

He, Wang, Dong and Tan attack GaitSet on CASIA-B's 50 test people: 11 views, 6 probes in each, 2 of them in normal
walking, so 50 × 11 × 6 = {ALL:,} sequences or {NORMAL:,}; 100 steps each. Timed here on {sample} synthetic probes of
{frames:.0f} frames on average, drawn at random, from reading to verdict, in batches of 1 GiB; seconds a sequence times
sequences is the whole.

| | goal | sparsity | sequences | seconds a sequence, measured | hours, extrapolated |
|---|---|---:|---:|---:|---:|
{rows}
| together | | | {sum(part.sequences for part in PARTS):,} | | **{sum(hours):.1f}** |

Measured with `python benchmarks/experiment.py walkers docs --sequences {sample}` on {machine()}.
"""


if __name__ == "__main__":
    main()
