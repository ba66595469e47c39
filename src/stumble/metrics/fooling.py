"""Whether a classifier was fooled, in the sense in which papers on skeleton actions count it."""

from __future__ import annotations

from jaxtyping import Bool, Int
from torch import Tensor

__all__ = ["fooled"]


def fooled(
    before: Int[Tensor, " b"], after: Int[Tensor, " b"], wanted: Int[Tensor, " b"] | None = None
) -> Bool[Tensor, " b"]:
    """Untargeted: the prediction is another than on the clean sample, right or wrong. Targeted: it is the wanted one.

    The denominator of a fooling rate is all samples.

    Args:
        before, after: predictions on the clean and on the adversarial samples.
        wanted: the classes to be taken for, or None when untargeted.
    """
    return after != before if wanted is None else after == wanted
