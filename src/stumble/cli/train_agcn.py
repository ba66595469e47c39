"""`stumble train agcn`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.action_training import train_recogniser
from stumble.models import AGCN
from stumble.preprocess import Recipe, TwoStream
from stumble.training import ActionTraining

__all__ = ["train_agcn"]


def train_agcn(
    *,
    data: Path,
    split: str,
    out: Path,
    validate: str | None = None,
    init: str | None = None,
    recipe: Recipe = TwoStream(),
    training: ActionTraining = ActionTraining(),
    command_line: str,
) -> None:
    """Train a stream of 2s-AGCN, by default that of joints; of both together, see the last example.

    Its state is kept beside the result; the same command goes on where an interrupted one stopped.

    Example:
        stumble train agcn --data actions --split synthetic-xsub --out joint.safetensors --validate 125-154 \\
            --recipe TwoStream --recipe.frames 64 --recipe.people 1
        stumble train agcn --data actions --split synthetic-xsub --out bone.safetensors --validate 125-154 \\
            --recipe TwoStream --recipe.stream bone --recipe.frames 64 --recipe.people 1
        stumble evaluate actions --model joint.safetensors+bone.safetensors --data actions --split synthetic-xsub

    Args:
        data: folder or file of skeleton actions.
        split: which of its clips to train on, such as ntu60-xsub, synthetic-xview or leave-one-out:SUBJECT.
        out: file for the weights, .safetensors; a card goes beside it.
        validate: people to recognise every 250 iterations and at the end, who are neither trained on nor tested.
        init: weights to start from, a file or shipped ones.
        recipe: what is done to the skeletons first; the card keeps it.
        training: how it is trained.
    """
    train_recogniser(AGCN, data, split, out, validate, init, recipe, training, command_line)
