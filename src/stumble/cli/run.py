"""`stumble run`"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from stumble.campaign.batching import MEMORY
from stumble.campaign.presets import PRESETS
from stumble.errors import SpecError

__all__ = ["run"]


def run(
    plan: str,
    *,
    out: Path,
    executor: Literal["local", "ray"] = "local",
    workers: int | None = None,
    address: str | None = None,
    limit: int | None = None,
    model: str | None = None,
    data: Path | None = None,
    split: str | None = None,
    subjects: str | None = None,
    iterations: int = 100,
    seed: int = 1,
    memory: float = MEMORY / 2**30,
    command_line: str,
) -> int:
    """Run a plan of attacks, or regenerate a table or a figure of a paper with the paper's values beside ours.

    A plan is a YAML file: benches (a recogniser with its data), attacks, goals and seeds; every combination is a cell.
    Cells are cut into shards, which worker processes attack, judge and store one by one. Interrupted, killed or
    stopped by a full disk, the same command goes on where it was; run twice at once, both share the work. See
    `stumble status`, `judge` and `export`.
        benches:
          gaitset: {class_path: GaitBench, init_args: {model: gaitset-synthetic, data: walkers, limit: 240}}
        attacks:
          one-frame:
            class_path: TemporalSparse
            init_args:
              prior: {class_path: Shipped, init_args: {name: wgan-synthetic}}
              budget: {class_path: Sparsity, init_args: {frames: 1}}
          random-generated:
            class_path: RandomFrames
            init_args:
              prior: {class_path: Shipped, init_args: {name: wgan-synthetic}}
              budget: {class_path: Sparsity, init_args: {frames: 1}}
        goals: [untargeted, targeted]
        seeds: [1, 2]
    Presets: preset:ciasa-fig2 is one step against epsilon, -table1 the basic mode, -table2 regions of the body, -table4
    what each constraint costs, -table5 the weight lambda, preset:ciasa-failures the clips that held out. OUT gets a
    folder for every row in rows/, result.json, table.md and, of curve and failures, figure.svg. Rows that are there
    already are kept.

    Example:
        stumble run plan.yaml --out out/grid --workers 2
        stumble run preset:ciasa-table1 --model stgcn-synthetic-xsub --data actions --split synthetic-xsub \\
            --out out/table1 --limit 64
        stumble run preset:ciasa-table4 --model st_gcn.ntu-xview.pt --data ntu60 --split ntu60-xview --out out/table4

    Args:
        plan: a YAML file, or preset:NAME.
        out: folder to write to.
        executor: of a plan: "local", processes on this machine; "ray", tasks on a Ray cluster (needs stumble[ray]).
        workers: of the local executor: processes; by default as many as processors and the plan's threads allow.
        address: of the Ray cluster, such as auto; by default one is started on this machine.
        limit: attack so many sequences of each bench, drawn at random, always the same ones; all by default.
        model: of a preset: name of shipped weights, or a checkpoint; see `stumble attack actions`.
        data: of a preset: folder or file of skeleton actions.
        split: of a preset: attack the clips that this split tests, such as ntu60-xview; all by default. It also says
            which of the paper's columns to compare with, and whose poses discriminators that learn along are shown.
        subjects: of a preset: whose clips, such as 75-94; all by default.
        iterations: of a preset's CIASA; the paper does not state its number.
        seed: of a preset's attacks.
        memory: of a preset: GiB that the graph of one batch may take; results do not depend on it.
    """
    scheme, colon, name = plan.partition(":")
    if scheme == "preset" and colon:
        from stumble.cli.run_preset import run_preset

        if model is None or data is None:
            raise SpecError(f"{plan}: found no {'--model' if model is None else '--data'}; a preset needs both")
        run_preset(
            name,
            model=model,
            data=data,
            out=out,
            split=split,
            subjects=subjects,
            limit=limit,
            iterations=iterations,
            seed=seed,
            memory=memory,
            command_line=command_line,
        )
        return 0
    if not Path(plan).is_file():
        close = get_close_matches(plan, [f"preset:{known}" for known in PRESETS], 1, cutoff=0)
        raise SpecError(f"found {plan!r} to run; expected a YAML file or preset:NAME, such as {close[0]!r}")
    if model is not None or data is not None:
        raise SpecError(f"{plan}: model and data are in the plan; --model and --data are for presets")
    from stumble.cli.run_plan import run_plan

    return run_plan(Path(plan), out, executor, workers, address, limit, command_line)
