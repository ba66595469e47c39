"""The CIASA paper's tables on real motion: HDM05 actions, one actor left out.

    python benchmarks/hdm05.py HDM05 out/hdm05

Trains ST-GCN on the other actors, evaluates it on the one left out, and runs every preset on that actor's clips. HDM05
is the folder of the cut clips (CLASS/HDM_ACTOR_CLASS_TAKE_RATE.amc with HDM_ACTOR.asf). Run again, it goes on where it
stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stumble.cli import main
from stumble.errors import StumbleError

PRESETS = ("fig2", "table1", "table2", "table4", "table5", "failures")


def run(data: Path, out: Path, actor: str, limit: int, training: int, attack: int) -> None:
    weights, split = out / "stgcn.safetensors", f"leave-one-out:{actor}"
    common = ["--data", str(data), "--split", split]
    if not weights.exists():
        recipe = ["--recipe", "StGcn", "--recipe.frames", "64", "--recipe.people", "1"]
        done("train", "stgcn", *common, "--out", str(weights), *recipe, "--training.iterations", str(training))
    done("evaluate", "actions", "--model", str(weights), *common, "--out", str(out / "clean.json"))
    for preset in PRESETS:
        where = ["--out", str(out / preset), "--limit", str(limit), "--iterations", str(attack)]
        done("run", f"preset:ciasa-{preset}", "--model", str(weights), *common, *where)


def done(*arguments: str) -> None:
    print(f"\nstumble {' '.join(arguments)}", flush=True)
    if status := main(arguments):
        raise SystemExit(status)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--actor", default="bd", help="who is left out and attacked")
    parser.add_argument("--limit", type=int, default=32, help="clips to attack")
    parser.add_argument("--training", type=int, default=200, help="iterations of the training")
    parser.add_argument("--attack", type=int, default=100, help="iterations of CIASA")
    given = parser.parse_args()
    try:
        run(given.data, given.out, given.actor, given.limit, given.training, given.attack)
    except StumbleError as error:
        raise SystemExit(str(error)) from error
