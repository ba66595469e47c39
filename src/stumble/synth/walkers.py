"""The synthetic world of walkers: who walks, how, past which camera, and what its segmentation sees.

All eleven cameras see the same walk at the same time, as in CASIA-B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8

from stumble.data.gait import GaitData, SequenceKey
from stumble.data.pretreatment import pretreat_stack
from stumble.errors import SpecError
from stumble.seeds import stream
from stumble.synth.body import SEGMENTS, Body
from stumble.synth.camera import IMAGE_HEIGHT, IMAGE_WIDTH, Camera
from stumble.synth.clothing import Mesh, bag_mesh, dress, skirt_mesh
from stumble.synth.gait import Motion, turn, walk
from stumble.synth.people import Person
from stumble.synth.raster import fill
from stumble.synth.segmentation import SegmentationNoise

__all__ = ["CONDITIONS", "VIEWS", "Walkers"]

VIEWS: tuple[str, ...] = tuple(f"{v:03d}" for v in range(0, 181, 18))
CONDITIONS: tuple[str, ...] = (*(f"nm-{i:02d}" for i in range(1, 7)), "bg-01", "bg-02", "cl-01", "cl-02")
_LIMBS = ("left_hand", "right_hand", "left_foot", "right_foot", "left_toes", "right_toes")
_SHORTEST, _LONGEST, _WALKED = 40, 95, 120  # frames


@dataclass(frozen=True)
class Walkers:
    """A population of walkers before a ring of cameras.

    Attributes:
        seed: of the whole world; people, walks and noise are streams of it.
        distance: metres from a camera to the middle of the walk.
        focal: focal length in pixels.
        noise: what the segmentation does to the silhouettes.
    """

    seed: int = 1
    distance: float = 6.5
    focal: float = 470.0
    noise: SegmentationNoise = SegmentationNoise()

    def person(self, subject: int) -> Person:
        return Person.draw(self.seed, subject)

    def walk(self, subject: int, condition: str) -> tuple[Body, Motion]:
        """The person's body and one walk of theirs, on a line of its own through the middle of the ring."""
        if condition not in CONDITIONS:
            raise SpecError(f"condition {condition!r}: expected one of {', '.join(CONDITIONS)}")
        person = self.person(subject)
        rng = stream(self.seed, f"{subject:03d}/{condition}", "walk")
        body = Body(person.shape)
        held = person.bag.side if condition.startswith("bg") and person.bag.kind == "hand" else None
        style = person.style.varied(rng, 0.22)
        motion = walk(style, body, _WALKED, float(rng.random()), held)
        heading = turn("z", float(rng.normal(0, 2.0)))
        start = np.array([motion.root[:, 0].mean() + rng.normal(0, 0.1), rng.normal(0, 0.12), 0.0])
        return body, Motion(heading @ motion.rotations, (motion.root - start) @ heading.T)

    def meshes(self, subject: int, condition: str, body: Body, motion: Motion) -> tuple[Mesh, ...]:
        """The dressed body, and the bag or the coat's skirt of this condition."""
        person = self.person(subject)
        coat = person.coat if condition.startswith("cl") else None
        meshes = [Mesh(body.pose(motion.rotations, motion.root, dress(body, person.outfit, coat)), body.faces)]
        if condition.startswith("bg"):
            meshes.append(bag_mesh(person.bag, body, motion))
        if coat is not None:
            meshes.append(skirt_mesh(coat, body, motion))
        return tuple(meshes)

    def camera(self, view: str) -> Camera:
        """The camera at this angle: fixed in the world, placed by hand and so a little off."""
        rng = stream(self.seed, view, "camera")
        off = rng.normal(size=4)
        return Camera.around(
            float(view) + 1.0 * off[0],
            self.distance * (1 + 0.03 * off[1]),
            1.25 + 0.06 * off[2],
            (0.0, 0.0, 0.92),
            self.focal,
            0.5 * off[3],
        )

    def masks(
        self, subject: int, condition: str, views: Sequence[str] = VIEWS
    ) -> dict[str, UInt8[np.ndarray, "n 240 320"]]:
        """The segmented images of one walk, by view: the frames in which the whole person is in the image."""
        return self.film(subject, condition, *self.walk(subject, condition), views)

    def film(
        self, subject: int, condition: str, body: Body, motion: Motion, views: Sequence[str] = VIEWS
    ) -> dict[str, UInt8[np.ndarray, "n 240 320"]]:
        """The same for a motion from elsewhere, of this person dressed as this condition says."""
        meshes = self.meshes(subject, condition, body, motion)
        joints = body.joint_positions(motion.rotations, motion.root)[:, [SEGMENTS.index(s) for s in _LIMBS]]
        return {
            view: self._seen(meshes, joints, self.camera(view), f"{subject:03d}/{condition}/{view}") for view in views
        }

    def _seen(
        self, meshes: tuple[Mesh, ...], joints: Float[np.ndarray, "t l 3"], camera: Camera, name: str
    ) -> UInt8[np.ndarray, "n 240 320"]:
        rng = stream(self.seed, name, "sequence")
        projected = [camera.project(m.points) for m in meshes]
        inside = np.ones(len(joints), bool)
        for points in projected:
            low, high = points[..., :2].min(1), points[..., :2].max(1)
            inside &= (low > 1).all(1) & (high < (IMAGE_WIDTH - 2, IMAGE_HEIGHT - 2)).all(1)
            inside &= (points[..., 2] > 0).all(1)  # what is behind a camera is not in its image
        first, last = _longest_run(inside)
        count = min(int(rng.integers(_SHORTEST, _LONGEST + 1)), last - first)
        first += int(rng.integers(last - first - count + 1))
        masks = np.zeros((count, IMAGE_HEIGHT, IMAGE_WIDTH), np.uint8)
        for mesh, points in zip(meshes, projected, strict=True):
            flat = np.ascontiguousarray(points[first : first + count, :, :2])
            for t in range(count):
                fill(flat[t], mesh.faces, masks[t])
        limbs = camera.project(joints[first : first + count])[..., :2]
        return self.noise.spoil(masks, limbs, rng)

    def silhouettes(
        self, subject: int, condition: str, views: Sequence[str] = VIEWS
    ) -> dict[str, UInt8[np.ndarray, "n 64 64"]]:
        """The pretreated silhouettes of one walk, by view."""
        return {view: pretreat_stack(masks)[0] for view, masks in self.masks(subject, condition, views).items()}

    def data(
        self, subjects: Sequence[int], conditions: Sequence[str] = CONDITIONS, views: Sequence[str] = VIEWS
    ) -> GaitData:
        """These people as a data set in memory, rendered when a walk is first read."""
        keys = [SequenceKey(f"{s:03d}", c, v) for s in subjects for c in conditions for v in views]

        @cache
        def rendered(subject: str, condition: str) -> dict[str, np.ndarray]:
            return self.silhouettes(int(subject), condition, views)

        def read(key: SequenceKey) -> np.ndarray:
            return rendered(key.subject, key.condition)[key.view]

        return GaitData(f"synthetic walkers (seed {self.seed})", tuple(sorted(keys)), read, True, "casia-b")


def _longest_run(flags: np.ndarray) -> tuple[int, int]:
    """First and one-past-last position of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        raise SpecError(
            "the walker is never wholly in the camera's image: move the camera back or shorten its focal length"
        )
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best])
