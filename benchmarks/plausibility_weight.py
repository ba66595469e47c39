"""How the weight of the plausibility term and the reach were chosen: success against plausible success.

    stumble data synth gait --subjects 154 --out walkers
    python benchmarks/plausibility_weight.py walkers docs/lambda.md

Attacks people 125-154, whom no reported figure uses, in four views with clips of 40 frames and one altered frame.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from stumble import __version__
from stumble.attacks import TemporalSparse, bounded
from stumble.campaign import AttackSummary, GaitEvaluation, summarise
from stumble.campaign.reference import fit_plausibility
from stumble.constraints import Sparsity
from stumble.data import open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Target
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

WEIGHTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
REACHES = (6.0, 8.0, 10.0, 12.0, 15.0)
VIEWS = ("000", "054", "090", "126")
POOL, LIMITS, ATTACKED = range(1, 51), range(51, 75), range(125, 155)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--probes", type=int, default=40)
    arguments = parser.parse_args()
    keep_freed_memory()
    data = open_gait(arguments.data).select(views=VIEWS)
    people = {
        name: [f"{s:03d}" for s in part] for name, part in (("pool", POOL), ("limits", LIMITS), ("all", ATTACKED))
    }
    target = Shipped("gaitset-synthetic").load()
    assert isinstance(target, Target)
    evaluation = GaitEvaluation.prepare(target, data, subjects=people["all"], frames=40)
    evaluation = evaluation.select(kinds=["NM"], limit=arguments.probes)
    plausibility = fit_plausibility(data.select(subjects=people["pool"]), data.select(subjects=people["limits"]))
    judge = evaluation.judge(plausibility)
    prior, budget = Shipped("wgan-synthetic"), Sparsity(1 / 40)

    def measured(attack: TemporalSparse) -> AttackSummary:
        with tempfile.TemporaryDirectory() as folder:
            summary = summarise(evaluation.attack(attack, "untargeted", Path(folder), judge=judge))
        print(attack.plausibility, attack.reach, summary, flush=True)
        return summary

    weights = {w: measured(TemporalSparse(prior, budget=budget, plausibility=w)) for w in WEIGHTS}
    reaches = {r: measured(replace(bounded(prior, budget), reach=r)) for r in REACHES}
    with whole_file(arguments.out) as temporary:
        temporary.write_text(page(weights, reaches, arguments.probes), encoding="utf-8")


def rows(measured: dict[float, AttackSummary]) -> str:
    """A line of the table per value."""
    return "\n".join(
        f"| {value:g} | {s.rank1:.1f} | {s.success:.1f} ({s.ci95[0]:.1f}–{s.ci95[1]:.1f}) | {s.plausible:.1f} "
        f"| {s.plausible_coherent:.1f} | {s.plausible_samples:.1f} |"
        for value, s in measured.items()
    )


def page(weights: dict[float, AttackSummary], reaches: dict[float, AttackSummary], probes: int) -> str:
    """The measurement as Markdown."""
    names = ("rank-1", "success", "plausible success", "and coherent", "sequences with a plausible frame")
    head = " | ".join(names) + " |\n" + 6 * "|---" + "|"
    return f"""# How the plausibility weight and the reach were chosen

{probes} normal-walking probes of synthetic people {ATTACKED[0]}–{ATTACKED[-1]}, whom no reported figure uses; views
{", ".join(VIEWS)}, clips of 40 frames, one altered frame, untargeted; clean rank-1 {weights[0.0].rank1_clean:.1f} %.
Percent, 95 % intervals over people; stumble {__version__}, `python benchmarks/plausibility_weight.py walkers
docs/lambda.md`.

## λ

The attack minimises a cosine in [-1, 1] plus λ times a cross-entropy. The paper's λ = 1000 would leave nothing of the
first term as it is written here, so its scale was measured, with everything else as in the paper (T = 100, ε = 0.1,
μ = 1).

| λ | {head}
{rows(weights)}

The default, {TemporalSparse.plausibility:g}, is the weight with the largest plausible success among those that leave
less than 20 % rank-1. The critic that this term uses is not the judge of plausibility: see [what passes for a
silhouette](decisions/plausibility.md).

## Reach

A hundred sign steps of 0.1 carry a latent anywhere on its sphere, also where the generator has never been sampled:
heads double, arms rise. `stumble.attacks.bounded` tries 128 latents, starts from the best of them and stays within an
angle of it, in 40 steps of 0.02 with λ = 0.003.

| degrees | {head}
{rows(reaches)}

Its default is {bounded(Shipped("wgan-synthetic"), Sparsity()).reach:g}°, the largest plausible success.
"""


if __name__ == "__main__":
    main()
