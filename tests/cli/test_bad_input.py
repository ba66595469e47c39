"""Whatever is wrong with a file is one clear line and no traceback, and nothing half-written is left."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stumble.cli import main
from stumble.data import write_frames
from stumble.models.checkpoints import load_gaitset


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def truncated_png(folder: Path) -> None:
    image = np.zeros((120, 160), np.uint8)
    image[20:100, 60:90] = 255
    content = cv2.imencode(".png", image)[1].tobytes()
    for number in range(1, 7):
        (folder / f"007-nm-01-090-{number:03d}.png").write_bytes(
            content if number != 3 else content[: len(content) // 2]
        )


def pickle_that_calls(folder: Path) -> None:
    (folder / "090.pkl").write_bytes(pickle.dumps(Malicious(folder / "called")))


def empty_sequence(folder: Path) -> None:
    write_frames(folder / "090.npz", np.zeros((0, 64, 64), np.uint8))


def wrong_size(folder: Path) -> None:
    write_frames(folder / "090.npz", np.zeros((7, 32, 32), np.uint8))


BAD = {
    truncated_png: ("007-nm-01-090-003.png: found ", "bytes that end before the image does; expected a whole PNG file"),
    pickle_that_calls: ("090.pkl: found a pickle that names ", "system; expected a pickle of numpy arrays"),
    empty_sequence: ("007/nm-01/090: found uint8 (0, 64, 64)", "with n >= 1"),
    wrong_size: ("007/nm-01/090: found uint8 (7, 32, 32)", "expected uint8 (n, 64, 64) or (n, 64, 44)"),
}


@pytest.fixture(params=BAD, ids=lambda damage: damage.__name__)
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[str, str]]:
    """A data set with one sequence that cannot be used, and parts of what must be said of it."""
    root = tmp_path / "bad"
    folder = root / "007" / "nm-01" / "090"
    folder.mkdir(parents=True)
    request.param(folder)
    return root, BAD[request.param]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_check_says_what_is_wrong(
    bad: tuple[Path, tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, parts = bad
    before = files(tmp_path)
    assert main(["data", "check", str(root)]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("damaged: "))
    assert all(part in line for part in parts)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "command",
    [
        "evaluate --model {model} --data {data} --subjects 7 --out {out}",
        "attack --model {model} --data {data} --subjects 7 --attack PixelAttack --out {out}",
        "train gaitset --data {data} --out {out}.safetensors",
        "train wgan --data {data} --subjects 7 --held-out 7 --out {out}.safetensors",
    ],
    ids=lambda command: command.partition(" --")[0],
)
def test_every_command_names_the_sequence_and_writes_nothing(
    command: str,
    bad: tuple[Path, tuple[str, str]],
    networks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, parts = bad
    before = files(tmp_path)
    values = {"model": networks / "gaitset.safetensors", "data": root, "out": tmp_path / "out"}
    assert main([word.format(**values) for word in command.split()]) == 2
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    if "wgan" not in command:  # which refuses to train on nobody before it reads anything
        (line,) = (line for line in shown.splitlines() if line.startswith("stumble: left out 007/nm-01/090: "))
        assert all(part in line for part in parts)
    assert shown.splitlines()[-1].startswith("stumble: ")
    assert files(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == {"bad"}


def test_pretreat_leaves_a_damaged_sequence_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "raw" / "007" / "nm-01" / "090"
    folder.mkdir(parents=True)
    truncated_png(folder)
    assert main(["data", "pretreat", str(tmp_path / "raw"), str(tmp_path / "out")]) == 1
    assert "damaged: 007/nm-01/090: " in capsys.readouterr().out
    assert {path.name for path in files(tmp_path / "out")} == {"stumble.json"}


@pytest.mark.parametrize("command", ["evaluate", "attack"])
def test_a_checkpoint_with_nan_is_refused(
    command: str, walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = load_gaitset(networks / "gaitset.safetensors").state_dict()
    state["parts"][3, 4, 5] = torch.nan
    torch.save(state, tmp_path / "nan.pt")
    arguments = ["--model", str(tmp_path / "nan.pt"), "--data", str(walkers), "--out", str(tmp_path / "out")]
    assert main([command, *arguments, *(["--attack", "PixelAttack"] if command == "attack" else [])]) == 2
    expected = f"stumble: {tmp_path}/nan.pt: found 1 numbers in parts that are NaN or infinite; expected finite ones\n"
    assert capsys.readouterr().err == expected
    assert {path.name for path in tmp_path.iterdir()} == {"nan.pt"}
