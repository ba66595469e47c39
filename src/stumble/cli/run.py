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
    data: Path | None = None,
    model: str | None = None,
    prior: str | None = None,
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
    `stumble status`, `judge`, `export` and `report`.
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
    Presets: preset:gait-fig4 is rank-1 by view beside random and real frames, -table2 targeted success, -table3
    the same beside spoofing, -table4 made on one recogniser and judged on another, -table5 and -table6 another data
    set (CASIA-A), -table7 places of inserted frames, -table8 their number, -baselines attacks on pixels;
    preset:ciasa-fig2 is one step against epsilon, -table1 the basic mode, -table2 regions of the body, -table3 transfer
    from one recogniser, -matrix from each, -table4 what each constraint costs, -table5 the weight lambda, -failures
    the clips that held out. Where the paper concludes something in words, it is said whether that holds. OUT gets a
    campaign as from a plan, result.json, table.md and, of some, figure.svg. "synthetic data" stands wherever people
    are made up.

    Example:
        stumble run plan.yaml --out out/grid --workers 2
        stumble run preset:gait-table2 --data walkers --out out/table2 --limit 64
        stumble run preset:ciasa-table1 --model stgcn-synthetic-xsub --data actions --split synthetic-xsub \\
            --out out/table1 --limit 64
        stumble run preset:ciasa-table4 --model st_gcn.ntu-xview.pt --data ntu60 --split ntu60-xview --out out/table4

    Args:
        plan: a YAML file, or preset:NAME.
        out: folder to write to.
        executor: "local", processes on this machine; "ray", tasks on a Ray cluster (needs stumble[ray]).
        workers: of the local executor: processes; by default as many as processors and the plan's threads allow.
        address: of the Ray cluster, such as auto; by default one is started on this machine.
        limit: attack so many sequences of each bench, drawn at random, always the same ones; all by default.
        data: of a preset: folder of gait data, or folder or file of skeleton actions.
        model: of a preset: name of shipped weights, or a checkpoint, of several with + between (see `stumble attack`
            and `stumble attack actions`); by default shipped ones, for synthetic people. Of a preset on transfer more
            with commas: gait-table4 makes on the first and judges on the second, ciasa-table3 makes on the first and
            judges on each, ciasa-matrix does both on each.
        prior: of a gait preset: generator and critic by name or file; by default shipped ones.
        split: of a preset on actions: attack the clips that this split tests, such as ntu60-xview; all by default. It
            also says which of the paper's columns to compare with, and whose poses discriminators that learn along are
            shown.
        subjects: of a preset: whom to attack, such as 75-94; by default those whom split or protocol test.
        iterations: of a preset's main attack; 100 in the temporal sparse paper, CIASA's does not state its number.
        seed: of a preset's attacks.
        memory: of a preset: GiB that the graph of one batch may take; another number is another campaign, since batches
            round differently.
    """
    from stumble.cli.carry_out import Execution

    execution = Execution(executor, workers, address)
    scheme, colon, name = plan.partition(":")
    if scheme == "preset" and colon:
        from stumble.cli.run_preset import Chosen, run_preset

        if data is None:
            raise SpecError(f"{plan}: found no --data; a preset needs it")
        chosen = Chosen(model, prior, data, split, subjects, limit, iterations, seed, memory)
        return run_preset(name, chosen, out, execution, command_line)
    if not Path(plan).is_file():
        close = get_close_matches(plan, [f"preset:{known}" for known in PRESETS], 1, cutoff=0)
        raise SpecError(f"found {plan!r} to run; expected a YAML file or preset:NAME, such as {close[0]!r}")
    if model is not None or data is not None or prior is not None:
        raise SpecError(f"{plan}: model, prior and data are in the plan; --model, --prior and --data are for presets")
    from stumble.cli.run_plan import run_plan

    return run_plan(Path(plan), out, execution, limit, command_line)
