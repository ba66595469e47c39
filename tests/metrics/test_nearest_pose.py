from __future__ import annotations

import numpy as np

from stumble.metrics.nearest_pose import nearest_clips, pose_signature
from stumble.seeds import stream


def test_the_nearest_clip_wherever_it_happens_and_however_fast() -> None:
    raised, level = np.zeros((1, 9, 25, 3)), np.zeros((1, 9, 25, 3))
    raised[0, :, 7, 1] = np.linspace(0, 1, 9)
    faster_elsewhere = raised[:, ::2] + 3.0
    known = np.stack([pose_signature(clip, root=0) for clip in (level, raised)])
    assert nearest_clips(known, pose_signature(faster_elsewhere, root=0)[None]).tolist() == [1]


def test_against_a_loop() -> None:
    rng = stream(0, "", "test")
    known, asked = rng.normal(size=(20, 6)), rng.normal(size=(700, 6))
    expected = [int(np.square(known - row).sum(1).argmin()) for row in asked]
    assert nearest_clips(known, asked).tolist() == expected


def test_a_clip_of_one_frame() -> None:
    assert pose_signature(np.ones((1, 1, 25, 3)), root=0, frames=4).tolist() == [0.0] * 300
