"""Whatever is wrong with skeletons or their recogniser is one clear line that names the file, and nothing is left."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble import zoo
from stumble.cli import main
from stumble.data.action_notes import ActionNote
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.preprocess import StGcn

CLASSES = ("walk", "wave", "sit")
NAMES = ("S001C001P001R001A001", "S001C001P003R001A002")
COMMANDS = {
    "evaluate": "evaluate actions --model {model} --data {data} --out {out}",
    "attack": "attack actions --model {model} --data {data} --attack OneStep --out {out}",
    "train": "train stgcn --data {data} --split leave-one-out:003 --out {out}.safetensors",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "stgcn.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        zoo.save(STGCN(CLASSES, NTU25, StGcn(8, 1)), path, zoo.Card("nothing", "none", 0, {}))
    return path


def clip() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 25, 3)).round(3)


def text(joints: np.ndarray) -> str:
    """An NTU .skeleton file of one body."""
    lines = [str(len(joints))]
    for frame in joints.tolist():
        lines += ["1", "72057594037931101 0 1 1 1 1 0 -0.1 0.2 2", str(len(frame))]
        lines += [f"{x} {y} {z} 277.4 191.8 1036.2 519.1 0.2 0 0.9 0 2" for x, y, z in frame]
    return "\n".join([*lines, ""])


def write(root: Path, content: str, label: int = 1) -> None:
    for name in NAMES:
        (root / f"{name[:-3]}{label:03d}.skeleton").write_text(content)


def cut_in_the_middle(root: Path) -> None:
    lines = text(clip()).splitlines()
    write(root, "\n".join(lines[: len(lines) // 2]))


def frame_with_24_joints(root: Path) -> None:
    write(root, "4" + text(clip()[:3])[1:] + text(clip()[:1, :24]).partition("\n")[2])


def joints_that_are_nan(root: Path) -> None:
    joints = clip()
    joints[2, 7, 1] = np.nan
    write(root, text(joints))


def label_outside_the_classes(root: Path) -> None:
    write(root, text(clip()), label=4)


def arrays_with_nan(root: Path) -> None:
    array = np.stack([clip(), clip()]).transpose(0, 3, 1, 2)[..., None].astype(np.float32)
    array[:, 0, 2, 7] = np.nan
    np.save(root / "all_data.npy", array)
    (root / "all_label.pkl").write_bytes(pickle.dumps((NAMES, [0, 1])))


BAD = {
    cut_in_the_middle: (
        "R001A001.skeleton: found the end of the file; expected ",
        "joint 25 of body 1 of 1 in frame 2",
    ),
    frame_with_24_joints: ("R001A001.skeleton:88: found 24 joints; expected 25 joints of body 1 of 1 in frame 4 of 4",),
    joints_that_are_nan: ("R001A001.skeleton:68: found '", "nan", "numbers in metres, of joint 8 of body 1 of 1 in fr"),
    label_outside_the_classes: ("bad: S001C001P001R001A004: found class 4; expected one of the 3 classes, from 1",),
    arrays_with_nan: (f"bad: {NAMES[0]}: found 1 frames with joints that are NaN or infinite; expected numbers",),
}


@pytest.fixture(params=BAD, ids=lambda damage: damage.__name__)
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """Two clips that cannot be used, and what must be said of the first."""
    root = tmp_path / "bad"
    root.mkdir()
    request.param(root)
    ActionNote(False, CLASSES, NTU25.name).write(root)
    return root, BAD[request.param]


def run(command: str, model: Path, data: Path, out: Path) -> int:
    return main([word.format(model=model, data=data, out=out) for word in COMMANDS[command].split()])


def test_check_says_what_is_wrong(bad: tuple[Path, tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    root, parts = bad
    assert main(["data", "check", str(root)]) == 1
    first, _ = (line for line in capsys.readouterr().out.splitlines() if line.startswith("damaged: "))
    assert first.startswith("damaged: S001C001P001R001A00") and all(part in first for part in parts)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_the_file_and_writes_nothing(
    command: str,
    bad: tuple[Path, tuple[str, ...]],
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, parts = bad
    before = set(tmp_path.rglob("*"))
    assert run(command, model, root, tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    (line,) = (line for line in shown.splitlines() if line.startswith("stumble: left out S001C001P001R001A00"))
    assert all(part in line for part in parts)
    count = 1 if command == "train" else 2  # the other one is to be tested
    assert shown.splitlines()[-1].startswith("stumble: ")
    assert shown.splitlines()[-1].endswith(f": found none of {count} clips that can be read; expected at least one")
    assert set(tmp_path.rglob("*")) == before


def image_positions(root: Path) -> None:
    """Kinetics' joints, x, y and confidence."""
    np.save(root / "val_data.npy", np.full((3, 3, 8, 18, 1), 0.25, np.float32))


def two_channels(root: Path) -> None:
    np.save(root / "val_data.npy", np.full((3, 2, 8, 25, 1), 0.25, np.float32))


@pytest.mark.parametrize(
    ("write_array", "message"),
    [
        (
            image_positions,
            "flat: the target takes 3 coordinates of ntu-25 (25 joints); the data has 2 coordinates of openpose-18 (18",
        ),
        (
            two_channels,
            "val_data.npy: found float32 (3, 2, 8, 25, 1); expected a .npy file with floating point (clips, 3",
        ),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "attack"])
def test_flat_data_is_refused_by_a_model_of_space(
    command: str,
    write_array: Callable[[Path], None],
    message: str,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "flat"
    root.mkdir()
    write_array(root)
    (root / "val_label.pkl").write_bytes(pickle.dumps((["a", "b", "c"], [0, 1, 2])))
    assert run(command, model, root, tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stumble: ") and message in line
    assert {path.name for path in tmp_path.iterdir()} == {"flat"}


@pytest.mark.parametrize("command", ["evaluate", "attack"])
def test_a_checkpoint_with_nan_is_refused(
    command: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    write(root, text(clip()))
    network = zoo.File(model, "stgcn").load()
    assert isinstance(network, STGCN)
    state = network.state_dict()
    state["st_gcn_networks.3.gcn.conv.weight"][2, 1, 0, 0] = torch.nan
    torch.save(state, tmp_path / "nan.pt")
    assert run(command, tmp_path / "nan.pt", root, tmp_path / "out") == 2
    found = "found 1 numbers in st_gcn_networks.3.gcn.conv.weight that are NaN or infinite; expected finite ones"
    assert capsys.readouterr().err == f"stumble: {tmp_path}/nan.pt: {found}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"nan.pt", "data"}
