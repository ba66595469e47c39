from __future__ import annotations

import torch

from stumble.metrics.fooling import fooled

BEFORE, AFTER = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 2, 0, 1])


def test_untargeted_is_another_prediction_and_targeted_the_wanted_one() -> None:
    assert fooled(BEFORE, AFTER).tolist() == [False, True, True, True]
    assert fooled(BEFORE, AFTER, torch.tensor([1, 0, 0, 1])).tolist() == [False, False, True, True]
