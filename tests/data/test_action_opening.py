"""Opening skeleton actions by what is on disk, and the report of `stumble data check`."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data.action_check import ActionReport, inspect_actions, inspect_data
from stumble.data.action_notes import ActionNote
from stumble.data.action_opening import ACTION_FORMATS, open_actions
from stumble.data.arrays import write_frames
from stumble.data.check import FolderReport
from stumble.errors import DataError

SkeletonText = Callable[..., str]
WritePair = Callable[..., None]

NAMES = [f"S001C{camera:03d}P{person:03d}R001A00{person % 3 + 1}" for person in (1, 75, 76) for camera in (1, 2, 3)]


def clips(count: int, joints: int = 25) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.1, 1, (count, 3, 4, joints, 2)).astype(np.float32)


@pytest.fixture
def folders(tmp_path: Path, skeleton_text: SkeletonText, write_pair: WritePair) -> dict[str, Path]:
    """One folder, or file, of every format."""
    ntu = tmp_path / "ntu" / "nturgb+d_skeletons" / "more"
    ntu.mkdir(parents=True)
    (ntu / f"{NAMES[0]}.skeleton").write_text(skeleton_text([{1: np.ones((25, 3))}]))
    for name, endings in (("st-gcn", ["_data.npy"]), ("2s-agcn", ["_data_joint.npy", "_data_bone.npy"])):
        for ending in endings:
            write_pair(tmp_path / name, "val", clips(9), NAMES, [0] * 9, ending)
    classes = np.eye(60)[[0, 5]]
    sequences = np.random.default_rng(0).uniform(0.1, 1, (2, 300, 150)).astype(np.float32)
    ctr_gcn = tmp_path / "NTU60_CS.npz"
    np.savez(ctr_gcn, x_train=sequences, y_train=classes, x_test=sequences, y_test=classes)
    keypoints = np.random.default_rng(0).uniform(0.1, 1, (1, 4, 25, 3)).astype(np.float16)
    annotation = {"frame_dir": NAMES[0], "label": 0, "total_frames": 4, "keypoint": keypoints}
    pyskl = tmp_path / "ntu60_3danno.pkl"
    pyskl.write_bytes(pickle.dumps({"split": {"xsub_train": [NAMES[0]]}, "annotations": [annotation]}))
    kinetics = tmp_path / "kinetics"
    (kinetics / "kinetics_val").mkdir(parents=True)
    facts = {"label": "yoga", "label_index": 1}
    (kinetics / "kinetics_val_label.json").write_text(json.dumps({"ab": {"has_skeleton": True, **facts}}))
    frame = {"frame_index": 1, "skeleton": [{"pose": [0.5] * 36, "score": [0.5] * 18}]}
    (kinetics / "kinetics_val" / "ab.json").write_text(json.dumps({"data": [frame], **facts}))
    return {
        "NTU .skeleton": tmp_path / "ntu",
        "ST-GCN arrays": tmp_path / "st-gcn",
        "2s-AGCN arrays": tmp_path / "2s-agcn",
        "CTR-GCN": ctr_gcn,
        "PYSKL": pyskl,
        "Kinetics": kinetics,
    }


def test_every_format_is_known_by_what_is_on_disk(folders: dict[str, Path]) -> None:
    for name, path in folders.items():
        data = open_actions(path)
        assert data.format.startswith(name)
        assert np.isfinite(data.load(data.clips[0]).positions).all()


def test_hdm05_is_known_by_what_is_on_disk(mocap: Path) -> None:
    assert open_actions(mocap / "hdm05").format == "HDM05 ASF/AMC"


def test_what_fits_nothing_is_told_what_would(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("")
    for path, found in (
        (tmp_path, "1 .txt files"),
        (tmp_path / "some.txt", "a .txt file"),
        (tmp_path / "x", "nothing"),
    ):
        with pytest.raises(DataError, match=f"found {found}; expected ") as error:
            open_actions(path)
        for format in ACTION_FORMATS:
            assert format.expected in str(error.value)
        with pytest.raises(DataError, match=r"SUBJECT/CONDITION/VIEW.*; or skeleton actions: .*PYSKL|a folder of gait"):
            inspect_data(path)


def test_a_report_in_words(tmp_path: Path, write_pair: WritePair) -> None:
    array = clips(9)
    array[1] = 0
    array[4, 0, 0, 0, 0] = np.nan
    array[8, :, :, :, 1] = 0
    write_pair(tmp_path, "all", array, NAMES, [0, 1, 2] * 3, "_data.npy")
    ActionNote(True, ("walk", "run", "hop", "bow")).write(tmp_path)
    seen: list[tuple[int, int]] = []
    report = inspect_actions(tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 9) for done in range(1, 10)]
    assert report.splits == {"synthetic-xsub": (3, 6), "synthetic-xview": (2, 2)}
    assert report.lines() == [
        f"{tmp_path}: ST-GCN arrays, layout ntu-25, preprocessing raw",
        "3 of 4 classes: walk, run, hop, ...",
        "3 synthetic people: 001, 075-076",
        "3 cameras: 001, 002, 003",
        "9 clips, 7 usable with 28 frames, up to 2 people in a clip",
        "splits that fit: synthetic-xsub (3 train, 6 test); synthetic-xview (2 train, 2 test)",
        f"damaged: {NAMES[1]}: {tmp_path}/all_data.npy: {NAMES[1]}: found nobody in any frame; "
        "expected at least one joint that is not zero",
        f"damaged: {NAMES[4]}: {tmp_path.name}: {NAMES[4]}: found 1 frames with joints that are NaN or infinite; "
        "expected numbers",
    ]


def test_clips_left_out_and_people_not_told_apart(
    tmp_path: Path, write_pair: WritePair, skeleton_text: SkeletonText
) -> None:
    for name, frames in ((NAMES[0], [{1: np.ones((25, 3))}]), (NAMES[1], [{}]), (NAMES[2], [{}, {}])):
        (tmp_path / f"{name}.skeleton").write_text(skeleton_text(frames))
    text = "\n".join(inspect_actions(tmp_path).lines())
    assert f"2 left out, no body in any frame: {NAMES[1]}, {NAMES[2]}" in text
    assert "1 real people: 001" in text and "splits that fit: none" in text
    write_pair(
        tmp_path / "kinetics",
        "val",
        np.zeros((20, 3, 4, 18, 2), np.float32),
        list("abcdefghijklmnopqrst"),
        [0] * 20,
        "_data.npy",
    )
    text = "\n".join(inspect_actions(tmp_path / "kinetics").lines())
    assert "real people, who are not told apart" in text
    assert "damaged: j: " in text and "damaged: k: " not in text and "and 10 more damaged" in text


def test_gait_and_actions_are_told_apart(folders: dict[str, Path], tmp_path: Path) -> None:
    for path in folders.values():
        assert isinstance(inspect_data(path), ActionReport)
    write_frames(tmp_path / "gait" / "001" / "nm-01" / "000" / "000.npz", np.ones((6, 64, 64), np.uint8))
    assert isinstance(inspect_data(tmp_path / "gait"), FolderReport)
