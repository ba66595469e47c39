from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.synth.body import NTU_JOINTS


def test_a_joint_by_name_and_its_parent() -> None:
    (elbow,) = NTU25.index("left elbow")
    assert elbow == 5  # 6 in NTU's numbering
    assert NTU25.joints[NTU25.parents[elbow]] == "left shoulder"


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_bones_make_a_tree_and_parents_are_the_same_bones_turned_away_from_the_root(layout: Layout) -> None:
    assert len(layout.bones) == len(layout) - 1 == len(set(layout.joints)) - 1
    parents = layout.parents
    assert parents[layout.root] == -1
    tree = {frozenset((joint, parent)) for joint, parent in enumerate(parents) if parent >= 0}
    assert tree == {frozenset(bone) for bone in layout.bones}
    for joint in range(len(layout)):
        for _ in range(len(layout)):
            joint = parents[joint] if joint != layout.root else joint
        assert joint == layout.root


@pytest.mark.parametrize(
    ("layout", "single"), [(NTU25, 5), (OPENPOSE18, 2)], ids=lambda value: getattr(value, "name", "")
)
def test_mirroring_left_and_right_keeps_the_bones(layout: Layout, single: int) -> None:
    mirror = dict(layout.pairs) | {right: left for left, right in layout.pairs}
    assert len(mirror) == len(layout) - single
    bones = {frozenset(bone) for bone in layout.bones}
    assert {frozenset(mirror.get(joint, joint) for joint in bone) for bone in bones} == bones


def test_a_limb_hangs_together() -> None:
    parents = OPENPOSE18.parents
    wrist = OPENPOSE18.index("right wrist")[0]
    chain = [wrist, parents[wrist], parents[parents[wrist]], parents[parents[parents[wrist]]]]
    assert [OPENPOSE18.joints[joint] for joint in chain] == ["right wrist", "right elbow", "right shoulder", "neck"]


def test_the_body_gives_its_joints_in_this_order() -> None:
    carriers = dict(zip(NTU25.joints, NTU_JOINTS, strict=True))
    assert carriers["spine base"] == ("pelvis", "pelvis")
    assert carriers["spine shoulder"] == ("chest", "neck")
    for side in ("left", "right"):
        names = {"hip": "thigh", "knee": "shin", "ankle": "foot", "elbow": "forearm", "wrist": "hand"}
        for joint, segment in names.items():
            assert carriers[f"{side} {joint}"] == (f"{side}_{segment}",) * 2
        assert carriers[f"{side} hand tip"][1] == f"{side}_hand_tip"
        assert carriers[f"{side} thumb"][1] == f"{side}_thumb"


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_depths_go_outwards_from_the_root(layout: Layout) -> None:
    assert layout.depths[0] == (layout.root,)
    assert sorted(joint for level in layout.depths for joint in level) == list(range(len(layout)))
    for inner, outer in pairwise(layout.depths):
        assert {layout.parents[joint] for joint in outer} <= set(inner)


@pytest.mark.parametrize(("layout", "arm", "leg"), [(NTU25, 6, 4), (OPENPOSE18, 3, 3)], ids=["ntu", "openpose"])
def test_limbs_and_quarters(layout: Layout, arm: int, leg: int) -> None:
    limbs, quarters = layout.partitions["limbs"], layout.partitions["quarters"]
    sizes = [("left arm", arm), ("right arm", arm), ("left leg", leg), ("right leg", leg)]
    assert [(name, len(joints)) for name, joints in limbs.items()] == sizes
    assert sorted(joint for joints in quarters.values() for joint in joints) == list(range(len(layout)))
    mirror = dict(layout.pairs)
    for part in ("arm", "leg"):
        assert sorted(mirror[joint] for joint in limbs[f"left {part}"]) == sorted(limbs[f"right {part}"])
    assert sorted(quarters["legs"]) == sorted(limbs["left leg"] + limbs["right leg"])
    for name in ("left arm", "right arm"):
        assert quarters[name] == limbs[name]


@given(st.sampled_from([NTU25, OPENPOSE18]), st.sets(st.integers(0, 17)))
def test_closed_is_the_largest_part_without_a_descendant_outside(layout: Layout, joints: set[int]) -> None:
    def beyond(joint: int) -> set[int]:
        return {joint}.union(*(beyond(child) for child, parent in enumerate(layout.parents) if parent == joint))

    assert layout.closed(joints) == tuple(sorted(joint for joint in joints if beyond(joint) <= joints))


def test_limbs_of_ntu_can_move_alone() -> None:
    for joints in NTU25.partitions["limbs"].values():
        assert NTU25.closed(joints) == tuple(sorted(joints))
    assert NTU25.closed(range(25)) == tuple(range(25))
