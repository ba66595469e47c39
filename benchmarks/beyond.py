"""Beyond the temporal sparse paper: searched positions, coherence with neighbours, and attacks that only ask.

    stumble data synth gait --subjects 124 --out walkers
    python benchmarks/beyond.py walkers docs

Writes DOCS/beyond.md and DOCS/images/queries.svg, by default from people 75-124, on whom nothing was trained or chosen;
what is plausible is fixed on the people that the protocol trains.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
from incremental import machine

from stumble.attacks import EvolvedLatents, GreedyGradient, GreedyTrials, TemporalSparse, bounded
from stumble.campaign import AttackSummary, GaitEvaluation, summarise
from stumble.campaign.choices import people, recogniser, weights
from stumble.campaign.gait_bench import plausibility_of
from stumble.campaign.query_curve import QueryPoint, query_curve
from stumble.constraints import Even, First, Positions, RandomPositions, Sparsity
from stumble.data import GaitData, open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Attack
from stumble.metrics.plausibility import Plausibility
from stumble.report.curves import queries_svg
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

PRIOR = Shipped("wgan-synthetic")
POSITIONS: Mapping[str, Positions] = {
    "first K": First(),
    "evenly spread": Even(),
    "random": RandomPositions(),
    "greedy by gradient": GreedyGradient(),
    "greedy by trial": GreedyTrials(),
}
Goal = Literal["untargeted", "targeted"]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        probes: attacked, for the first two tables; half of them for the third.
        iterations: of the attacks with gradients.
        frames: K of 40, for the first table.
        least: coherence asked for, for the second.
        queries: for the third; the last is the limit.
    """

    probes: int = 120
    iterations: int = 100
    frames: tuple[int, ...] = (1, 2, 4)
    least: tuple[float | None, ...] = (None, 0.5, 0.6, 0.7, 0.8, 0.9)
    queries: tuple[int, ...] = (10, 30, 100, 300, 1000, 3000)


QUICK = Size(2, 1, (1,), (None, 0.7), (2, 4))


@dataclass(frozen=True)
class Bench:
    """One recogniser and its probes."""

    evaluation: GaitEvaluation
    plausibility: Plausibility | None = None

    def verdicts(self, attack: Attack, goal: Goal = "untargeted") -> pa.Table:
        judge = self.evaluation.judge(self.plausibility)
        with tempfile.TemporaryDirectory() as folder:
            return self.evaluation.attack(attack, goal, Path(folder), judge=judge, seed=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--model", default="gaitset-synthetic", help="name of shipped weights, or a checkpoint")
    parser.add_argument("--subjects", default="75-124", help="whom to attack")
    parser.add_argument("--probes", type=int, default=Size.probes, help="how many, half of them for queries")
    parser.add_argument("--quick", action="store_true", help="two probes and one step, to see that it runs")
    given = parser.parse_args()
    keep_freed_memory()
    size, data = QUICK if given.quick else Size(given.probes), open_gait(given.data)
    attacked = people(data, given.subjects)
    bench = opened(given.model, data, attacked, size.probes, pooled=False)
    bench = replace(bench, plausibility=plausibility_of(data))
    positions = {
        (count, name): bench.verdicts(sparse(count, rule, size))
        for count in size.frames
        for name, rule in POSITIONS.items()
    }
    print("positions: done", flush=True)
    coherent = {(name, least): summarise(bench.verdicts(attack)) for name, least, attack in prices(size)}
    print("coherence: done", flush=True)
    curves = asked(opened(given.model, data, attacked, size.probes // 2, pooled=True), size.queries)
    source = f"{data.name}{', synthetic data' if data.synthetic else ''}; {given.model}; one frame of 40"
    (given.docs / "images").mkdir(parents=True, exist_ok=True)
    for file, text in (
        (given.docs / "images" / "queries.svg", queries_svg(curves, source)),
        (
            given.docs / "beyond.md",
            page(data, given.subjects, len(attacked), given.model, size, positions, coherent, curves),
        ),
    ):
        with whole_file(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(f"{given.docs / 'beyond.md'}: {len(positions)} + {len(coherent)} rows, {len(curves)} panels")


def opened(model: str, data: GaitData, subjects: Sequence[str], probes: int, pooled: bool) -> Bench:
    evaluation = GaitEvaluation.prepare(recogniser(weights(model)), data, subjects=subjects, frames=40, pooled=pooled)
    return Bench(evaluation.select(kinds=["NM"], limit=probes))


def sparse(count: int, positions: Positions, size: Size) -> TemporalSparse:
    return TemporalSparse(PRIOR, "alter", Sparsity(frames=count), positions, iterations=size.iterations)


def prices(size: Size) -> list[tuple[str, float | None, TemporalSparse]]:
    """The paper's attack and the bounded one, in the middle of the clip, where a frame has two neighbours."""
    paper = sparse(1, Even(), size)
    ours = bounded(PRIOR, Sparsity(frames=1), positions=Even())
    ours = replace(ours, iterations=min(ours.iterations, size.iterations), starts=min(ours.starts, size.iterations))
    return [
        (name, least, replace(attack, coherence=least))
        for name, attack in (("the paper's", paper), ("bounded", ours))
        for least in size.least
    ]


def asked(bench: Bench, queries: Sequence[int]) -> dict[str, dict[str, tuple[QueryPoint, ...]]]:
    """Curves by goal and attack. With all queries in one generation the attack is random search."""
    evolved = EvolvedLatents(PRIOR, budget=Sparsity(frames=1), queries=queries[-1])
    attacks = {"evolution": evolved, "random search": replace(evolved, population=queries[-1])}
    goals: tuple[Goal, ...] = ("untargeted", "targeted")
    return {
        goal: {name: query_curve(bench.verdicts(attack, goal), queries) for name, attack in attacks.items()}
        for goal in goals
    }


def percent(value: float | None, interval: tuple[float, float] | None = None) -> str:
    shown = "–" if value is None else f"{value:.1f}"
    return shown if interval is None else f"{shown} ({interval[0]:.1f}–{interval[1]:.1f})"


def page(
    data: GaitData,
    subjects: str,
    number: int,
    model: str,
    size: Size,
    positions: Mapping[tuple[int, str], pa.Table],
    coherent: Mapping[tuple[str, float | None], AttackSummary],
    curves: Mapping[str, Mapping[str, Sequence[QueryPoint]]],
) -> str:
    """The measurement as Markdown."""
    where = []
    for (count, name), table in positions.items():
        s, queries = summarise(table), sum(table["queries"].to_pylist()) / len(table)
        where.append(
            f"| {count} | {name} | {percent(s.rank1, s.rank1_ci95)} | {percent(s.success, s.ci95)} | {queries:.0f} |"
        )
    held = [
        f"| {name} | {'–' if least is None else least} | {percent(s.rank1)} | {percent(s.success, s.ci95)} | "
        f"{percent(s.plausible, s.plausible_ci95)} | {percent(s.plausible_coherent)} | {percent(s.coherent_samples)} |"
        for (name, least), s in coherent.items()
    ]
    spent = [
        f"| {goal} | {name} | " + " | ".join(percent(point.percent, point.ci95) for point in points) + " |"
        for goal, by_name in curves.items()
        for name, points in by_name.items()
    ]
    first = next(iter(coherent.values()))
    decisions = {goal: next(iter(by_name.values()))[0].n for goal, by_name in curves.items()}
    made = ", **synthetic data**" if data.synthetic else ""
    lines = "\n".join
    return f"""# Beyond the paper: positions, coherence, queries

{first.sequences} normal-walking probes of {number} people of {data.name}{made}, clips of 40 frames, recogniser
{model}, clean rank-1 {first.rank1_clean:.1f} %; percent, 95 % intervals over people.

## Where the frames go

The paper's attack, {size.iterations} steps, untargeted. *Greedy by trial* tries a frame of the attack's start in every
place, *greedy by gradient* follows the slope of the objective with the share of such a frame; both count their queries.

| frames | positions | rank-1 | success | queries a sample |
|---:|---|---|---|---:|
{lines(where)}

## What coherence costs

One frame in the middle of the clip, untargeted. *Asked for*: the least mean overlap of the frame with those before and
after it (`TemporalSparse.coherence`), kept on every stored sample. *Coherent* by the judge: at least the 1st percentile
of real frames. Once an attack optimises it, coherence is a promise kept and no independent judgement any more.

| attack | asked for | rank-1 | success | plausible success | and coherent | samples with a coherent frame |
|---|---|---|---|---|---|---|
{lines(held)}

## What asking alone achieves

`EvolvedLatents` is told the distances to the people of the gallery and stops at success; one decision for each probe,
on the gallery of all views together. One frame of 40; untargeted of the {decisions["untargeted"]} decisions that were
right, targeted of all {decisions["targeted"]}. *Random search* is the same with all its queries in one generation.

![Success against queries](images/queries.svg)

| goal | attack | {" | ".join(f"{count} queries" for count in size.queries)} |
|---|---|{"---|" * len(size.queries)}
{lines(spent)}

Measured with `python benchmarks/beyond.py walkers docs --subjects {subjects} --probes {size.probes}` on {machine()}.
"""


if __name__ == "__main__":
    main()
