"""The README's table, from the summary that `stumble demo` wrote.

    python scripts/readme_table.py out/demo/summary.json README.md

Replaces what stands between the two `demo` comments.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

NAMES = {
    "temporal-sparse": "temporal sparse (the paper's)",
    "temporal-sparse-bounded": "temporal sparse, bounded (ours)",
    "random": "control: random generated frame",
    "real": "control: random real frame of another person",
    "best-real": "best of 200 real frames of other people",
    "fgsm": "FGSM",
    "pgd": "PGD",
    "mi-fgsm": "MI-FGSM",
    "mi-fgsm-100": "MI-FGSM, 100 steps",
}


def main(summary: Path, readme: Path) -> None:
    gait = json.loads(summary.read_text(encoding="utf-8"))["gait"]
    clean = ", ".join(f"{kind} {value:.1f}" for kind, value in gait["clean"].items())
    first = gait["attacks"][0]
    lines = [
        f"{first['sequences']} normal-walking probes, {first['decisions']} decisions, {gait['data']}. Clean rank-1 of "
        f"GaitSet on all probes of these people: {clean} %. **Synthetic data**; by "
        f"`stumble demo --probes {first['sequences']}`.",
        "",
        "| attack | goal | frames | rank-1 % | success % (95 %) | by plausible frames alone % |",
        "|---|---|---|---|---|---|",
    ]
    for row in gait["attacks"]:
        low, high = row["ci95"]
        lines.append(
            f"| {NAMES[row['attack']]} | {row['goal']} | 1 in {round(1 / row['sparsity'])} "
            f"| {row['rank1_clean']:.1f} → {row['rank1']:.1f} | {row['success']:.1f} ({low:.1f}–{high:.1f}) "
            f"| {row['plausible']:.1f} |"
        )
    text = readme.read_text(encoding="utf-8")
    table = "\n".join(lines)
    new, found = re.subn(
        r"(<!-- demo -->\n).*?(<!-- /demo -->)", lambda m: f"{m[1]}{table}\n{m[2]}", text, flags=re.DOTALL
    )
    if not found:
        raise SystemExit(f"{readme}: found no demo comments; expected <!-- demo --> and <!-- /demo -->")
    readme.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
