"""Writing synthetic actions to disk: ST-GCN's arrays, or the `.skeleton` files of NTU RGB+D."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from stumble.data.action_notes import ActionNote
from stumble.data.array_pairs import read_labels
from stumble.data.damage import reading
from stumble.data.trees import NOTE
from stumble.data.whole_files import whole_file
from stumble.errors import DataError
from stumble.layouts import NTU25
from stumble.spec import to_plain
from stumble.synth.action_library import ACTIONS
from stumble.synth.actions import LONGEST
from stumble.synth.actors import REPLICATIONS, Actors, Recording

__all__ = ["ARRAY", "LABELS", "write_actions"]

ARRAY, LABELS = "all_data.npy", "all_label.pkl"
_SHARDS = ".people"
_DEPTH, _COLOUR = (365.0, 256.0, 212.0), (1060.0, 960.0, 540.0)  # of a Kinect v2: focal length and middle, in pixels


def write_actions(
    root: Path,
    subjects: Sequence[int],
    actors: Actors = Actors(),
    layout: Literal["arrays", "skeleton"] = "arrays",
    replications: int = REPLICATIONS,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write people × classes × replications × three cameras below `root`; what is already there is kept.

    Args:
        layout: "arrays", `all_data.npy` float32 (N, 3, 64, 25, 1), zero after a clip's end, and `all_label.pkl`, a
            pickle of (names, labels from 0), as ST-GCN's `gendata` makes them; people can then not be added later.
            "skeleton", a file `SsssCcccPpppRrrrAaaa.skeleton` for each clip.
        replications: of each action by each person.
        progress: called with the number of people finished so far.

    Raises:
        DataError: `root` holds another synthetic world or other people's arrays, or files that are not ours.
    """
    _claim(root, actors, layout)
    if layout == "arrays":
        _write_arrays(root, subjects, actors, replications, progress)
        return
    for done, subject in enumerate(subjects, 1):
        _write_skeletons(root, subject, actors, replications)
        if progress:
            progress(done)


def _claim(root: Path, actors: Actors, layout: str) -> None:
    """Makes the folder and its note, or checks that they are those of this synthetic world."""
    facts = {"protocol": "synthetic-actions", "generator": to_plain(actors), "files": layout}
    note = ActionNote(True, tuple(ACTIONS), NTU25.name, facts)
    with reading(root, "a folder to write to"):
        root.mkdir(parents=True, exist_ok=True)
        if (root / NOTE).exists():
            if ActionNote.of(root) != note:
                expected = "these synthetic actions and format; choose an empty folder"
                raise DataError(root / NOTE, "another data set", expected)
        elif any(root.iterdir()):
            raise DataError(root, "a folder with other files", "an empty folder, or one of these synthetic actions")
        else:
            note.write(root)


def _performances(replications: int) -> list[tuple[int, int]]:
    return [(action, replication) for action in range(len(ACTIONS)) for replication in range(1, replications + 1)]


def _write_arrays(
    root: Path, subjects: Sequence[int], actors: Actors, replications: int, progress: Callable[[int], None] | None
) -> None:
    names = [name for s in subjects for a, r in _performances(replications) for name in actors.names(s, a, r)]
    labels = [int(name[-3:]) - 1 for name in names]
    if (root / LABELS).exists():  # it is written last
        found, _ = read_labels(root / LABELS)
        if list(found) != names:
            raise DataError(
                root / LABELS, f"{len(found)} clips of other people", "these people; choose an empty folder"
            )
        return
    shards = root / _SHARDS
    shards.mkdir(exist_ok=True)
    for done, subject in enumerate(subjects, 1):
        shard = shards / f"{subject:03d}-{replications}.npy"
        if not shard.exists():
            with whole_file(shard) as temporary, temporary.open("wb") as file:
                np.save(file, _of_person(actors, subject, replications))
        if progress:
            progress(done)
    with whole_file(root / ARRAY) as temporary:
        shape = (len(names), 3, LONGEST, 25, 1)
        array = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
        for clips, subject in zip(np.split(array, len(subjects)), subjects, strict=True):
            clips[:] = np.load(shards / f"{subject:03d}-{replications}.npy")
        array.flush()
    with whole_file(root / LABELS) as temporary:
        temporary.write_bytes(pickle.dumps((names, labels), protocol=2))
    shutil.rmtree(shards)


def _of_person(actors: Actors, subject: int, replications: int) -> np.ndarray:
    """(clips, 3, 64, 25, 1), in the order of the names."""
    clips = []
    for action, replication in _performances(replications):
        for recording in actors.recordings(subject, action, replication).values():
            clip = np.zeros((3, LONGEST, 25, 1), np.float32)
            clip[:, : len(recording.joints), :, 0] = np.moveaxis(recording.joints, 2, 0)
            clips.append(clip)
    return np.stack(clips)


def _write_skeletons(root: Path, subject: int, actors: Actors, replications: int) -> None:
    for action, replication in _performances(replications):
        paths = {name: root / f"{name}.skeleton" for name in actors.names(subject, action, replication)}
        if all(path.exists() for path in paths.values()):
            continue
        for name, recording in actors.recordings(subject, action, replication).items():
            with whole_file(paths[name]) as temporary:
                temporary.write_text(_skeleton_text(recording, 72057594037900000 + subject), encoding="ascii")


def _skeleton_text(recording: Recording, body: int) -> str:
    """One body in every frame; hands of unknown state, orientations zero, as nothing here reads them."""
    x, y, z = np.moveaxis(recording.joints.astype(np.float64), -1, 0)
    pixels = [part for f, u, v in (_DEPTH, _COLOUR) for part in (u + f * x / z, v - f * y / z)]
    state = np.where(recording.tracked, 2.0, 1.0)  # tracked, or inferred
    fields = np.stack([x, y, z, *pixels, state], -1)
    joint = "%.9g %.9g %.9g %.4f %.4f %.4f %.4f 0 0 0 0 %d\n"
    frame = f"1\n{body} 0 1 0 1 0 0 0 0 2\n25\n" + joint * 25
    return f"{len(fields)}\n" + "".join(frame % tuple(values) for values in fields.reshape(len(fields), -1).tolist())
