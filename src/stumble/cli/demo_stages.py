"""What the parts of the demo share: a line of progress for each stage, and what made the figures."""

from __future__ import annotations

import platform
from collections.abc import Callable

import numpy as np
import torch
from rich.progress import Progress

from stumble import __version__
from stumble.zoo import Shipped

__all__ = ["Stage", "Stages", "provenance"]


class Stage:
    """One line of the progress display; inside it, a function that takes done and total."""

    def __init__(self, progress: Progress, name: str) -> None:
        self.progress, self.name = progress, name

    def __enter__(self) -> Callable[[int, int], None]:
        self.task = self.progress.add_task(self.name, total=None)
        return lambda done, total: self.progress.update(self.task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.progress.stop_task(self.task)


Stages = Callable[[str], Stage]
"""From the name of a stage to its line."""


def provenance(command: str, seed: int, weights: tuple[str, ...], seconds: float) -> dict[str, str]:
    """What a report says of how it was made; `weights` are names of shipped ones."""
    return {
        "command": command,
        "version": __version__,
        "seed": str(seed),
        **{name: f"SHA-256 {Shipped(name).digest[:16]}…" for name in weights},
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
        "duration": f"{seconds:.0f} s",
    }
