"""`stumble data pretreat`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.progress import progress
from stumble.data import pretreat_tree
from stumble.data.pretreatment import Flavour
from stumble.errors import SpecError

__all__ = ["pretreat"]


def pretreat(source: Path, destination: Path, *, flavour: Flavour = "opengait", workers: int = 2) -> int:
    """Pretreat raw silhouettes once and for all: images in CASIA-B's or CASIA-A's tree in, compressed arrays out.

    Sequences that are already there are kept. The exit status is 1 where a sequence was damaged; it is left out.

    Example:
        stumble data pretreat CASIA-B/silhouettes CASIA-B-pretreated

    Args:
        source: folder of raw images.
        destination: folder to write to.
        flavour: whose rule for dropping frames.
        workers: threads.
    """
    if workers < 1:
        raise SpecError(f"--workers is {workers}; expected at least 1")
    with progress("sequences") as report:
        outcome = pretreat_tree(source, destination, flavour=flavour, workers=workers, progress=report)
    print(f"{destination}: {len(outcome.written)} sequences written, {len(outcome.present)} were there")
    for key, frames in outcome.short.items():
        print(f"short: {key} has {frames} frames")
    for key, reason in outcome.damaged.items():
        print(f"damaged: {key}: {reason}")
    return 1 if outcome.damaged else 0
