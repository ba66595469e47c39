from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from stumble.data.splits import CASIA_A
from stumble.errors import SpecError
from stumble.metrics.gei import gait_energy_images
from stumble.synth import Walkers
from stumble.synth.segmentation import SegmentationNoise

CLEAN = SegmentationNoise(0.0, 0.0, 0.0, 0.0)


def test_a_walk_seen_by_two_cameras(world: Walkers) -> None:
    walk = world.silhouettes(5, "nm-01", ["000", "090"])
    for frames in walk.values():
        assert frames.dtype == np.uint8 and frames.shape[1:] == (64, 64)
        assert 40 <= len(frames) <= 110


def test_the_names_are_those_of_casia_b(world: Walkers) -> None:
    assert world.views == tuple(f"{angle:03d}" for angle in range(0, 181, 18))
    assert world.conditions == (
        "nm-01",
        "nm-02",
        "nm-03",
        "nm-04",
        "nm-05",
        "nm-06",
        "bg-01",
        "bg-02",
        "cl-01",
        "cl-02",
    )


def test_a_view_is_the_same_whatever_else_is_rendered(world: Walkers) -> None:
    together = world.masks(5, "bg-01", ["036", "090"])
    np.testing.assert_array_equal(together["090"], world.masks(5, "bg-01", ["090"])["090"])


def test_a_person_is_the_same_whoever_else_is_rendered(world: Walkers) -> None:
    alone = world.data([5], ["nm-02"], ["090"])
    among = world.data([3, 5, 7], ["nm-01", "nm-02"], ["018", "090"])
    (key,) = alone.keys
    np.testing.assert_array_equal(alone.load(key), among.load(key))


def test_another_seed_is_another_world() -> None:
    one, other = (Walkers(seed).masks(5, "nm-01", ["090"])["090"] for seed in (1, 2))
    assert one.shape != other.shape or (one != other).any()


def test_a_person_wears_and_carries_the_same_on_both_walks_of_a_condition(world: Walkers) -> None:
    for condition, parts in (("nm", 1), ("bg", 2), ("cl", 2)):
        meshes = []
        for take in ("01", "02"):
            body, motion = world.walk(5, f"{condition}-{take}")
            meshes.append(world.meshes(5, f"{condition}-{take}", body, motion))
            assert len(meshes[-1]) == parts
        assert all((a.faces == b.faces).all() for a, b in zip(*meshes, strict=True))
        assert (meshes[0][0].points != meshes[1][0].points).any()


def test_all_cameras_see_the_same_walk(world: Walkers) -> None:
    """The legs open and close with the same rhythm in every view.

    Frames are cut at different times for every camera, so it is the period that must agree, and that of another
    person must not.
    """

    def period(subject: int, view: str) -> float:
        masks = world.masks(subject, "nm-01", [view])[view]
        width = np.array([np.ptp(np.flatnonzero(m[int(np.flatnonzero(m.any(1))[-1]) - 25 :].any(0))) for m in masks])
        spectrum = np.abs(np.fft.rfft(width - width.mean(), 4096))
        frequency = np.fft.rfftfreq(4096)
        band = (frequency > 0.05) & (frequency < 0.12)  # steps per frame
        return float(frequency[band][spectrum[band].argmax()])

    own = [period(5, view) for view in ("072", "090", "108")]
    assert np.ptp(own) < 0.004
    _, motion = world.walk(5, "nm-01")
    cadence = world.person(5).style.cadence
    assert 2 * cadence / 25 == pytest.approx(np.mean(own), rel=0.1)
    assert len(motion.root) >= 110


def test_opposite_cameras_see_mirror_images() -> None:
    """The cameras at 0 and 180 degrees see the same outline from in front and behind, up to perspective."""
    walkers = Walkers(noise=CLEAN)
    seen = walkers.silhouettes(5, "nm-01", ["000", "090", "180"])
    front, side, back = (frames.mean(0) / 255 for frames in seen.values())
    assert np.abs(front - back[:, ::-1]).mean() < 0.6 * np.abs(front - side).mean()


def test_the_whole_person_is_in_every_image(world: Walkers) -> None:
    for frames in world.masks(7, "cl-01", ["000", "054", "090"]).values():
        assert set(np.unique(frames)) == {0, 255}
        border = np.ones((240, 320), bool)
        border[1:-1, 1:-1] = False
        assert not frames[:, border].any()
        assert (frames.any(2).sum(1) > 60).all()  # rows that the person fills


def test_people_can_be_told_apart_by_their_walk(world: Walkers) -> None:
    """Energy images of two walks of one person are nearer than those of two people, but not always."""
    people = range(1, 13)
    data = world.data(people, ["nm-01", "nm-02"], ["090"])
    energy = gait_energy_images(data.batch(data.keys)).flatten(1)
    distances = torch.cdist(energy[0::2], energy[1::2])
    own, others = distances.diagonal(), distances[~torch.eye(len(people), dtype=torch.bool)]
    assert own.mean() < 0.75 * others.mean()
    right = (distances.argmin(1) == torch.arange(len(people))).float().mean()
    assert right > 4 / len(people)


def test_clothes_and_bags_change_the_silhouette_more_than_another_walk_does(world: Walkers) -> None:
    def energy(condition: str) -> np.ndarray:
        return np.asarray(world.silhouettes(5, condition, ["090"])["090"].mean(0) / 255)

    usual = energy("nm-01")
    again, bag, coat = (float(np.abs(energy(c) - usual).mean()) for c in ("nm-02", "bg-01", "cl-01"))
    assert again < bag and again < coat


def test_the_data_says_that_it_is_synthetic_and_follows_casia_b(world: Walkers) -> None:
    data = world.data([2, 1], ["nm-01"], ["090", "000"])
    assert data.synthetic and data.protocol == "casia-b" and "synthetic" in data.name
    assert [key.id for key in data.keys] == ["001/nm-01/000", "001/nm-01/090", "002/nm-01/000", "002/nm-01/090"]
    assert data.batch(data.keys[:1]).frames.shape[2:] == (64, 44)


def test_a_second_world_follows_casia_a() -> None:
    data = Walkers.second().data([1, 2], ["nm-01", "nm-04"], ["00", "90"])
    assert data.synthetic and data.protocol == "casia-a" and data.subjects == ("a01", "a02")
    gallery, probes = CASIA_A.split(data)
    assert [len(gallery), len(probes)] == [4, 4]
    assert Walkers.second().data([1]).keys == CASIA_A.expected(["a01"])


def test_directions_of_casia_a_are_to_the_image_plane() -> None:
    """At 00 the legs open and close across the image, at 90 the person comes nearer, at 45 both."""
    second = Walkers.second()
    spread, growth = {}, {}
    for view, masks in second.masks(2, "nm-01").items():
        rows = [np.flatnonzero(mask.any(1)) for mask in masks]
        height = np.array([len(occupied) for occupied in rows])
        legs = [mask[occupied[-1] - 25 :] for mask, occupied in zip(masks, rows, strict=True)]
        width = [np.ptp(np.flatnonzero(leg.any(0))) for leg in legs]
        spread[view] = float(np.std(width / height))
        growth[view] = float(np.mean(height[-10:]) / np.mean(height[:10]))
    assert spread["00"] > 3 * spread["90"] < 3 * spread["45"]
    assert growth["90"] > growth["45"] > 1.1 > growth["00"] > 0.9


def test_past_one_camera_every_view_is_a_walk_of_its_own() -> None:
    second = Walkers.second()
    _, side = second.walk(1, "nm-01", "00")
    _, ahead = second.walk(1, "nm-01", "90")
    assert (side.rotations != ahead.rotations).any()
    together, alone = second.masks(1, "nm-01", ["45", "90"]), second.masks(1, "nm-01", ["90"])
    np.testing.assert_array_equal(together["90"], alone["90"])


def test_the_camera_is_as_high_as_asked() -> None:
    lower, higher = (Walkers(height=height).camera("090").position[2] for height in (1.0, 2.0))
    assert higher - lower == pytest.approx(1.0)


def test_what_cannot_be_rendered_is_one_clear_line(world: Walkers) -> None:
    with pytest.raises(SpecError, match=r"condition 'nm-07': expected one of nm-01, .*cl-02"):
        world.masks(1, "nm-07", ["090"])
    with pytest.raises(SpecError, match="never wholly in the camera's image: move the camera back"):
        Walkers(distance=1.0).masks(1, "nm-01", ["090"])


def test_it_is_fast(world: Walkers) -> None:
    """A twentieth of the 2,000 a second that are asked for, so that a busy machine does not fail it."""
    world.silhouettes(1, "nm-01", ["090"])
    started = time.perf_counter()
    count = sum(len(frames) for frames in world.silhouettes(2, "nm-01").values())
    assert count / (time.perf_counter() - started) > 100
