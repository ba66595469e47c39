"""The synthetic world of actors: who does what, before which sensors, and what these report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float

from stumble.data.actions import ActionData, Clip, Joints
from stumble.layouts import NTU25
from stumble.seeds import stream
from stumble.synth.action_library import ACTIONS
from stumble.synth.actions import SMALL, perform
from stumble.synth.gait import turn
from stumble.synth.kinect import CAMERAS, SETUPS, Kinect, SensorNoise

__all__ = ["REPLICATIONS", "Actors", "Recording"]

REPLICATIONS = 2
_ASKEW = 40.0  # degrees off the camera that an actor faces, at most


@dataclass(frozen=True)
class Recording:
    """What one sensor reports of one performance.

    Attributes:
        joints: in the sensor's frame, metres.
        tracked: joints that it sees, and does not guess.
    """

    joints: Float[np.ndarray, "t 25 3"]
    tracked: Bool[np.ndarray, "t 25"]


@dataclass(frozen=True)
class Actors:
    """A population of actors before three sensors. Every clip depends on its own name and the seed alone.

    As in NTU RGB+D an odd replication is performed towards camera 2, an even one towards camera 3.

    Attributes:
        seed: of the whole world; people are those of `Person.draw`.
        noise: what the sensors do to the joints; None for the true ones.
        size: of the movements: the least and the most of the whole one that an actor performs.
    """

    seed: int = 1
    noise: SensorNoise | None = SensorNoise()
    size: tuple[float, float] = SMALL

    def setup(self, subject: int) -> int:
        """The number of the setup in which this person was recorded, from 1."""
        return 1 + int(stream(self.seed, f"{subject:03d}", "setup").integers(len(SETUPS)))

    def camera(self, setup: int, camera: int) -> Kinect:
        """Camera 1, 2 or 3 of a setup: placed by hand and so a little off."""
        height, distance = SETUPS[setup - 1]
        off = stream(self.seed, f"S{setup:03d}C{camera:03d}", "kinect").normal(size=5)
        level = np.degrees(np.arctan2(height - 0.95, distance))
        return Kinect(
            CAMERAS[camera - 1] + 2.0 * off[0],
            height * (1 + 0.02 * off[1]),
            distance * (1 + 0.03 * off[2]),
            float(level + 1.5 * off[3]),
            float(0.6 * off[4]),
        )

    def performance(self, subject: int, action: int, replication: int) -> Float[np.ndarray, "t 25 3"]:
        """The true joints in the world: x towards camera 1, y to the left of who looks there, z up, metres."""
        body, motion = perform(self.seed, subject, tuple(ACTIONS)[action], replication, self.size)
        joints = body.ntu_joints(motion.rotations, motion.root)
        rng = stream(self.seed, f"{subject:03d}/{action}/{replication}", "place")
        facing = CAMERAS[1 if replication % 2 else 2] + float(rng.uniform(-_ASKEW, _ASKEW))
        middle = 0.5 * (motion.root.min(0) + motion.root.max(0)) * (1, 1, 0)
        place = np.append(np.clip(0.15 * rng.normal(size=2), -0.3, 0.3), 0.0)
        return (joints - middle) @ turn("z", facing).T + place

    def names(self, subject: int, action: int, replication: int) -> tuple[str, ...]:
        """The clips of one performance, by camera: `SsssCcccPpppRrrrAaaa`."""
        setup, cameras = self.setup(subject), range(1, len(CAMERAS) + 1)
        return tuple(f"S{setup:03d}C{c:03d}P{subject:03d}R{replication:03d}A{action + 1:03d}" for c in cameras)

    def recordings(self, subject: int, action: int, replication: int) -> dict[str, Recording]:
        """What the three sensors report, by the clip's name."""
        world = self.performance(subject, action, replication)
        recordings = {}
        for camera, name in enumerate(self.names(subject, action, replication), 1):
            seen = self.camera(self.setup(subject), camera).see(world)
            tracked = np.ones(seen.shape[:2], bool)
            if self.noise:
                seen, tracked = self.noise.spoil(seen, stream(self.seed, name, "sensor"))
            recordings[name] = Recording(seen.astype(np.float32), tracked)
        return recordings

    def data(self, subjects: Sequence[int], replications: int = REPLICATIONS) -> ActionData:
        """These people as a data set in memory, made when a performance is first read."""
        clips = [
            Clip.ntu(name)
            for subject in subjects
            for action in range(len(ACTIONS))
            for replication in range(1, replications + 1)
            for name in self.names(subject, action, replication)
        ]

        @cache
        def recorded(subject: int, action: int, replication: int) -> dict[str, Recording]:
            return self.recordings(subject, action, replication)

        def read(clip: Clip) -> Joints:
            return Joints(recorded(int(clip.subject), clip.label, int(clip.id[13:16]))[clip.id].joints[None])

        return ActionData(
            f"synthetic actors (seed {self.seed})",
            "synthetic",
            NTU25,
            tuple(ACTIONS),
            tuple(sorted(clip for clip in clips if clip)),
            read,
            synthetic=True,
        )
