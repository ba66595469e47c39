"""A random stream per (seed, sample, purpose), so that no result depends on the batch a sample is in."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

__all__ = ["normal", "stream", "uniform"]


def stream(seed: int, sample: str, purpose: str) -> np.random.Generator:
    """An independent generator for one purpose on one sample.

    The key of NumPy's counter-based Philox is a BLAKE2b hash of the three arguments: torch's own CPU
    generator keeps only 32 bits of its seed.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{sample}\x1f{purpose}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def normal(seed: int, samples: tuple[str, ...], purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normal float32 numbers of shape (len(samples), *shape), one stream per sample."""
    return torch.from_numpy(np.stack([stream(seed, s, purpose).standard_normal(shape, np.float32) for s in samples]))


def uniform(seed: int, samples: tuple[str, ...], purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform float32 numbers in [0, 1) of shape (len(samples), *shape), one stream per sample."""
    return torch.from_numpy(np.stack([stream(seed, s, purpose).random(shape, np.float32) for s in samples]))
