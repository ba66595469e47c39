"""What a checkpoint wants done to raw sequences; differentiable; runs inside the target."""

from __future__ import annotations

from stumble.preprocess.recipe import Recipe

__all__ = ["Recipe"]
