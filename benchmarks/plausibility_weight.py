"""How the default weight of the plausibility term was chosen: success against plausible success over the weight.

    stumble data synth gait --subjects 154 --out walkers
    python benchmarks/plausibility_weight.py walkers docs/lambda.md

Attacks people 125-154, whom no reported figure uses, in four views with clips of 40 frames and one altered frame.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from stumble import __version__
from stumble.attacks import TemporalSparse
from stumble.campaign import AttackSummary, GaitEvaluation, summarise
from stumble.campaign.reference import fit_plausibility
from stumble.constraints import Sparsity
from stumble.data import open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Target
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

WEIGHTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
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
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for weight in WEIGHTS:
            attack = TemporalSparse(Shipped("wgan-synthetic"), budget=Sparsity(1 / 40), plausibility=weight)
            table = evaluation.attack(attack, "untargeted", Path(folder) / str(weight), judge=judge)
            rows.append((weight, summarise(table)))
            print(weight, rows[-1][1], flush=True)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(arguments.out) as temporary:
        temporary.write_text(page(rows, arguments.probes), encoding="utf-8")


def page(rows: list[tuple[float, AttackSummary]], probes: int) -> str:
    """The measurement as Markdown."""
    lines = [
        f"| {weight:g} | {s.rank1:.1f} | {s.success:.1f} ({s.ci95[0]:.1f}–{s.ci95[1]:.1f}) | {s.plausible:.1f} "
        f"| {s.plausible_coherent:.1f} | {s.plausible_samples:.1f} |"
        for weight, s in rows
    ]
    clean = rows[0][1].rank1_clean
    return f"""# How the plausibility weight was chosen

The attack minimises a cosine in [-1, 1] plus λ times a cross-entropy. The paper's λ = 1000 would leave nothing of the
first term as it is written here, so the scale was measured: {probes} normal-walking probes of synthetic people
{ATTACKED[0]}–{ATTACKED[-1]}, views {", ".join(VIEWS)}, clips of 40 frames, one altered frame, T = 100; clean rank-1
{clean:.1f} %. Percent; 95 % intervals over people; stumble {__version__}, `python benchmarks/plausibility_weight.py`.

| λ | rank-1 | success | plausible success | and coherent | sequences with a plausible frame |
|---|---|---|---|---|---|
{chr(10).join(lines)}

The default is the weight with the largest plausible success. The critic that this term uses is not the judge of
plausibility: see [what passes for a silhouette](decisions/plausibility.md).
"""


if __name__ == "__main__":
    main()
