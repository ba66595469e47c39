"""What the machinery of a campaign costs: `stumble run` on a plan of one cell against `stumble attack`, which has none.

    stumble data synth gait --subjects 6 --first 75 --out walkers
    python benchmarks/campaign.py walkers docs

Writes DOCS/campaign.md. Both are whole processes from their start to their end, with one worker and one thread, and
take turns; as many sequences in the same batches, the same attack, judge and files. Seconds of processor time, which
other work on the machine disturbs little, stand beside those on the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from incremental import machine

from stumble.campaign.run_folder import RunFolder
from stumble.data.whole_files import whole_file

REPEATS = 3
STUMBLE = (sys.executable, "-m", "stumble")
PLAN = """
benches:
  gaitset: {{class_path: GaitBench, init_args: {{model: gaitset-synthetic, data: "{data}", limit: {limit}}}}}
attacks:
  one-frame:
    class_path: TemporalSparse
    init_args:
      prior: {{class_path: Shipped, init_args: {{name: wgan-synthetic}}}}
      iterations: {iterations}
shard: {limit}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--sequences", type=int, default=24, help="as many as take about a minute")
    parser.add_argument("--quick", action="store_true", help="two sequences, once, to see that it runs")
    given = parser.parse_args()
    sequences, iterations, repeats = (2, 1, 1) if given.quick else (given.sequences, 100, REPEATS)
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(given.data.absolute(), Path(folder), sequences, iterations, repeats)
    text = page(sequences, iterations, repeats, seconds)
    with whole_file(given.docs / "campaign.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(text)


def measure(data: Path, folder: Path, sequences: int, iterations: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Clock and processor seconds of either; and, of a campaign's shards, the clock's alone."""
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.format(data=data, limit=sequences, iterations=iterations), encoding="utf-8")
    alone = ["--model", "gaitset-synthetic", "--data", str(data), "--limit", str(sequences)]
    attack = ["--attack", "TemporalSparse", "--attack.prior", "wgan-synthetic", "--attack.iterations", str(iterations)]
    found: dict[str, list[tuple[float, float]]] = {"attack": [], "run": [], "shards": []}
    for repeat in range(repeats):
        out = folder / f"run{repeat}"
        found["attack"].append(timed("attack", *alone, *attack, "--out", str(folder / f"attack{repeat}")))
        found["run"].append(timed("run", str(plan), "--out", str(out), "--workers", "1"))
        run = RunFolder(out)
        shards = [shard for cell in run.cells() for shard in cell.shards]
        found["shards"].append((sum(float(run.provenance(shard)["seconds"]) for shard in shards), 0.0))
    return {name: (median(x for x, _ in all_of), median(y for _, y in all_of)) for name, all_of in found.items()}


def timed(*arguments: str) -> tuple[float, float]:
    """Seconds on the clock and of the processor, all processes together."""
    before, began = spent(), time.perf_counter()
    subprocess.run([*STUMBLE, *arguments], check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return time.perf_counter() - began, spent() - before


def spent() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def page(sequences: int, iterations: int, repeats: int, seconds: dict[str, tuple[float, float]]) -> str:
    (alone, alone_cpu), (run, run_cpu), (shards, _) = (seconds[name] for name in ("attack", "run", "shards"))

    def more(mine: float, theirs: float) -> str:
        return f"{mine - theirs:.1f} s, {100 * (mine - theirs) / theirs:.1f} %"

    rows: Sequence[tuple[str, str, str]] = (
        ("`stumble attack`", f"{alone:.1f}", f"{alone_cpu:.1f}"),
        ("`stumble run`, one cell", f"{run:.1f}", f"{run_cpu:.1f}"),
        ("more", more(run, alone), more(run_cpu, alone_cpu)),
        ("of `stumble run`: in the shards", f"{shards:.1f}", ""),
    )
    table = "\n".join(f"| {name} | {clock} | {processor} |" for name, clock, processor in rows)
    return f"""# What the machinery of a campaign costs

The temporal sparse attack on {sequences} synthetic probes of 40 frames, one altered frame, {iterations} steps, with and
without a plan, run folder, worker process, locks and shards. Medians of {repeats} runs that take turns; one worker, one
thread, whole processes from start to end. One shard, so that both take the same batches.

| | seconds on the clock | of the processor |
|---|---:|---:|
{table}

Measured with `python benchmarks/campaign.py walkers docs` on {machine()}.
"""


if __name__ == "__main__":
    main()
