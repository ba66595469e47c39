"""`stumble harden stgcn`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.train_stgcn import train_stgcn
from stumble.preprocess import Recipe, StGcn
from stumble.training import HardenedSTGCNTraining

__all__ = ["harden_stgcn"]


def harden_stgcn(
    *,
    data: Path,
    split: str,
    out: Path,
    init: str,
    validate: str | None = None,
    recipe: Recipe = StGcn(),
    training: HardenedSTGCNTraining = HardenedSTGCNTraining(learning_rate=5e-4, iterations=600),
    command_line: str,
) -> None:
    """Go on training ST-GCN on clips attacked by CIASA, on it as it is in each iteration (adversarial training).

    Its state is kept beside the result; the same command goes on where an interrupted one stopped. What comes of it is
    a recogniser like any other: `stumble defend actions MODEL --defences none,none@OUT` compares the two.

    Example:
        stumble harden stgcn --data actions --split synthetic-xsub --init stgcn-synthetic-xsub \\
            --out hardened.safetensors --validate 125-154 --recipe StGcn --recipe.frames 64 --recipe.people 1

    Args:
        data: folder or file of skeleton actions.
        split: which of its clips to train on, such as ntu60-xsub, synthetic-xview or leave-one-out:SUBJECT.
        out: file for the weights, .safetensors; a card goes beside it.
        init: weights to start from, a file or shipped ones.
        validate: people to recognise every 250 iterations and at the end, who are neither trained on nor tested.
        recipe: what is done to the skeletons first, that of the weights to start from; the card keeps it.
        training: how it is trained.
    """
    train_stgcn(
        data=data,
        split=split,
        out=out,
        validate=validate,
        init=init,
        recipe=recipe,
        training=training,
        command_line=command_line,
    )
