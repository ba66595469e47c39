"""`stumble train pa-lstm`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.action_training import train_recogniser
from stumble.models import PALSTM
from stumble.preprocess import PartAware, Recipe
from stumble.training import ActionTraining

__all__ = ["train_pa_lstm"]


def train_pa_lstm(
    *,
    data: Path,
    split: str,
    out: Path,
    validate: str | None = None,
    init: str | None = None,
    recipe: Recipe = PartAware(),
    training: ActionTraining = ActionTraining(),
    command_line: str,
) -> None:
    """Train PA-LSTM. Its state is kept beside the result; the same command goes on where an interrupted one stopped.

    Example:
        stumble train pa-lstm --data actions --split synthetic-xsub --out mine.safetensors --validate 125-154 \\
            --recipe PartAware --recipe.people 1
        stumble train pa-lstm --data ntu60 --split ntu60-xview --out mine.safetensors --training.iterations 20000

    Args:
        data: folder or file of skeleton actions.
        split: which of its clips to train on, such as ntu60-xsub, synthetic-xview or leave-one-out:SUBJECT.
        out: file for the weights, .safetensors; a card goes beside it.
        validate: people to recognise every 250 iterations and at the end, who are neither trained on nor tested.
        init: weights to start from, a file or shipped ones.
        recipe: what is done to the skeletons first; the card keeps it.
        training: how it is trained.
    """
    train_recogniser(PALSTM, data, split, out, validate, init, recipe, training, command_line)
