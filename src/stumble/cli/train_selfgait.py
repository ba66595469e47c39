"""`stumble train selfgait`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.gait_training import train_recogniser
from stumble.training import SelfGaitTraining

__all__ = ["train_selfgait"]


def train_selfgait(
    *,
    data: Path,
    out: Path,
    subjects: str | None = None,
    validate: str | None = None,
    init: str | None = None,
    training: SelfGaitTraining = SelfGaitTraining(),
    command_line: str,
) -> None:
    """Train SelfGait, first without labels, then with them. Its state is kept beside the result; the same command
    goes on where an interrupted one stopped.

    Example:
        stumble train selfgait --data walkers --out mine.safetensors --validate 125-134
        stumble train selfgait --data walkers --out mine.safetensors --training.iterations 800 --training.unlabelled 800

    Args:
        data: folder of gait data.
        out: file for the weights, .safetensors; a card goes beside it.
        subjects: whom to train on, such as 1-74; by default those that the data set's protocol trains.
        validate: people to recognise every 250 iterations and at the end, others than those trained on.
        init: weights to start from, a file or shipped ones.
        training: how it is trained.
    """
    train_recogniser(training, "selfgait", data, out, subjects, validate, init, command_line)
