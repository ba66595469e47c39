"""Adversarial sequences on disk, written whole or not at all, so that they can be judged again.

Silhouettes are stored as uint8 levels, joints as float32.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from stumble.data.damage import reading
from stumble.data.whole_files import whole_file
from stumble.errors import DataError
from stumble.interfaces import AttackResult
from stumble.layouts import Layout
from stumble.sequences import Silhouettes, Skeletons

__all__ = ["check_whole", "read_samples", "read_skeletons", "write_samples", "write_skeletons"]

_EXPECTED = "adversarial samples as stumble stores them"


def write_samples(file: Path, result: AttackResult) -> None:
    """Store what an attack returned, quantised."""
    stored = result.adversarial.quantised()
    _write(
        file,
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


def write_skeletons(file: Path, skeletons: Skeletons) -> None:
    """Store sequences, their joints as float32."""
    confidence = {} if skeletons.confidence is None else {"confidence": skeletons.confidence.float().numpy()}
    _write(
        file,
        joints=skeletons.joints.detach().float().numpy(),
        present=skeletons.present.numpy(),
        lengths=skeletons.lengths.numpy(),
        ids=np.array(skeletons.ids),
        layout=np.array(skeletons.layout.name),
        **confidence,
    )


def read_skeletons(file: Path, layout: Layout) -> Skeletons:
    """The stored sequences. Raises DataError, also where they are of another layout."""
    with reading(file, _EXPECTED), np.load(file, allow_pickle=False) as arrays:
        joints, present, lengths = (torch.from_numpy(arrays[name]) for name in ("joints", "present", "lengths"))
        confidence = torch.from_numpy(arrays["confidence"]) if "confidence" in arrays else None
        if (found := str(arrays["layout"])) != layout.name:
            raise DataError(file, f"skeletons of layout {found}", layout.name)
        if joints.dtype != torch.float32 or present.dtype != torch.bool:
            raise DataError(file, f"joints {joints.dtype}, present {present.dtype}", _EXPECTED)
        return Skeletons(joints, present, lengths, tuple(arrays["ids"].tolist()), layout, confidence)


def check_whole(folder: Path, found: Iterable[str], expected: Collection[str]) -> None:
    """Raises DataError where the sequences in a folder are not the expected ones, each once."""
    if sorted(names := list(found)) != sorted(expected):
        missing = len(set(expected) - set(names))
        text = f"{len(names)} stored sequences, {missing} of the verdicts' {len(expected)} missing"
        raise DataError(folder, text, "those that the verdicts are about")


def _write(file: Path, **arrays: np.ndarray) -> None:
    with whole_file(file) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
