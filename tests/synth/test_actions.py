from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.layouts import NTU25
from stumble.synth import Actors
from stumble.synth.action_library import ACTIONS
from stumble.synth.actions import LONGEST, SHORTEST, perform
from stumble.synth.body import Body, Shape
from stumble.synth.kinect import Kinect, SensorNoise
from stumble.synth.puppet import ANGLES, LIMB_ANGLES, animate

CLASSES = tuple(ACTIONS)
EXACT = Actors(noise=None, size=(1.0, 1.0))

FEET = list(NTU25.index("left ankle", "left foot", "right ankle", "right foot"))


def index(*names: str) -> list[int]:
    return list(NTU25.index(*names))


def bones(joints: np.ndarray) -> np.ndarray:
    return np.stack([np.linalg.norm(joints[..., c, :] - joints[..., p, :], axis=-1) for c, p in NTU25.bones], -1)


def posed(**angles: float) -> np.ndarray:
    """The joints of a body that holds still, relative to the pelvis."""
    still = {name: np.full(5, angles.get(name.replace(" ", "_"), 0.0)) for name in ANGLES}
    body = Body(Shape())
    motion = animate(still, body)
    return body.ntu_joints(motion.rotations, motion.root)[0]


def test_actors_are_a_data_set() -> None:
    data = Actors().data([3])
    clip = data.clips[0]
    assert clip.subject == "003"
    joints = data.load(clip)
    assert joints.positions.shape[0] == 1
    assert SHORTEST <= joints.positions.shape[1] <= LONGEST
    assert joints.positions.shape[2:] == (25, 3)
    assert data.classes == CLASSES
    assert len(data) == len(CLASSES) * 3 * 2
    assert data.synthetic


def test_there_are_the_classes_that_were_asked_for() -> None:
    assert len(CLASSES) == 24
    assert {"walk", "run", "jump", "hop", "wave one hand", "sit down", "stand up", "lie down"} <= set(CLASSES)


def test_a_person_acts_the_same_whoever_else_does() -> None:
    alone, again = Actors().recordings(7, 4, 2), Actors().recordings(7, 4, 2)
    Actors().recordings(6, 4, 2)
    for name in alone:
        np.testing.assert_array_equal(alone[name].joints, again[name].joints)


def test_people_replications_and_worlds_differ() -> None:
    clips = [
        Actors().performance(7, 4, 1),
        Actors().performance(8, 4, 1),
        Actors().performance(7, 4, 2),
        Actors(seed=2).performance(7, 4, 1),
    ]
    for a, b in combinations(clips, 2):
        frames = min(len(a), len(b))
        assert np.abs(a[:frames] - b[:frames]).max() > 0.02


def test_movements_are_as_large_as_asked_for() -> None:
    def travelled(size: float) -> float:
        actors = replace(EXACT, size=(size, size))
        joints = actors.performance(7, CLASSES.index("squat"), 1)
        return float(np.ptp(joints[:, index("head")[0], 2]))

    small, half, whole = travelled(0.2), travelled(0.5), travelled(1.0)
    assert small < half < whole
    assert small < 0.15 < 0.3 < whole


@pytest.mark.parametrize("action", range(len(CLASSES)), ids=CLASSES)
def test_bodies_are_rigid_stay_above_the_floor_and_move(action: int) -> None:
    for subject, replication in ((1, 1), (2, 2), (75, 1)):
        joints = EXACT.performance(subject, action, replication)
        assert SHORTEST <= len(joints) <= LONGEST
        change = np.ptp(bones(joints), axis=0)
        shoulder = [joint in index("left shoulder", "right shoulder") for joint, _ in NTU25.bones]
        assert change[~np.array(shoulder)].max() < 0.02, "the spine bends between its joints"
        assert change.max() < 0.05, "collar bones lift the shoulders"
        assert joints[:, FEET, 2].min() > 0.0
        assert joints[..., 2].min() > -0.1, "fingertips of who picks something up"
        assert joints[..., 2].max() < 2.9
        moved = joints - joints[:, :1]
        assert np.linalg.norm(np.ptp(moved, axis=0), axis=-1).max() > 0.2
        speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * 25
        assert speed.max() < 25, "metres a second: no joint leaps from one frame to the next"


def test_feet_that_stand_do_not_slide() -> None:
    body, motion = perform(1, 8, "squat", 1, (1.0, 1.0))
    joints = body.ntu_joints(motion.rotations, motion.root)
    ankle = joints[:, index("left ankle")[0]]
    standing = (joints[:, index("left foot")[0], 2] < 0.03)[:-1]
    assert np.linalg.norm(np.diff(ankle[:, :2], axis=0), axis=1)[standing].max() < 0.03


def test_what_is_told_apart_by_the_end() -> None:
    """Sitting down ends lower than it begins, standing up higher, lying down flat."""
    for subject in range(1, 6):
        heights = {
            name: EXACT.performance(subject, CLASSES.index(name), 1)[:, index("head")[0], 2]
            for name in ("sit down", "stand up", "lie down")
        }
        assert heights["sit down"][-1] < heights["sit down"][0] - 0.2
        assert heights["stand up"][-1] > heights["stand up"][0] + 0.2
        assert heights["lie down"].min() < 0.6


def test_hands_meet_in_clapping_and_go_up_in_waving() -> None:
    left, right, head = index("left hand", "right hand", "head")
    for subject in range(1, 9):
        clap = EXACT.performance(subject, CLASSES.index("clap"), 1)
        assert np.linalg.norm(clap[:, left] - clap[:, right], axis=-1).min() < 0.22
        wave = EXACT.performance(subject, CLASSES.index("wave both hands"), 1)
        assert (wave[:, [left, right], 2] > wave[:, [head], 2] - 0.1).all(1).any()


def test_in_a_jump_both_feet_leave_the_ground() -> None:
    for subject in range(1, 6):
        jump = EXACT.performance(subject, CLASSES.index("jump"), 1)
        assert jump[:, FEET, 2].min(1).max() > 0.08


def test_the_puppets_angles_mean_what_they_say() -> None:
    rest = posed()
    left_hand, right_hand, head, left_shoulder = index("left hand", "right hand", "head", "left shoulder")
    assert posed(left_arm_raise=90.0)[left_hand, 0] > rest[left_hand, 0] + 0.3, "ahead"
    side = posed(left_arm_raise=90.0, left_arm_out=90.0)
    assert side[left_hand, 1] > rest[left_hand, 1] + 0.3, "to the left"
    assert posed(right_arm_raise=90.0, right_arm_out=90.0)[right_hand, 1] < rest[right_hand, 1] - 0.3, "to the right"
    assert posed(left_arm_raise=180.0)[left_hand, 2] > rest[head, 2], "up"
    salute = posed(left_arm_raise=90.0, left_arm_out=90.0, left_arm_spin=90.0, left_arm_elbow=90.0)
    assert salute[left_hand, 2] > side[left_shoulder, 2] + 0.2, "forearm up"
    assert posed(bend=40.0)[head, 0] > rest[head, 0] + 0.1
    assert posed(look=30.0, twist=30.0)[left_hand, 0] < rest[left_hand, 0], "turned to the left"
    low = posed(**{f"{s}_leg_{a}": v for s in ("left", "right") for a, v in (("thigh", 90.0), ("knee", 100.0))})
    assert 0.3 < low[0, 2] < rest[0, 2] - 0.2, "the pelvis comes down, the soles stay on the ground"
    np.testing.assert_allclose(low[index("left foot"), 2], rest[index("left foot"), 2], atol=0.01)


def test_three_cameras_see_one_motion() -> None:
    """Up to a rotation and a shift; a reflection would do no better than a distance of half a body."""
    first, *others = (r.joints.reshape(-1, 3) for r in EXACT.recordings(5, 4, 1).values())
    assert len(others) == 2
    for other in others:
        a, b = first - first.mean(0), other - other.mean(0)
        u, _, vt = np.linalg.svd(a.T @ b)
        assert np.linalg.det(u @ vt) == pytest.approx(1.0)
        np.testing.assert_allclose(a @ u @ vt, b, atol=1e-4)


@given(st.floats(-180, 180), st.floats(0.5, 2.0), st.floats(2.0, 4.0), st.floats(-10, 30), st.floats(-5, 5))
def test_a_camera_is_a_proper_rigid_motion(angle: float, height: float, away: float, tilt: float, roll: float) -> None:
    kinect = Kinect(angle, height, away, tilt, roll)
    axes = kinect.see(np.eye(3)) - kinect.see(np.zeros((1, 3)))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)


def test_the_axes_are_ntus() -> None:
    """y up, z away, and somebody who faces the camera has their left at the smaller x."""
    seen = Kinect(0.0, 1.0, 3.0).see(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    np.testing.assert_allclose(seen, [[0, 0, 3], [0, 1, 3], [0, 0, 2], [-1, 0, 3]], atol=1e-12)


def test_actors_face_camera_2_then_camera_3() -> None:
    left, right = index("left hip", "right hip")
    for replication, towards in ((1, "C002"), (2, "C003")):
        facing = []
        for subject in range(1, 13):
            for name, seen in EXACT.recordings(subject, CLASSES.index("bow"), replication).items():
                if towards in name:
                    facing.append(float((seen.joints[:, left, 0] < seen.joints[:, right, 0]).mean()))
        assert np.mean(facing) > 0.95


def test_the_sensor_errs_most_at_hands_and_feet_and_where_it_cannot_see() -> None:
    noise = SensorNoise(jitter=1.0, drift=1.0, occlusion=0.05, slips=0.0)
    seen = EXACT.recordings(5, 4, 1)
    frames = np.tile(next(iter(seen.values())).joints[:1].astype(np.float64), (64, 1, 1))
    errors = np.mean(
        [np.linalg.norm(noise.spoil(frames, np.random.default_rng(k))[0] - frames, axis=-1) for k in range(30)], (0, 1)
    )
    hands, trunk = index("left hand tip", "right hand tip"), index("spine base", "spine middle", "spine shoulder")
    assert errors[hands].min() > 1.5 * errors[trunk].max()
    assert 0.003 < errors[trunk].mean() < 0.03
    behind = frames.copy()
    wrist = index("left wrist")[0]
    behind[:, wrist] = behind[:, index("spine middle")[0]] * 1.1  # on the same ray, further away
    _, tracked = noise.spoil(behind, np.random.default_rng(0))
    assert not tracked[:, wrist].any()
    assert tracked[:, trunk].all()


@pytest.mark.parametrize("name", CLASSES)
def test_every_track_is_in_order_and_names_what_exists(name: str) -> None:
    for way in ACTIONS[name]:
        assert way.moves or way.cycle
        for tracks, cyclic in ((way.moves, False), (way.cycle, True)):
            for track_name, track in tracks.items():
                times = [time for time, _ in track]
                assert times == sorted(set(times)), track_name
                assert times[-1] - times[0] < 1 if cyclic else (0 <= times[0] and times[-1] <= 1), track_name
                limb, _, angle = track_name.rpartition(" ")
                assert limb in ("", *(f"{w}{part}" for part in ("arm", "leg") for w in ("", "other ")), "arms", "legs")
                assert angle in (LIMB_ANGLES[limb.split()[-1].rstrip("s")] if limb else ANGLES), track_name
