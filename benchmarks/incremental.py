"""What an iteration of the temporal sparse attack costs: clean frames once, against all frames every time.

    python benchmarks/incremental.py docs

Writes DOCS/incremental.md: seconds and peak memory per iteration against the length of the sequences, the number of
altered frames and the batch, on random silhouettes and the shipped networks at full size. Each figure is measured in a
process of its own; plain and incremental runs alternate.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from stumble import __version__
from stumble.attacks import TemporalSparse
from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.temporal_sparse import prior_of
from stumble.constraints import First, Sparsity
from stumble.data.whole_files import whole_file
from stumble.interfaces import Goal, SetPooled
from stumble.sequences import Silhouettes
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--quick", action="store_true", help="one short sequence, to see that it runs")
    parser.add_argument("--one", nargs=3, type=int, metavar=("N", "K", "B"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one, repeats=1 if given.quick else REPEATS)))
        return
    cells = [(8, 1, 1)] if given.quick else list(grid())
    rows = [in_a_process(*cell, quick=given.quick) for cell in cells]
    with whole_file(given.docs / "incremental.md") as temporary:
        temporary.write_text(page(rows), encoding="utf-8")
    print(f"{given.docs / 'incremental.md'}: {len(rows)} rows")


def grid() -> Iterator[tuple[int, int, int]]:
    """Frames, altered frames, sequences: one of them varied at a time."""
    yield from ((frames, 1, 4) for frames in (20, 40, 100, 200))
    yield from ((40, altered, 4) for altered in (2, 4, 8))
    yield from ((40, 1, batch) for batch in (1, 16))


def in_a_process(frames: int, altered: int, batch: int, quick: bool) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", str(frames), str(altered), str(batch), *["--quick"] * quick]
    row: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(row, flush=True)
    return row


def measure(frames: int, altered: int, batch: int, repeats: int) -> dict[str, float]:
    """Medians over the repeats; the three ways take turns."""
    keep_freed_memory()
    target, prior = Shipped("gaitset-synthetic").load(), Shipped("wgan-synthetic")
    assert isinstance(target, SetPooled)
    levels = torch.randint(0, 256, (batch, frames, 64, 44), generator=torch.Generator().manual_seed(0))
    clean = Silhouettes(levels.byte(), torch.full((batch,), frames), tuple(str(k) for k in range(batch)))
    with torch.no_grad():
        goal = Goal("untargeted", torch.zeros(batch, dtype=torch.int64), None, target(clean).embedding)
    attack = TemporalSparse(prior, budget=Sparsity(frames=altered))
    scene = FrameEdit(target, clean, "alter", Sparsity(frames=altered), First(), 0)
    pixels = torch.rand(batch * altered, 64, 44)

    generator = prior_of(prior)

    def bare() -> None:
        """The networks' own work on the altered frames, by hand."""
        latents = generator.to_prior(torch.randn(len(pixels), generator.latent_dim))
        for _ in range(10):
            latents = latents.detach().requires_grad_()
            made = generator.generate(latents)
            loss = attack.objective(scene.output(made), goal).sum() + generator.plausibility_logit(made).sum()
            torch.autograd.grad(loss, latents)

    def unfrozen() -> None:
        """Every frame in the graph, and every weight collecting gradients: what a loop without any care does."""
        network = Shipped("gaitset-synthetic").load().requires_grad_(True)
        assert isinstance(network, SetPooled)
        made = generator.generate(generator.to_prior(torch.randn(len(pixels), generator.latent_dim)).requires_grad_())
        loss = attack.objective(network(scene.sequences(made)), goal).sum() + generator.plausibility_logit(made).sum()
        loss.backward()

    def forward(answer: Callable[[torch.Tensor], object]) -> None:
        made = generator.generate(torch.randn(len(pixels), generator.latent_dim))
        generator.plausibility_logit(made)
        answer(made)

    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "incremental": (10, lambda: replace(attack, iterations=10)(target, clean, goal, seed=0)),
        "prepared": (10, lambda: replace(attack, iterations=0)(target, clean, goal, seed=0)),
        "bare": (10, bare),
        "plain": (1, lambda: replace(attack, iterations=1, incremental=False)(target, clean, goal, seed=0)),
        "unfrozen": (1, unfrozen),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    peak: dict[str, float] = {}
    for _ in range(repeats + 1):  # the first one warms up
        for name, (steps, run) in ways.items():
            forget_peak()
            before = memory("VmRSS")
            began = time.perf_counter()
            run()
            seconds[name].append((time.perf_counter() - began) / steps)
            peak[name] = max(peak.get(name, 0.0), memory("VmHWM") - before)
    figures = {name: median(values[1:] or values) for name, values in seconds.items()}
    step = figures["incremental"] - figures["prepared"]
    return {
        "frames": frames,
        "altered": altered,
        "batch": batch,
        "plain": figures["plain"],
        "incremental": step,
        "faster": figures["plain"] / step,
        "faster_unfrozen": figures["unfrozen"] / step,
        "unfrozen": figures["unfrozen"],
        "fewer": work(lambda: forward(lambda made: target(scene.sequences(made))))
        / work(lambda: forward(scene.output)),
        "outside": 100 * (1 - figures["bare"] / step),
        "memory_plain": peak["plain"],
        "memory_incremental": peak["incremental"],
    }


def work(run: Callable[[], object]) -> float:
    """Multiply-accumulates of convolutions and matrix products."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 2


def memory(field: str) -> float:
    """Of this process, in MiB: "VmRSS" what it holds, "VmHWM" at most since `forget_peak`. On Linux; 0 elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def forget_peak() -> None:
    """Give back what is freed, and let the peak begin at what the process holds."""
    with suppress(OSError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def page(rows: list[dict[str, float]]) -> str:
    lines = [
        f"| {r['frames']:.0f} | {r['altered']:.0f} | {r['batch']:.0f} | {1e3 * r['unfrozen']:.0f} | "
        f"{1e3 * r['plain']:.0f} | {1e3 * r['incremental']:.1f} | {r['faster_unfrozen']:.0f} | {r['faster']:.0f} | "
        f"{r['fewer']:.1f} | {round(r['outside'])} | {r['memory_plain']:.0f} | {r['memory_incremental']:.0f} |"
        for r in rows
    ]
    table = "\n".join(lines)
    return f"""# What an iteration of the temporal sparse attack costs

GaitSet and the generator at full size, float32, random silhouettes. *Unfrozen* is a loop without any care: every frame
of every sequence in the graph, and every weight collecting its gradient. *Plain* runs all frames too, with weights
frozen. *Incremental* encodes the clean frames once and reduces them to their maxima, so that an iteration costs the
altered frames alone, however long the sequence is. Medians of {REPEATS} runs of 10 iterations (the others: 1), which
take turns, after one run that warms up; each row in a process of its own.

| frames N | altered K | sequences | unfrozen, ms | plain, ms | incremental, ms | times faster than unfrozen | \
than plain | times fewer multiply-accumulates than plain | outside the networks, % | peak plain, MiB | \
peak incremental, MiB |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{table}

*Multiply-accumulates* are counted in convolutions and matrix products, forward (backward is as many again): generator,
critic and GaitSet's head, which every iteration needs, are why they fall by less than N / K. *Outside the networks*:
the share of an iteration that is not generator, critic, frame network, pooling and head, forward and backward. *Peak*:
what the process took at most beyond what it had before, encoding of the clean frames included.

Measured with `python benchmarks/incremental.py docs` on {machine()}.
"""


def machine() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    cpu = Path("/proc/cpuinfo")
    names = (
        [line.partition(": ")[2] for line in cpu.read_text().splitlines() if line.startswith("model name")]
        if cpu.exists()
        else []
    )
    name = names[0] if names else platform.processor() or platform.machine()
    code = f"torch {torch.__version__}, stumble {__version__} at {commit.stdout.strip() or 'no commit'}"
    return f"{name}, {torch.get_num_threads()} threads, {platform.system()}, {code}"


if __name__ == "__main__":
    main()
