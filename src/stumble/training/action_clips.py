"""Skeleton clips as one network takes them, all in one array, to train on and to validate on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.data.actions import ActionData, Clip
from stumble.errors import DataError
from stumble.layouts import Layout
from stumble.metrics.classification import Accuracy, top_k
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import Recipe
from stumble.seeds import stream
from stumble.sequences import Skeletons

__all__ = ["ActionClips", "HeldOutTop1", "prepare"]


@dataclass(frozen=True)
class ActionClips:
    """Clips in the form that a recipe gives them.

    Attributes:
        arrays: (N, C, T, V, M) float32.
        labels: (N,) the class of each.
        subjects: who acts in each.
        classes: the names of the classes.
        layout: which joint stands where.
        recipe: what made the arrays.
    """

    arrays: Float[np.ndarray, "n c t v m"]
    labels: Int[np.ndarray, " n"]
    subjects: tuple[str, ...]
    classes: tuple[str, ...]
    layout: Layout
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.labels)


def prepare(
    data: ActionData,
    recipe: Recipe,
    folder: Path | None = None,
    on_loaded: Callable[[int], None] | None = None,
    on_damage: Callable[[Clip, DataError], None] | None = None,
) -> ActionClips:
    """Read and preprocess all clips once.

    The array lies in a file without a name (NTU RGB+D at 300 frames and two people takes 7 GB), of which the
    system keeps in memory what it has room for.

    Args:
        folder: where that file is; it vanishes with the array.
        on_loaded: is told how many clips have been read.
        on_damage: is told of each clip that cannot be read, which is then left out; None raises its error.

    Raises:
        DataError: no clip is left.
    """
    arrays: np.ndarray | None = None
    kept: list[Clip] = []
    for clip, joints in data.sequences(on_damage):
        confidences = None if joints.confidence is None else [joints.confidence]
        own = recipe(Skeletons.pad([joints.positions], [clip.id], data.layout, confidences))[0].numpy()
        if arrays is None:
            with tempfile.TemporaryFile(dir=folder) as file:
                arrays = np.memmap(file, np.float32, "w+", shape=(len(data), *own.shape))
        arrays[len(kept)] = own
        kept.append(clip)
        if on_loaded is not None:
            on_loaded(len(kept))
    if arrays is None:
        raise DataError(data.name, f"none of {len(data)} clips that can be read", "at least one")
    labels = np.array([clip.label for clip in kept])
    subjects = tuple(clip.subject for clip in kept)
    return ActionClips(arrays[: len(kept)], labels, subjects, data.classes, data.layout, recipe)


class HeldOutTop1:
    """From a network to its top-1 in percent on clips that it was not trained on, as a training's `validate`.

    Args:
        clips: of other people than the training's.
        at_most: of so many clips, drawn at random, always the same ones.
    """

    def __init__(self, clips: ActionClips, at_most: int = 600) -> None:
        self._clips = clips
        self._some = np.sort(stream(0, "", "held-out clips").permutation(len(clips))[:at_most])

    def __call__(self, network: ActionRecogniser) -> float:
        return float(100 * self._right(network, self._some, 1).double().mean())

    def accuracy(self, network: ActionRecogniser, k: int = 1) -> Accuracy:
        """Top-k on all clips, with its interval over people."""
        return Accuracy.of(self._right(network, np.arange(len(self._clips)), k), self._clips.subjects)

    @torch.no_grad()
    def _right(self, network: ActionRecogniser, which: Int[np.ndarray, " n"], k: int) -> Bool[Tensor, " n"]:
        parts = [torch.from_numpy(self._clips.arrays[which[i : i + 32]]) for i in range(0, len(which), 32)]
        labels = torch.from_numpy(self._clips.labels[which])
        return top_k(torch.cat([network.logits(part) for part in parts]), labels, k)
