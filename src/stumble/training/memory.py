"""Keep the pages of freed tensors: returning them to the system and faulting them in again costs half of a CPU step."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of glibc's mallopt(3)."""


def keep_freed_memory() -> bool:
    """From now on the process reuses large freed blocks instead of returning them to the system.

    Measured on a virtual machine, a GaitSet training step on 640 frames takes 0.74 s with it and 1.3 to 2.0 s
    without. The process keeps the largest amount of memory that it ever needed.

    Returns:
        Whether it took effect: True with glibc, False elsewhere, where nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1) and mallopt(_TOP_PAD, 64 << 20))
