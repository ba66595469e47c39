"""`stumble train gaitset`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.gait_training import train_recogniser
from stumble.training import GaitSetTraining

__all__ = ["train_gaitset"]


def train_gaitset(
    *,
    data: Path,
    out: Path,
    subjects: str | None = None,
    validate: str | None = None,
    init: str | None = None,
    training: GaitSetTraining = GaitSetTraining(),
    command_line: str,
) -> None:
    """Train GaitSet. Its state is kept beside the result; the same command goes on where an interrupted one stopped.

    Example:
        stumble train gaitset --data walkers --out mine.safetensors --validate 125-134
        stumble train gaitset --data walkers --out mine.safetensors --training.iterations 500 --training.seed 2

    Args:
        data: folder of gait data.
        out: file for the weights, .safetensors; a card goes beside it.
        subjects: whom to train on, such as 1-74; by default those that the data set's protocol trains.
        validate: people to recognise every 250 iterations and at the end, others than those trained on.
        init: weights to start from, a file or shipped ones.
        training: how it is trained.
    """
    train_recogniser(training, "gaitset", data, out, subjects, validate, init, command_line)
