"""`stumble harden gaitset`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.gait_training import train_recogniser
from stumble.training import HardenedGaitSetTraining

__all__ = ["harden_gaitset"]


def harden_gaitset(
    *,
    data: Path,
    out: Path,
    init: str,
    subjects: str | None = None,
    validate: str | None = None,
    training: HardenedGaitSetTraining = HardenedGaitSetTraining(learning_rate=1e-4, iterations=600),
    command_line: str,
) -> None:
    """Go on training GaitSet on temporal sparse attacks, made on it as it is in each iteration (adversarial training).

    Its state is kept beside the result; the same command goes on where an interrupted one stopped. What comes of it is
    a recogniser like any other: `stumble defend MODEL --defences none,none@OUT` compares the two.

    Example:
        stumble harden gaitset --data walkers --init gaitset-synthetic --out hardened.safetensors \\
            --validate 125-134
        stumble harden gaitset --data walkers --init mine.safetensors --out hardened.safetensors \\
            --training.prior wgan.safetensors --training.edited 2 --training.share 1

    Args:
        data: folder of gait data.
        out: file for the weights, .safetensors; a card goes beside it.
        init: weights to start from, a file or shipped ones.
        subjects: whom to train on, such as 1-74; by default those that the data set's protocol trains.
        validate: people to recognise every 250 iterations and at the end, others than those trained on.
        training: how it is trained; --training.prior takes the name of shipped weights or a file.
    """
    train_recogniser(training, "gaitset", data, out, subjects, validate, init, command_line)
