"""What a natural motion does not have: sudden changes of velocity."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["smoothness"]


def smoothness(batch: Skeletons, active: Bool[Tensor, " j"]) -> Float[Tensor, " b"]:
    """CIASA's temporal term: squared acceleration ||v(t+1) + v(t-1) - 2 v(t)||^2 of the active joints (Eq. 11).

    Summed over joints and people, averaged over those t whose three frames are there, person by person: else the edge
    of the padding would dominate. A joint that was not detected in one of the three frames does not count. The paper
    prints the acceleration itself, which has no minimum; the square is meant.

    Returns:
        (B,) in squared units of the joints per frame^4; 0 where no three frames follow each other.
    """
    joints, seen = batch.joints, batch.visible & active
    acceleration = joints[:, :, 2:] + joints[:, :, :-2] - 2 * joints[:, :, 1:-1]
    counted = seen[:, :, 2:] & seen[:, :, 1:-1] & seen[:, :, :-2]
    squares = acceleration.square().sum(4) * counted
    frames = counted.any(3).sum(2).clamp_min(1)
    return (squares.sum((2, 3)) / frames).sum(1)
