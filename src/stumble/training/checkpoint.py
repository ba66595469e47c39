"""State of an unfinished training on disk: written atomically, read without running anything."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stumble.errors import WeightsError

__all__ = ["fingerprint", "load_state", "save_state"]


def fingerprint(arrays: Iterable[np.ndarray]) -> str:
    """What tells one training set from another: the sizes of its arrays and about 64 to 128 rows of each."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array[:: max(1, len(array) // 64)]).tobytes())
    return digest.hexdigest()


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain data to `path`: either the whole new state is there afterwards or the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        torch.save(state, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_state(path: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    """The state at `path`, or None where there is none yet.

    Args:
        config: the training's fields and data; those stored must be equal, but for the number of iterations.

    Raises:
        WeightsError: the file cannot be read, or belongs to a training with other fields or data.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        stored = state["config"]
    except Exception as error:
        raise WeightsError(f"{path}: found {_first_line(error)}; expected the state of a training") from error
    for name, value in config.items():
        if name != "iterations" and stored.get(name) != value:
            raise WeightsError(f"{path}: found a training with {name}={stored.get(name)!r}; expected {name}={value!r}")
    return state


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__} ({text})" if text else type(error).__name__
