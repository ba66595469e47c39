from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.campaign.store import read_samples, write_samples
from stumble.errors import DataError
from stumble.interfaces import AttackResult
from stumble.sequences import Silhouettes


@pytest.fixture
def result() -> AttackResult:
    draw = torch.Generator().manual_seed(0)
    frames = [torch.rand(n, 4, 3, generator=draw) for n in (3, 2)]
    adversarial = Silhouettes.pad(frames, ["001/nm-05/000", "002/nm-05/000"])
    edited = torch.tensor([[False, True, False], [True, False, False]])
    return AttackResult(adversarial, edited, torch.zeros(2).long(), torch.zeros(2).long(), ("done", "done"))


def test_what_is_stored_is_read_back_as_levels(tmp_path: Path, result: AttackResult) -> None:
    file = tmp_path / "samples" / "0000.npz"
    write_samples(file, result)
    stored, edited = read_samples(file)
    assert torch.equal(stored.frames, (result.adversarial.frames * 255).round().to(torch.uint8))
    assert torch.equal(stored.lengths, result.adversarial.lengths) and stored.ids == result.adversarial.ids
    assert torch.equal(edited, result.edited)
    assert [path.name for path in file.parent.iterdir()] == ["0000.npz"]  # no temporary file is left


def test_writing_again_replaces(tmp_path: Path, result: AttackResult) -> None:
    file = tmp_path / "0000.npz"
    file.write_bytes(b"something else")
    write_samples(file, result)
    assert read_samples(file)[0].ids == result.adversarial.ids


def test_a_file_is_whole_or_not_there(tmp_path: Path, result: AttackResult, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="no space left"):
        write_samples(tmp_path / "0000.npz", result)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, result: AttackResult, keep: int) -> None:
    file = tmp_path / "0000.npz"
    write_samples(file, result)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(
        DataError, match=r"0000\.npz: found .*; expected adversarial samples as stumble stores them"
    ) as raised:
        read_samples(file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"edited": np.zeros((2, 9), bool)},
        {"frames": np.zeros((2, 3, 4, 3), np.float32)},
        {"ids": np.array([{"an": "object"}], dtype=object)},
    ],
)
def test_a_file_with_other_content_is_refused(
    tmp_path: Path, result: AttackResult, wrong: dict[str, np.ndarray]
) -> None:
    right = {
        "frames": np.zeros((2, 3, 4, 3), np.uint8),
        "lengths": np.array([3, 2]),
        "ids": np.array(["a", "b"]),
        "edited": np.zeros((2, 3), bool),
    }
    np.savez(tmp_path / "0000.npz", **{**right, **wrong})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"0000\.npz: found"):
        read_samples(tmp_path / "0000.npz")
    np.savez(tmp_path / "0000.npz", **{name: array for name, array in right.items() if name != "edited"})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="edited"):
        read_samples(tmp_path / "0000.npz")


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="FileNotFoundError"):
        read_samples(tmp_path / "0000.npz")
