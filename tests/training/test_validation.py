from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.data.gait import GaitData, SequenceKey
from stumble.errors import DataError
from stumble.interfaces import Output, SilhouetteInput
from stumble.sequences import Silhouettes
from stumble.training.validation import HeldOutRank1


class Area:
    """A target whose embedding is the white area, so that it errs where a coat adds to it."""

    takes = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        return Output(embedding=torch.stack([f.float().mean() for f in batch.unpadded()]).view(-1, 1, 1))


def read(key: SequenceKey) -> np.ndarray:
    """Person k is k times 5 rows high; in a coat, each but the last is as high as the next."""
    person = int(key.subject) + (key.condition == "cl-01")
    frames = np.zeros((3, 64, 44), np.uint8)
    frames[:, : 5 * person] = 255
    return frames


def walks(*conditions: str) -> GaitData:
    keys = [SequenceKey(s, c, v) for s in ("001", "002", "003") for c in conditions for v in ("000", "090")]
    return GaitData("walks", tuple(sorted(keys)), read, True, "casia-b")


def test_rank1_of_each_kind_and_their_mean() -> None:
    validate = HeldOutRank1(walks("nm-01", "nm-05", "cl-01"))
    assert validate.by_kind(Area()) == pytest.approx({"NM": 100, "CL": 100 / 3})
    assert validate(Area()) == pytest.approx(200 / 3)


def test_probes_are_needed() -> None:
    with pytest.raises(DataError, match="walks: found 6 sequences; expected both gallery"):
        HeldOutRank1(walks("nm-01"))
