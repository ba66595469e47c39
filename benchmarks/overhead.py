"""What attacks on ST-GCN cost beyond the network's own forward and backward, and how near that is to the limit.

    python benchmarks/overhead.py docs

Writes DOCS/overhead.md: seconds per iteration of one step, PGD and CIASA (all losses, the shipped discriminator, the
default projection) against a bare loop over the frozen network, on clips of 64 frames of one person; and the
multiply-accumulates of such an iteration against what convolutions and matrix products reach on this machine in the
same run. All ways take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from incremental import machine
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from stumble.attacks import CIASA, JointPGD, OneStep
from stumble.campaign import ActionEvaluation
from stumble.constraints import JointBudget
from stumble.data.whole_files import whole_file
from stumble.interfaces import Output, SkeletonAttack, SkeletonTarget
from stumble.objectives import CrossEntropy
from stumble.priors.discriminators import Frozen
from stumble.sequences import Skeletons
from stumble.synth import Actors
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

REPEATS, STEPS = 5, 10
BUDGET = JointBudget(0.012)
BARE, COMPILED = "forward and backward alone", "the same by torch.compile"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--quick", action="store_true", help="one clip, once, to see that it runs")
    given = parser.parse_args()
    keep_freed_memory()
    clips, repeats = (1, 1) if given.quick else (given.clips, REPEATS)
    text = page(clips, *measure(clips, repeats, given.quick))
    with whole_file(given.docs / "overhead.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(text)


def measure(clips: int, repeats: int, quick: bool) -> tuple[dict[str, float], dict[str, float], float]:
    """Seconds per iteration of each way, operations per second of the machine, operations of one iteration."""
    target = Shipped("stgcn-synthetic-xsub").load()
    assert isinstance(target, SkeletonTarget)
    compiled = torch.compile(target)
    data = Actors().data(range(125, 135))
    evaluation = ActionEvaluation.prepare(target, data)
    whole = [clip for clip in data.clips if data.load(clip).positions.shape[1] == 64][:clips]
    batch, goal = data.batch(whole), evaluation.goal("least-likely", whole)

    def loop(answer: Callable[[Skeletons], Output], steps: int = STEPS) -> None:
        joints = batch.joints
        for _ in range(steps):
            joints = joints.detach().requires_grad_()
            loss = CrossEntropy()(answer(batch.moved(joints)), goal).sum()
            torch.autograd.grad(loss, joints)

    def attacked(attack: SkeletonAttack) -> Callable[[], object]:
        return lambda: attack(target, batch, goal, seed=0)

    ciasa = CIASA(BUDGET, Frozen(Shipped("bone-angles-synthetic")), iterations=STEPS)
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        BARE: (STEPS, lambda: loop(target)),
        COMPILED: (STEPS, lambda: loop(compiled)),
        "one step": (1, attacked(OneStep(BUDGET))),
        "PGD": (STEPS, attacked(JointPGD(BUDGET, iterations=STEPS))),
        "CIASA, prediction alone, box": (STEPS, attacked(replace(ciasa, prior=None, smooth=False, projection="box"))),
        "CIASA, prediction alone": (STEPS, attacked(replace(ciasa, prior=None, smooth=False))),
        "CIASA": (STEPS, attacked(ciasa)),
    }
    x = torch.randn(clips, 64, 64, 44).contiguous(memory_format=torch.channels_last)
    kernel, square = torch.randn(64, 64, 3, 3).contiguous(memory_format=torch.channels_last), torch.randn(1024, 1024)
    limits: dict[str, tuple[float, Callable[[], object]]] = {
        "convolutions": (2.0 * 9 * 64 * x.numel(), lambda: functional.conv2d(x, kernel, padding=1)),
        "matrix products": (2.0 * 1024**3, lambda: square @ square),
    }
    if quick:
        del ways[COMPILED]
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, *limits)}
    for _ in range(repeats + 1):  # the first one warms up
        for name, (steps, run) in ways.items():
            seconds[name].append(timed(run) / steps)
        with torch.no_grad():
            for name, (_, product) in limits.items():
                seconds[name].append(timed(product))
    figures = {name: median(values[1:]) for name, values in seconds.items()}
    with FlopCounterMode(display=False) as counter:
        loop(target, 1)
    reached = {name: operations / figures.pop(name) for name, (operations, _) in limits.items()}
    return figures, reached, float(counter.get_total_flops())


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def page(clips: int, seconds: dict[str, float], reached: dict[str, float], operations: float) -> str:
    bare = seconds[BARE]
    rows = "\n".join(
        f"| {name} | {1e3 * value:.0f} | {1e3 * value / clips:.1f} | {value / bare:.2f} |"
        for name, value in seconds.items()
    )
    peaks = "\n".join(
        f"| {name} | {value / 2e9:.0f} | {100 * operations / bare / value:.0f} |" for name, value in reached.items()
    )
    return f"""# What attacks on ST-GCN cost

{clips} clips of one person and 64 frames, shipped ST-GCN, float32, parameters frozen. Medians of {REPEATS} runs, which
take turns, after one that warms up and compiles; what an attack does before and after its iterations is in its figure.

| per iteration | ms | ms a clip | times the bare one |
|---|---:|---:|---:|
{rows}

One iteration takes {operations / 2e9:.1f} billion multiply-accumulates (forward and backward). What the machine reached
in the same run, and how much of it the bare iteration makes use of:

| | billion multiply-accumulates a second | used, % |
|---|---:|---:|
{peaks}

Measured with `python benchmarks/overhead.py docs` on {machine()}.
"""


if __name__ == "__main__":
    main()
