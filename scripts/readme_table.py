"""The README's tables, from the summary that `stumble demo` wrote.

    python scripts/readme_table.py out/demo/summary.json README.md

Replaces what stands between the `gait` comments and between the `skeleton` comments, where the summary has them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

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


ACTION_NAMES = {
    "one-step": "one step",
    "ciasa": "CIASA",
    "ciasa-paper": "CIASA, the paper's projection",
    "ciasa-box": "CIASA without realignment",
    "ciasa-rotations": "CIASA on rotations",
}


def main(summary: Path, readme: Path) -> None:
    figures = json.loads(summary.read_text(encoding="utf-8"))
    text = readme.read_text(encoding="utf-8")
    for part, table in (("gait", gait_table), ("skeleton", skeleton_table)):
        if part in figures:
            text = replaced(text, part, "\n".join(table(figures[part])), readme)
    readme.write_text(text, encoding="utf-8")


def gait_table(gait: dict[str, Any]) -> list[str]:
    clean = ", ".join(f"{kind} {value:.1f}" for kind, value in gait["clean"].items())
    first = gait["attacks"][0]
    lines = [
        f"{first['sequences']} normal-walking probes, {first['decisions']} decisions, {gait['data']}. Clean rank-1 of "
        f"GaitSet on all probes of these people: {clean} %. **Synthetic data**; by "
        f"`stumble demo --only gait --probes {first['sequences']}`.",
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
    return lines


def skeleton_table(skeleton: dict[str, Any]) -> list[str]:
    first, clean = skeleton["attacks"][0], skeleton["clean"]
    lines = [
        f"{first['n']} clips, {skeleton['data']}. Clean top-1 of ST-GCN: across subjects {clean['xsub']:.1f}, across "
        f"views {clean['xview']:.1f} %. **Synthetic data**; by `stumble demo --only skeleton --clips {first['n']}`.",
        "",
        "| attack | goal | joints | ε, m | goal reached % (95 %) | joints moved, mm | bones changed at most, % "
        "| beyond the box, mm |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in skeleton["attacks"]:
        low, high = row["ci95"]
        advanced = row["mode"] == "advanced"
        name = ACTION_NAMES[row["attack"]] + (", advanced" if advanced else "")
        epsilon = "0.01 to 0.25" if advanced else f"{row['epsilon']:g}"
        lines.append(
            f"| {name} | {row['goal']} | {row['region'] or 'all'} | {epsilon} "
            f"| {row['success']:.1f} ({low:.1f}–{high:.1f}) | {row['joint_mm']:.1f} | {row['bone_max_pct']:.2g} "
            f"| {1000 * row['violations']['box']:.2g} |"
        )
    return lines


def replaced(text: str, part: str, table: str, readme: Path) -> str:
    new, found = re.subn(
        rf"(<!-- {part} -->\n).*?(<!-- /{part} -->)", lambda m: f"{m[1]}{table}\n{m[2]}", text, flags=re.DOTALL
    )
    if not found:
        raise SystemExit(f"{readme}: found no comments; expected <!-- {part} --> and <!-- /{part} -->")
    return new


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
