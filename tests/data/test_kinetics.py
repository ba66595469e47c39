from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.actions import Clip
from stumble.data.kinetics import open_kinetics
from stumble.errors import DataError
from stumble.layouts import OPENPOSE18
from stumble.preprocess import StGcn

PEOPLE = (1, 0, 7, 2, 2)


def video(seed: int, label: int) -> dict[str, Any]:
    """As OpenPose's detections are packed: each frame has its own people."""
    random = np.random.default_rng(seed)
    people = [
        [
            {"pose": random.uniform(size=36).round(3).tolist(), "score": random.uniform(size=18).round(3).tolist()}
            for _ in range(count)
        ]
        for count in PEOPLE
    ]
    frames = [{"frame_index": index, "skeleton": skeletons} for index, skeletons in enumerate(people)]
    return {"data": frames, "label": "some class", "label_index": label}


def write(root: Path, part: str, videos: dict[str, dict[str, Any]], **more: dict[str, Any]) -> Path:
    """Clips and their label file; `more` is added to the labels."""
    folder = root / f"kinetics_{part}"
    folder.mkdir(parents=True)
    labels = {}
    for name, content in videos.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
        label = content["label_index"]
        labels[name] = {"has_skeleton": True, "label": f"activity {label}", "label_index": label}
    (root / f"kinetics_{part}_label.json").write_text(json.dumps({**labels, **more}))
    return root


def test_the_first_five_people_of_every_frame(tmp_path: Path) -> None:
    write(tmp_path, "train", {"-aB_c": video(0, 2), "zzz": video(1, 0)})
    data = open_kinetics(write(tmp_path, "val", {"mmm": video(2, 2)}))
    assert (data.layout, data.preprocessing, len(data)) == (OPENPOSE18, "raw", 3)
    assert data.clips == (Clip("-aB_c", 2, part="train"), Clip("mmm", 2, part="test"), Clip("zzz", 0, part="train"))
    assert data.classes == ("activity 0", "class 2", "activity 2")
    joints = data.load(data.clips[1])
    assert joints.positions.shape == (5, 5, 18, 2)
    assert joints.confidence is not None
    for t, frame in enumerate(video(2, 2)["data"]):
        for person in range(5):
            there = person < PEOPLE[t]
            pose = frame["skeleton"][person]["pose"] if there else [0.0] * 36
            score = frame["skeleton"][person]["score"] if there else [0.0] * 18
            np.testing.assert_array_equal(joints.positions[person, t, :, 0], np.array(pose[0::2], np.float32))
            np.testing.assert_array_equal(joints.positions[person, t, :, 1], np.array(pose[1::2], np.float32))
            np.testing.assert_array_equal(joints.confidence[person, t], np.array(score, np.float32))


def test_a_batch_goes_through_its_recipe(tmp_path: Path) -> None:
    data = open_kinetics(write(tmp_path, "val", {"a": video(0, 0), "b": video(1, 1)}))
    batch = data.batch(data.clips)
    assert batch.present.sum((1, 2)).tolist() == [sum(min(count, 5) for count in PEOPLE)] * 2
    assert StGcn()(batch).shape == (2, 3, 300, 18, 2)


def test_frames_left_out_are_empty(tmp_path: Path) -> None:
    content = video(0, 0)
    content["data"] = [{**content["data"][0], "frame_index": 4}, {**content["data"][3], "frame_index": 2}]
    data = open_kinetics(write(tmp_path, "val", {"a": content}))
    assert data.load(data.clips[0]).positions.any((2, 3)).tolist() == [
        [False, False, True, False, True],
        [False, False, True, False, False],
    ]


def test_clips_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    facts = {"has_skeleton": True, "label": "activity 1", "label_index": 1}
    write(tmp_path, "val", {"a": video(0, 0)}, gone=facts, blank={**facts, "has_skeleton": False})
    (tmp_path / "kinetics_val" / "stray.json").write_text("{}")
    data = open_kinetics(tmp_path)
    assert [clip.id for clip in data.clips] == ["a"]
    assert data.missing == {
        "stray": "not in kinetics_val_label.json",
        "gone": "without a file",
        "blank": "without a skeleton",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_index": 3}, r"a\.json: found label_index 3; expected 0, as in the label file"),
        ({"data": []}, r"a\.json: found nobody in any frame"),
        ({"data": [{"frame_index": 0, "skeleton": []}]}, r"nobody in any frame"),
        ({"data": [{"frame_index": -1, "skeleton": []}]}, r"frame_index -1; expected whole numbers from 0"),
        ({"data": [{"frame_index": 10**9, "skeleton": []}]}, r"frame_index 1000000000"),
        ({"data": video(0, 0)["data"] * 2}, r"frame_index 0; expected whole numbers .*, each once"),
        (
            {"data": [{"frame_index": 7, "skeleton": [{"pose": [0.5] * 34, "score": [1.0] * 17}]}]},
            r"a\.json, frame 7: found a pose of float64 \(34,\); expected 36 numbers",
        ),
        (
            {"data": [{"frame_index": 7, "skeleton": [{"pose": [0.5] * 36, "score": ["1.0"] * 18}]}]},
            r"a score of <U3 \(18,\); expected 18 numbers",
        ),
        (
            {"data": [{"frame_index": 7, "skeleton": [{"pose": [0.5] * 36, "score": [-0.5] * 18}]}]},
            r"a score that is negative or no number",
        ),
        ({"data": [{"frame_index": 7}]}, r"a\.json: found KeyError: 'skeleton'"),
    ],
)
def test_clips_that_are_damaged(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    root = write(tmp_path, "val", {"a": video(0, 0)})
    (root / "kinetics_val" / "a.json").write_text(json.dumps({**video(0, 0), **changes}))
    data = open_kinetics(root)
    with pytest.raises(DataError, match=message):
        data.load(data.clips[0])


def test_joints_that_are_no_numbers(tmp_path: Path) -> None:
    content = video(0, 0)
    content["data"][3]["skeleton"][1]["pose"][5] = float("nan")
    data = open_kinetics(write(tmp_path, "val", {"a": content}))
    with pytest.raises(DataError, match="a: found 1 frames with joints that are NaN"):
        data.load(data.clips[0])


def test_folders_and_labels_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no clip"):
        open_kinetics(tmp_path)
    write(tmp_path, "train", {"a": video(0, 0)})
    write(tmp_path, "val", {"a": video(0, 0)})
    with pytest.raises(DataError, match=r"kinetics_val_label\.json: found a, which kinetics_train_label\.json has too"):
        open_kinetics(tmp_path)
    labels = tmp_path / "kinetics_val_label.json"
    labels.write_text(json.dumps({"b": {"has_skeleton": True, "label": "other", "label_index": 0}}))
    with pytest.raises(DataError, match="class 0 'other'; expected 'activity 0'"):
        open_kinetics(tmp_path)
    labels.write_text(json.dumps({"b": {"has_skeleton": True, "label": "other", "label_index": "0"}}))
    with pytest.raises(DataError, match=r"kinetics_val_label\.json: found b: .*expected \{clip:"):
        open_kinetics(tmp_path)
    labels.write_text("{}")
    (tmp_path / "kinetics_val" / "a.json").unlink()
    (tmp_path / "kinetics_val").rmdir()
    with pytest.raises(DataError, match="kinetics_val: found FileNotFoundError"):
        open_kinetics(tmp_path)


@given(st.data())
def test_any_damage_is_a_data_error_or_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = write(tmp_path_factory.mktemp("kinetics"), "val", {"a": video(0, 0)})
    path = data.draw(st.sampled_from([root / "kinetics_val" / "a.json", root / "kinetics_val_label.json"]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with suppress(DataError):
        opened = open_kinetics(root)
        for clip in opened.clips:
            opened.load(clip)
