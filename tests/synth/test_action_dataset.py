from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from stumble.data.action_opening import open_actions
from stumble.errors import DataError
from stumble.spec import to_plain
from stumble.synth import Actors, write_actions
from stumble.synth import action_dataset as module
from stumble.synth.action_library import ACTIONS

PAIR = tuple(ACTIONS)[:2]


@pytest.fixture(autouse=True)
def few_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing is the same for two classes as for all."""
    chosen = {name: ACTIONS[name] for name in PAIR}
    monkeypatch.setattr(module, "ACTIONS", chosen)


def read_skeleton(path: Path) -> np.ndarray:
    """An independent, minimal reader: (frames, 25, 12)."""
    words = iter(path.read_text().split())
    frames = []
    for _ in range(int(next(words))):
        assert next(words) == "1"
        body = [next(words) for _ in range(10)]
        assert body[0].isdigit()
        assert next(words) == "25"
        frames.append([[float(next(words)) for _ in range(12)] for _ in range(25)])
    assert next(words, None) is None
    return np.array(frames)


def content(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.iterdir())}


def test_people_are_written_as_arrays_and_read_back(tmp_path: Path) -> None:
    finished: list[int] = []
    write_actions(tmp_path / "actions", [7, 9], progress=finished.append)
    assert finished == [1, 2]
    data = open_actions(tmp_path / "actions")
    assert data.synthetic
    assert data.classes == PAIR
    assert data.subjects == ("007", "009")
    assert len(data) == 2 * 2 * 2 * 3
    clips = {clip.id: clip for clip in data.clips}
    for name, recording in Actors().recordings(9, 1, 2).items():
        assert clips[name].label == 1
        np.testing.assert_array_equal(data.load(clips[name]).positions[0], recording.joints)


def test_the_arrays_are_st_gcns(tmp_path: Path) -> None:
    write_actions(tmp_path, [7], replications=1)
    array = np.load(tmp_path / "all_data.npy")
    names, labels = pickle.loads((tmp_path / "all_label.pkl").read_bytes())
    assert array.shape == (6, 3, 64, 25, 1)
    assert array.dtype == np.float32
    assert labels == [0, 0, 0, 1, 1, 1]
    assert all(re.fullmatch(r"S\d{3}C00[123]P007R001A00[12]", name) for name in names)
    assert [name[5:8] for name in names] == ["001", "002", "003"] * 2
    recordings = Actors().recordings(7, 0, 1)
    for row, (name, recording) in enumerate(recordings.items()):
        frames = len(recording.joints)
        assert names[row] == name
        np.testing.assert_array_equal(array[row, :, :frames, :, 0].transpose(1, 2, 0), recording.joints)
        assert not array[row, :, frames:].any()


def test_a_person_is_the_same_in_any_company(tmp_path: Path) -> None:
    write_actions(tmp_path / "both", [6, 7], replications=1)
    write_actions(tmp_path / "alone", [7], replications=1)
    both, alone = (np.load(tmp_path / folder / "all_data.npy") for folder in ("both", "alone"))
    np.testing.assert_array_equal(both[6:], alone)


def test_skeleton_files_hold_what_the_sensors_report(tmp_path: Path) -> None:
    write_actions(tmp_path, [7], layout="skeleton", replications=1)
    files = sorted(tmp_path.glob("*.skeleton"))
    assert len(files) == 6
    for name, recording in Actors().recordings(7, 0, 1).items():
        values = read_skeleton(tmp_path / f"{name}.skeleton")
        np.testing.assert_array_equal(values[..., :3].astype(np.float32), recording.joints)
        np.testing.assert_array_equal(values[..., 11] == 2, recording.tracked)
        assert set(np.unique(values[..., 11])) <= {1.0, 2.0}
        assert ((values[..., 5] > 0) & (values[..., 5] < 1920)).mean() > 0.9, "most joints are in the colour image"
    data = open_actions(tmp_path)
    assert data.synthetic
    assert data.classes == PAIR
    for clip in data.clips:
        np.testing.assert_allclose(
            data.load(clip).positions[0], read_skeleton(tmp_path / f"{clip.id}.skeleton")[..., :3]
        )


def test_interrupted_arrays_are_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    write_actions(whole, [7, 8, 9], replications=1)

    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_actions(broken, [7, 8, 9], replications=1, progress=stop)
    assert not (broken / "all_data.npy").exists()
    made: list[int] = []
    person = module._of_person
    monkeypatch.setattr(module, "_of_person", lambda a, subject, r: made.append(subject) or person(a, subject, r))
    write_actions(broken, [7, 8, 9], replications=1)
    assert made == [9]
    assert content(broken) == content(whole)
    write_actions(broken, [7, 8, 9], replications=1)
    assert made == [9], "finished"


def test_whole_skeleton_files_are_kept_and_people_added(tmp_path: Path) -> None:
    write_actions(tmp_path, [7], layout="skeleton", replications=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.skeleton")}
    lost = min(before)
    text = lost.read_bytes()
    lost.unlink()
    write_actions(tmp_path, [7, 8], layout="skeleton", replications=1)
    assert lost.read_bytes() == text
    assert len(list(tmp_path.glob("*.skeleton"))) == 12
    kept = [path for path in before if path.name[12:] != lost.name[12:]]
    assert len(kept) == 3, "those of the other performance"
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)


def test_the_note_says_what_it_is(tmp_path: Path) -> None:
    write_actions(tmp_path, [7], Actors(seed=3), replications=1)
    note = json.loads((tmp_path / "stumble.json").read_text())
    assert note["synthetic"] is True
    assert note["layout"] == "ntu-25"
    assert note["protocol"] == "synthetic-actions"
    assert note["classes"] == list(PAIR)
    assert note["generator"] == to_plain(Actors(seed=3))


def test_folders_with_something_else_are_refused(tmp_path: Path) -> None:
    write_actions(tmp_path / "ours", [7], replications=1)
    with pytest.raises(DataError, match="another data set"):
        write_actions(tmp_path / "ours", [7], Actors(seed=2), replications=1)
    with pytest.raises(DataError, match="another data set"):
        write_actions(tmp_path / "ours", [7], layout="skeleton", replications=1)
    with pytest.raises(DataError, match="6 clips"):
        write_actions(tmp_path / "ours", [8], replications=1)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").touch()
    with pytest.raises(DataError, match="other files"):
        write_actions(tmp_path / "theirs", [7])
    (tmp_path / "file").touch()
    with pytest.raises(DataError):
        write_actions(tmp_path / "file", [7])
