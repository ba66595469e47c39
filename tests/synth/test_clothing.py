from __future__ import annotations

import numpy as np
import pytest

from stumble.synth.body import SEGMENTS, Body
from stumble.synth.camera import Camera
from stumble.synth.clothing import Bag, Coat, Mesh, Outfit, bag_mesh, dress, skirt_mesh
from stumble.synth.gait import Motion, Style, walk
from stumble.synth.raster import fill

NOTHING = Outfit(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def seen(meshes: list[Mesh], view: float = 0.0, frame: int = 0) -> np.ndarray:
    """The silhouette of one frame from in front of where the person is."""
    middle = meshes[0].points[frame].mean(0)
    camera = Camera.around(view, 6.5, 1.2, (float(middle[0]), float(middle[1]), 0.9), 470.0, 0.0)
    camera = Camera((camera.position[0] + float(middle[0]), camera.position[1], 1.2), camera.look_at)
    mask = np.zeros((240, 320), np.uint8)
    for mesh in meshes:
        fill(np.ascontiguousarray(camera.project(mesh.points[frame])[:, :2]), mesh.faces, mask)
    return mask > 0


def body_mesh(body: Body, motion: Motion, outfit: Outfit = NOTHING, coat: Coat | None = None) -> Mesh:
    return Mesh(body.pose(motion.rotations, motion.root, dress(body, outfit, coat)), body.faces)


def test_a_dressed_walker_with_coat_and_bag(body: Body, motion: Motion) -> None:
    coat = Coat()
    meshes = [
        body_mesh(body, motion, Outfit(), coat),
        skirt_mesh(coat, body, motion),
        bag_mesh(Bag("hand"), body, motion),
    ]
    for mesh in meshes:
        assert mesh.points.shape == (50, mesh.points.shape[1], 3)
        assert mesh.faces.max() < mesh.points.shape[1]
    assert 0.5 < seen(meshes).sum() * (6.5 / 470) ** 2 < 1.0  # square metres


def test_clothes_stand_off_the_skin_by_their_thickness(body: Body) -> None:
    bare, shirt = dress(body, NOTHING), dress(body, Outfit(0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    moved = np.linalg.norm(shirt - bare, axis=1)
    trunk = body.weights[:, [SEGMENTS.index(s) for s in ("pelvis", "abdomen", "chest")]].sum(1)
    np.testing.assert_allclose(moved, 0.02 * trunk, atol=1e-4)
    np.testing.assert_allclose(bare[trunk > 0.99], body.vertices[trunk > 0.99], atol=1e-6)  # only hands are closed


def test_hair_is_on_the_head_and_long_hair_behind_it(body: Body) -> None:
    bare = dress(body, NOTHING)
    head, neck = (body.weights[:, SEGMENTS.index(s)] > 0 for s in ("head", "neck"))
    for outfit in (Outfit(0.0, 0.0, 0.0, 0.0, 0.0, hair=0.03), Outfit(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, long_hair=0.06)):
        moved = np.linalg.norm(dress(body, outfit) - bare, axis=1)
        assert moved.max() > 0.02
        assert not moved[~head & ~neck].any()
    behind = moved > 0.01
    assert (body.vertices[behind, 0] < body.joints["head"][0] + 0.02).all()


@pytest.mark.parametrize("view", [0.0, 90.0])
def test_a_coat_widens_the_silhouette(body: Body, motion: Motion, view: float) -> None:
    coat = Coat(thickness=0.05, length=0.5)
    plain = seen([body_mesh(body, motion, Outfit())], view)
    coated = seen([body_mesh(body, motion, Outfit(), coat), skirt_mesh(coat, body, motion)], view)
    assert coated.sum() > 1.15 * plain.sum()
    assert (coated | ~plain).mean() > 0.999  # it covers what was there


def test_a_longer_coat_hangs_lower_and_stays_off_the_ground(body: Body, motion: Motion) -> None:
    hems = [skirt_mesh(Coat(length=length), body, motion).points[..., 2].min() for length in (0.2, 0.4, 0.6)]
    assert hems[0] > hems[1] > hems[2] > 0.1


def test_the_skirt_surrounds_both_legs(body: Body, motion: Motion) -> None:
    skirt = skirt_mesh(Coat(length=0.45), body, motion).points
    knees = body.joint_positions(motion.rotations, motion.root)[
        :, [SEGMENTS.index(f"{s}_shin") for s in ("left", "right")]
    ]
    for axis in (0, 1):
        assert (skirt[..., axis].max(1) > knees[..., axis].max(1)).all()
        assert (skirt[..., axis].min(1) < knees[..., axis].min(1)).all()


@pytest.mark.parametrize(("kind", "view"), [("backpack", 90.0), ("shoulder", 0.0), ("hand", 90.0)])
def test_a_bag_adds_area(body: Body, motion: Motion, kind: str, view: float) -> None:
    bag = Bag(kind, "left")  # type: ignore[arg-type]
    plain = seen([body_mesh(body, motion)], view)
    carrying = seen([body_mesh(body, motion), bag_mesh(bag, body, motion)], view)
    assert carrying.sum() > plain.sum() + 100
    assert not (plain & ~carrying).any()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("kind", ["shoulder", "hand"])
def test_a_bag_is_on_its_side(body: Body, straight: Motion, kind: str, side: str) -> None:
    middle = bag_mesh(Bag(kind, side), body, straight).points.mean((0, 1))  # type: ignore[arg-type]
    assert (middle[1] > 0.1) if side == "left" else (middle[1] < -0.1)


def test_a_backpack_is_behind_the_back(body: Body, straight: Motion) -> None:
    points = bag_mesh(Bag("backpack"), body, straight).points[0]
    chest = body.joint_positions(straight.rotations, straight.root)[0, SEGMENTS.index("chest")]
    assert points[:, 0].max() < chest[0] and points[:, 2].mean() > chest[2] - 0.1
    np.testing.assert_allclose(np.ptp(points, axis=0), (0.16, 0.30, 0.42), rtol=0.03)


def test_a_hand_bag_hangs_below_the_hand_at_all_times(body: Body) -> None:
    motion = walk(Style(), body, 50, carrying="right")
    points = bag_mesh(Bag("hand", "right"), body, motion).points
    hand = body.joint_positions(motion.rotations, motion.root)[:, SEGMENTS.index("right_hand")]
    assert (points[..., 2].max(1) < hand[:, 2]).all()
    np.testing.assert_allclose(points.mean(1)[:, :2], hand[:, :2], atol=0.01)
