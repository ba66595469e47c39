"""The synthetic world of walkers: who walks, how, past which camera, and what its segmentation sees.

In CASIA-B's protocol eleven cameras see the same walk at the same time. In CASIA-A's there is one camera, past which
every walk goes in one of three directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8

from stumble.data.gait import GaitData, ProtocolName, SequenceKey
from stumble.data.pretreatment import pretreat_stack
from stumble.data.splits import PROTOCOLS
from stumble.errors import SpecError
from stumble.seeds import stream
from stumble.synth.body import SEGMENTS, Body
from stumble.synth.camera import IMAGE_HEIGHT, IMAGE_WIDTH, Camera
from stumble.synth.clothing import Mesh, bag_mesh, dress, skirt_mesh
from stumble.synth.gait import Motion, turn, walk
from stumble.synth.people import Person, Population
from stumble.synth.raster import fill
from stumble.synth.segmentation import SegmentationNoise

__all__ = ["Walkers"]

_LIMBS = ("left_hand", "right_hand", "left_foot", "right_foot", "left_toes", "right_toes")
_SHORTEST, _LONGEST, _WALKED = 40, 95, 120  # frames


@dataclass(frozen=True)
class Walkers:
    """A population of walkers before a ring of cameras, or passing a single one.

    Attributes:
        seed: of the whole world; people, walks and noise are streams of it.
        distance: metres from a camera to the middle of the walk.
        focal: focal length in pixels.
        noise: what the segmentation does to the silhouettes.
        height: of the cameras above the ground in metres.
        population: where its people are drawn from.
        protocol: whose conditions and views there are. The views of "casia-b" are the cameras' angles to the walk, 0
            from ahead; those of "casia-a" are the walk's angles to the image plane, so that "00" is seen from the side
            and "90" from ahead.
    """

    seed: int = 1
    distance: float = 6.5
    focal: float = 470.0
    noise: SegmentationNoise = SegmentationNoise()
    height: float = 1.25
    population: Population = Population()
    protocol: ProtocolName = "casia-b"

    @classmethod
    def second(cls, seed: int = 1) -> Walkers:
        """Another recording, for recognisers and attacks that know the first: CASIA-A's protocol, people "a01" onwards.

        They are taller, heavier, older and more thickly dressed, every other one a woman; the camera stands further
        away and higher, and its segmentation is worse.
        """
        return cls(
            seed,
            distance=9.0,
            focal=560.0,
            noise=SegmentationNoise(ragged=0.26, holes=8.0, losses=5.0, specks=4.0),
            height=1.7,
            population=Population("a", women=0.5, stature=0.04, weight=0.6, age=0.8, clothes=1.4),
            protocol="casia-a",
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of the protocol: gallery, then probes."""
        return PROTOCOLS[self.protocol].conditions

    @property
    def views(self) -> tuple[str, ...]:
        """Those of the protocol, in order of angle."""
        return PROTOCOLS[self.protocol].views

    def key(self, subject: int, condition: str, view: str) -> SequenceKey:
        """What one camera's sequence of a walk is called."""
        return SequenceKey(self.population.name(subject), condition, view)

    def person(self, subject: int) -> Person:
        return Person.draw(self.seed, subject, self.population)

    def walk(self, subject: int, condition: str, view: str | None = None) -> tuple[Body, Motion]:
        """The person's body and one walk of theirs, on a line of its own through the middle of the ring.

        Args:
            view: for which alone they walk; None for one walk that all cameras see.
        """
        if condition not in self.conditions:
            raise SpecError(f"condition {condition!r}: expected one of {', '.join(self.conditions)}")
        person = self.person(subject)
        name = (self.population.name(subject), condition, *([] if view is None else [view]))
        rng = stream(self.seed, "/".join(name), "walk")
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
        angle = float(view) if self.protocol == "casia-b" else 90 - float(view)
        return Camera.around(
            angle + 1.0 * off[0],
            self.distance * (1 + 0.03 * off[1]),
            self.height + 0.06 * off[2],
            (0.0, 0.0, 0.92),
            self.focal,
            0.5 * off[3],
        )

    def masks(
        self, subject: int, condition: str, views: Sequence[str] | None = None
    ) -> dict[str, UInt8[np.ndarray, "n 240 320"]]:
        """The segmented images of one walk, by view: the frames in which the whole person is in the image.

        In CASIA-A's protocol, of the walk with this number in each direction.
        """
        views = self.views if views is None else views
        if self.protocol == "casia-b":
            return self.film(subject, condition, *self.walk(subject, condition), views)
        walks = {view: self.walk(subject, condition, view) for view in views}
        return {view: self.film(subject, condition, *walk, [view])[view] for view, walk in walks.items()}

    def film(
        self, subject: int, condition: str, body: Body, motion: Motion, views: Sequence[str]
    ) -> dict[str, UInt8[np.ndarray, "n 240 320"]]:
        """The same for a motion from elsewhere, of this person dressed as this condition says."""
        meshes = self.meshes(subject, condition, body, motion)
        joints = body.joint_positions(motion.rotations, motion.root)[:, [SEGMENTS.index(s) for s in _LIMBS]]
        return {
            view: self._seen(meshes, joints, self.camera(view), self.key(subject, condition, view).id) for view in views
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
        self, subject: int, condition: str, views: Sequence[str] | None = None
    ) -> dict[str, UInt8[np.ndarray, "n 64 64"]]:
        """The pretreated silhouettes of one walk, by view."""
        return {view: pretreat_stack(masks)[0] for view, masks in self.masks(subject, condition, views).items()}

    def data(
        self, subjects: Sequence[int], conditions: Sequence[str] | None = None, views: Sequence[str] | None = None
    ) -> GaitData:
        """These people as a data set in memory, rendered when a walk is first read."""
        conditions = self.conditions if conditions is None else conditions
        views = self.views if views is None else views
        numbers = {self.key(s, c, v): s for s in subjects for c in conditions for v in views}

        @cache
        def rendered(subject: int, condition: str) -> dict[str, np.ndarray]:
            return self.silhouettes(subject, condition, views)

        def read(key: SequenceKey) -> np.ndarray:
            return rendered(numbers[key], key.condition)[key.view]

        return GaitData(f"synthetic walkers (seed {self.seed})", tuple(sorted(numbers)), read, True, self.protocol)


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
