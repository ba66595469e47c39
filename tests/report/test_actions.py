from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stumble.errors import DataError
from stumble.report import ActionSample


def test_a_sample_says_what_it_is_taken_for(action: Callable[..., ActionSample]) -> None:
    shown = action()
    assert shown.predicted == (0, 5) and shown.succeeded
    assert not replace(shown, wanted=3).succeeded, "another class than the wanted one"
    assert replace(shown, wanted=None).succeeded, "untargeted: any other"
    assert not replace(shown, wanted=None, after=shown.before).succeeded


def test_arrays_that_do_not_belong_together_are_refused(action: Callable[..., ActionSample]) -> None:
    shown = action(title="S001")
    with pytest.raises(
        DataError, match=r"S001: found .*adversarial \(1, 19, 25, 3\).* expected .*\(M, T, 25, 2 or 3\)"
    ):
        replace(shown, adversarial=shown.adversarial[:, 1:])
    with pytest.raises(DataError, match=r"S001: found .*clean \(1, 20, 24, 3\)"):
        replace(shown, clean=shown.clean[:, :, 1:], adversarial=shown.adversarial[:, :, 1:])
    with pytest.raises(DataError, match=r"S001: found \(6,\) and \(7,\) probabilities; expected one for each of the 7"):
        replace(shown, before=shown.before[1:])
    with pytest.raises(DataError, match="S001: found no visible joint"):
        replace(shown, visible=np.zeros_like(shown.visible))
