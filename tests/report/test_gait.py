from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from stumble.errors import DataError
from stumble.report import Strip


def test_a_strip_says_where_its_edited_frames_are(strip: Callable[..., Strip]) -> None:
    shown = strip(count=12, edited=(2, 7))
    assert shown.positions == (2, 7) and not shown.inserted
    assert shown.aligned is shown.clean


def test_lengths_that_fit_neither_alteration_nor_insertion_are_refused(strip: Callable[..., Strip]) -> None:
    shown = strip(title="075/nm-05/090", count=12, edited=(2, 7))
    with pytest.raises(DataError, match=r"075/nm-05/090: found .* expected 12 frames with alteration or 14"):
        replace(shown, adversarial=shown.adversarial[:11], edited=shown.edited[:11])
