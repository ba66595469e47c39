from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.campaign.store import read_skeletons, write_skeletons
from stumble.errors import DataError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons

DRAW = torch.Generator().manual_seed(0)
SKELETONS = Skeletons.pad([torch.randn(m, t, 25, 3, generator=DRAW) for m, t in ((1, 3), (2, 2))], ["a", "b"], NTU25)


@pytest.mark.parametrize("scored", [False, True])
def test_what_is_stored_is_read_back_bit_for_bit(tmp_path: Path, scored: bool) -> None:
    confidence = torch.rand(SKELETONS.joints.shape[:4], generator=DRAW) if scored else None
    skeletons = replace(SKELETONS, confidence=confidence)
    file = tmp_path / "samples" / "0000.npz"
    write_skeletons(file, skeletons)
    stored = read_skeletons(file, NTU25)
    assert stored.joints.dtype == torch.float32 and torch.equal(stored.joints, skeletons.joints)
    assert torch.equal(stored.present, skeletons.present) and torch.equal(stored.lengths, skeletons.lengths)
    assert stored.ids == ("a", "b") and stored.layout is NTU25
    assert (stored.confidence is None) == (confidence is None)
    assert confidence is None or torch.equal(stored.confidence, confidence)  # type: ignore[arg-type]
    assert [path.name for path in file.parent.iterdir()] == ["0000.npz"]


def test_joints_are_stored_as_float32(tmp_path: Path) -> None:
    precise = SKELETONS.moved((SKELETONS.joints.double() / 3).requires_grad_())
    write_skeletons(tmp_path / "0000.npz", precise)
    assert torch.equal(read_skeletons(tmp_path / "0000.npz", NTU25).joints, precise.joints.detach().float())


def test_another_layout_is_named(tmp_path: Path) -> None:
    write_skeletons(tmp_path / "0000.npz", SKELETONS)
    with pytest.raises(DataError, match=r"0000\.npz: found skeletons of layout ntu-25; expected openpose-18"):
        read_skeletons(tmp_path / "0000.npz", OPENPOSE18)


@pytest.mark.parametrize("keep", [0, 10, 300, -1])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, keep: int) -> None:
    file = tmp_path / "0000.npz"
    write_skeletons(file, SKELETONS)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"0000\.npz: found .*; expected adversarial samples") as raised:
        read_skeletons(file, NTU25)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"joints": np.zeros((2, 1, 3, 25, 3))},
        {"present": np.zeros((2, 1, 3))},
        {"lengths": np.array([3, 4])},
        {"ids": np.array([{"an": "object"}], dtype=object)},
    ],
)
def test_a_file_with_other_content_is_refused(tmp_path: Path, wrong: dict[str, np.ndarray]) -> None:
    right = {
        "joints": np.zeros((2, 1, 3, 25, 3), np.float32),
        "present": np.ones((2, 1, 3), bool),
        "lengths": np.array([3, 2]),
        "ids": np.array(["a", "b"]),
        "layout": np.array("ntu-25"),
    }
    np.savez(tmp_path / "right.npz", **right)  # type: ignore[arg-type]
    assert read_skeletons(tmp_path / "right.npz", NTU25).ids == ("a", "b")
    np.savez(tmp_path / "wrong.npz", **{**right, **wrong})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="found"):
        read_skeletons(tmp_path / "wrong.npz", NTU25)
