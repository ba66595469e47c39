"""Skeleton layouts: which joint stands where in an array, and which bones connect them.

Joints are numbered from 0; the data sets' own documents number them from 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

__all__ = ["NTU25", "OPENPOSE18", "Layout"]


@dataclass(frozen=True)
class Layout:
    """A skeleton's joints and bones.

    Attributes:
        name: what cards and reports call it.
        joints: the names in array order; a side comes first ("left elbow").
        bones: (child, parent) as the data set's graph lists them, which need not be rooted at `root`.
        centre: the joint that graph models measure hops from.
        root: of the kinematic tree, along which rotations and bone lengths are carried outwards.
        partitions: ways to split all joints, or the limbs, into named regions of about equal size: "limbs" and
            "quarters". Our reading of the CIASA paper, whose figure of sets 1 to 4 is not available.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    centre: int
    root: int
    partitions: Mapping[str, Mapping[str, tuple[int, ...]]] = field(hash=False)

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, *names: str) -> tuple[int, ...]:
        """The positions of the named joints. Raises ValueError for a name the layout does not have."""
        return tuple(self.joints.index(name) for name in names)

    @property
    def parents(self) -> tuple[int, ...]:
        """Each joint's parent in the kinematic tree: the bones, all turned away from `root`, whose parent is -1."""
        parents = {self.root: -1}
        for _ in self.bones:
            for a, b in self.bones:
                if b in parents:
                    parents.setdefault(a, b)
                elif a in parents:
                    parents.setdefault(b, a)
        return tuple(parents[joint] for joint in range(len(self.joints)))

    @property
    def depths(self) -> tuple[tuple[int, ...], ...]:
        """The joints by their distance from `root` in bones: the root alone, its children, theirs, ...."""
        parents = self.parents
        levels: list[tuple[int, ...]] = [(self.root,)]
        while children := tuple(joint for joint, parent in enumerate(parents) if parent in levels[-1]):
            levels.append(children)
        return tuple(levels)

    def closed(self, joints: Collection[int]) -> tuple[int, ...]:
        """Those of the joints whose descendants in the kinematic tree are all among them, sorted.

        They alone can move while every other joint stays and every bone keeps its length.
        """
        parents, held = self.parents, set(range(len(self))) - set(joints)
        for joint in tuple(held):
            while joint >= 0:
                held.add(joint)
                joint = parents[joint]
        return tuple(joint for joint in range(len(self)) if joint not in held)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) of every joint that has two sides."""
        return tuple(
            (left, self.joints.index("right " + name.removeprefix("left ")))
            for left, name in enumerate(self.joints)
            if name.startswith("left ")
        )


def _sided(*names: str) -> tuple[str, ...]:
    return (*(f"left {name}" for name in names), *(f"right {name}" for name in names))


def _from_one(*bones: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((child - 1, parent - 1) for child, parent in bones)


def _partitions(
    left_arm: tuple[int, ...],
    right_arm: tuple[int, ...],
    left_leg: tuple[int, ...],
    right_leg: tuple[int, ...],
    trunk: tuple[int, ...],
) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    arms = {"left arm": left_arm, "right arm": right_arm}
    limbs = {**arms, "left leg": left_leg, "right leg": right_leg}
    quarters = {**arms, "trunk": trunk, "legs": (*left_leg, *right_leg)}
    return {"limbs": limbs, "quarters": quarters}


NTU25 = Layout(
    name="ntu-25",
    joints=(
        *("spine base", "spine middle", "neck", "head"),
        *_sided("shoulder", "elbow", "wrist", "hand"),
        *_sided("hip", "knee", "ankle", "foot"),
        "spine shoulder",
        *_sided("hand tip", "thumb"),
    ),
    bones=_from_one(
        *((1, 2), (2, 21), (3, 21), (4, 3)),
        *((5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9), (11, 10), (12, 11)),
        *((13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19)),
        *((22, 23), (23, 8), (24, 25), (25, 12)),
    ),
    centre=20,
    root=0,
    partitions=_partitions(
        (4, 5, 6, 7, 21, 22), (8, 9, 10, 11, 23, 24), (12, 13, 14, 15), (16, 17, 18, 19), (0, 1, 2, 3, 20)
    ),
)
"""Kinect v2 as in NTU RGB+D: 25 joints, metres. Joint k here is joint k + 1 of the data set's documents.

The bones are those of ST-GCN's graph, in which a hand tip hangs from its thumb; the kinematic tree has the same bones
turned away from the spine base, so that spine middle hangs from spine base and spine shoulder from spine middle.
"""

OPENPOSE18 = Layout(
    name="openpose-18",
    joints=(
        *("nose", "neck", "right shoulder", "right elbow", "right wrist"),
        *("left shoulder", "left elbow", "left wrist"),
        *("right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle"),
        *("right eye", "left eye", "right ear", "left ear"),
    ),
    bones=(
        *((4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8)),
        *((11, 5), (8, 2), (5, 1), (2, 1), (0, 1), (15, 0), (14, 0), (17, 15), (16, 14)),
    ),
    centre=1,
    root=1,
    partitions=_partitions((5, 6, 7), (2, 3, 4), (11, 12, 13), (8, 9, 10), (0, 1, 14, 15, 16, 17)),
)
"""OpenPose's 18 joints as in Kinetics-skeleton: x and y in the image and a confidence, numbered from 0 there too."""
