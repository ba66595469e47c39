"""Adversarial sequences on disk: uint8 levels, written whole or not at all, so that they can be judged again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from stumble.errors import DataError
from stumble.interfaces import AttackResult
from stumble.sequences import Silhouettes

__all__ = ["read_samples", "write_samples"]


def write_samples(file: Path, result: AttackResult) -> None:
    """Store what an attack returned, quantised."""
    stored = result.adversarial.quantised()
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            frames=stored.frames.numpy(),
            lengths=stored.lengths.numpy(),
            ids=np.array(stored.ids),
            edited=result.edited.numpy(),
        )
    os.replace(temporary, file)


def read_samples(file: Path) -> tuple[Silhouettes, Bool[Tensor, "b n"]]:
    """The stored sequences, and which of their frames are the adversary's. Raises DataError."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            frames, lengths, edited = (torch.from_numpy(arrays[name]) for name in ("frames", "lengths", "edited"))
            ids = tuple(arrays["ids"].tolist())
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(file, f"a file that cannot be read ({error})", "adversarial samples as stumble stores them") from error
    return Silhouettes(frames, lengths, ids), edited
