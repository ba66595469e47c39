"""What a network was trained on, as the statistics of its input tell."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from stumble.layouts import Layout
from stumble.preprocess.two_stream import bone_parents

__all__ = ["are_bones"]

_STILL = 1e-6


def are_bones(variance: Float[Tensor, "people joints channels"], layout: Layout) -> bool:
    """Whether the input is bones, and not joints: in arrays of bones one joint, the root, never moves.

    Args:
        variance: as a network's first batch norm keeps it.
    """
    root = next(joint for joint, parent in enumerate(bone_parents(layout)) if joint == parent)
    return float(variance[:, root].amax()) < _STILL * float(variance.amax())
