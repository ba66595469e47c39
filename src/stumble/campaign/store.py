"""Adversarial sequences on disk: uint8 levels, written whole or not at all, so that they can be judged again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from stumble.data.damage import reading
from stumble.data.whole_files import whole_file
from stumble.errors import DataError
from stumble.interfaces import AttackResult
from stumble.sequences import Silhouettes

__all__ = ["read_samples", "write_samples"]

_EXPECTED = "adversarial samples as stumble stores them"


def write_samples(file: Path, result: AttackResult) -> None:
    """Store what an attack returned, quantised."""
    stored = result.adversarial.quantised()
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            frames=stored.frames.numpy(),
            lengths=stored.lengths.numpy(),
            ids=np.array(stored.ids),
            edited=result.edited.numpy(),
        )


def read_samples(file: Path) -> tuple[Silhouettes, Bool[Tensor, "b n"]]:
    """The stored sequences, and which of their frames are the adversary's. Raises DataError."""
    with reading(file, _EXPECTED), np.load(file, allow_pickle=False) as arrays:
        frames, lengths, edited = (torch.from_numpy(arrays[name]) for name in ("frames", "lengths", "edited"))
        stored = Silhouettes(frames, lengths, tuple(arrays["ids"].tolist()))
        if frames.dtype != torch.uint8 or edited.dtype != torch.bool or edited.shape != frames.shape[:2]:
            found = f"frames {frames.dtype} {tuple(frames.shape)}, edited {edited.dtype} {tuple(edited.shape)}"
            raise DataError(file, found, _EXPECTED)
    return stored, edited
