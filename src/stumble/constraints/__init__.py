"""What an adversary may do."""

from stumble.constraints.frames import (
    Even,
    First,
    Given,
    Kept,
    Positions,
    RandomPositions,
    Sparsity,
)

__all__ = ["Even", "First", "Given", "Kept", "Positions", "RandomPositions", "Sparsity"]
