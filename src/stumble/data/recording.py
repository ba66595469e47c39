"""A motion capture recording: named joints in space, as every motion file format gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from stumble.errors import DataError

__all__ = ["Recording"]


@dataclass(frozen=True)
class Recording:
    """Where every joint is in every frame.

    Attributes:
        source: the file, for messages.
        joints: names as the file gives them.
        positions: (T, J, 3) in metres, in the file's own axes (y up in all files known to us).
        frame_rate: frames a second.
    """

    source: Path
    joints: tuple[str, ...]
    positions: Float[np.ndarray, "t j 3"]
    frame_rate: float

    def __getitem__(self, joint: str) -> Float[np.ndarray, "t 3"]:
        """One joint's path. Raises DataError where the skeleton has no such joint."""
        if joint not in self.joints:
            raise DataError(self.source, f"a skeleton without {joint!r}", f"one of {', '.join(self.joints)}")
        return self.positions[:, self.joints.index(joint)]
