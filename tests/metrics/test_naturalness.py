from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch
from torch import Tensor

from stumble.layouts import NTU25, OPENPOSE18
from stumble.metrics.naturalness import Naturalness, naturalness
from stumble.sequences import Skeletons

DRAW = torch.Generator().manual_seed(0)


def clip(people: int, frames: int) -> Tensor:
    return torch.randn(people, frames, 25, 3, generator=DRAW) + 3


CLEAN = Skeletons.pad([clip(1, 6), clip(2, 4), clip(1, 2)], ["a", "b", "c"], NTU25)


def moved(change: Tensor) -> Skeletons:
    return CLEAN.moved(CLEAN.joints + change * CLEAN.present[..., None, None])


NOISY = moved(0.01 * torch.randn(CLEAN.joints.shape, generator=DRAW))


def test_a_shifted_body_is_displaced_and_nothing_else() -> None:
    shift = torch.tensor([0.003, 0.0, -0.004])
    looks = naturalness(CLEAN, moved(shift.expand(CLEAN.joints.shape)))
    three = torch.ones(3, dtype=torch.float64)
    assert looks.skeletons.tolist() == [6, 8, 2]
    for name, value in {"joint_mean": 5, "joint_max": 5, "coordinate_max": 0.004}.items():
        torch.testing.assert_close(getattr(looks, name), value * three, rtol=1e-4, atol=0)
    for name in ("variation_min", "variation_mean", "variation_max"):
        torch.testing.assert_close(getattr(looks, name), 7 / 3 * three, rtol=1e-4, atol=0)
    for name in ("bone_mean", "bone_max", "accel", "accel_absolute"):
        assert float(getattr(looks, name).max()) < 1e-2  # float32
    assert looks.realness is None and looks.realness_clean is None


def test_unchanged_is_zero_throughout() -> None:
    looks = naturalness(CLEAN, CLEAN, lambda joints, visible: torch.ones(len(joints)))
    for measure in fields(Naturalness):
        value = 100 if measure.name.startswith("realness") else 0
        if measure.name != "skeletons":
            assert getattr(looks, measure.name).tolist() == [value] * 3, measure.name


def test_scaled_bodies_have_scaled_bones_and_accelerations() -> None:
    looks = naturalness(CLEAN, CLEAN.moved(1.02 * CLEAN.joints))
    torch.testing.assert_close(looks.bone_mean, torch.full((3,), 2.0, dtype=torch.float64), rtol=1e-3, atol=0)
    torch.testing.assert_close(looks.bone_max, looks.bone_mean, rtol=1e-2, atol=0)
    torch.testing.assert_close(looks.accel, torch.tensor([2.0, 2.0, 0.0]).double(), rtol=1e-3, atol=0)


def test_agrees_with_a_slow_loop() -> None:
    looks = naturalness(CLEAN, NOISY)
    for row, frames in enumerate((6, 4, 2)):
        distances, variations, stretches, jolts, own = [], [], [], [], []
        for person in range(2):
            for t in range(frames):
                if not CLEAN.present[row, person, t]:
                    continue
                before, after = CLEAN.joints[row, person].double(), NOISY.joints[row, person].double()
                distances += [float((after[t, j] - before[t, j]).norm()) for j in range(25)]
                variations.append(float((after[t] - before[t]).abs().mean()))
                for a, b in NTU25.bones:
                    length = float((before[t, a] - before[t, b]).norm())
                    stretches.append(abs(float((after[t, a] - after[t, b]).norm()) / length - 1))
                if 0 < t < frames - 1:
                    for j in range(25):
                        accelerations = [x[t - 1, j] - 2 * x[t, j] + x[t + 1, j] for x in (before, after)]
                        own.append(float(accelerations[0].norm()))
                        jolts.append(float((accelerations[1] - accelerations[0]).norm()))
        expected = {
            "skeletons": len(variations),
            "joint_mean": 1000 * sum(distances) / len(distances),
            "joint_max": 1000 * max(distances),
            "variation_min": 1000 * min(variations),
            "variation_max": 1000 * max(variations),
            "variation_mean": 1000 * sum(variations) / len(variations),
            "bone_mean": 100 * sum(stretches) / len(stretches),
            "bone_max": 100 * max(stretches),
            "accel": 100 * sum(jolts) / sum(own) if own else 0,
            "accel_absolute": 1000 * sum(jolts) / len(jolts) if jolts else 0,
        }
        for name, value in expected.items():
            assert float(getattr(looks, name)[row]) == pytest.approx(value, rel=1e-6), name


def test_a_sample_is_measured_the_same_alone() -> None:
    together = naturalness(CLEAN, NOISY)
    for row in range(3):
        alone = naturalness(CLEAN.select([row]), NOISY.select([row]))
        for measure in fields(Naturalness):
            if getattr(together, measure.name) is not None:
                torch.testing.assert_close(getattr(alone, measure.name)[0], getattr(together, measure.name)[row])


def test_who_starts_to_tremble_from_rest_accelerates_infinitely_more() -> None:
    still = Skeletons.pad([clip(1, 1).expand(1, 5, 25, 3)], ["still"], NTU25)
    trembling = still.joints.clone()
    trembling[0, 0, 2, 3, 1] += 0.01
    looks = naturalness(still, still.moved(trembling))
    assert float(looks.accel) == math.inf
    assert float(looks.accel_absolute) == pytest.approx(1000 * 0.04 / 75, rel=1e-3)  # 0.01 + 0.02 + 0.01


def test_joints_that_were_not_detected_count_nowhere() -> None:
    confidence = torch.ones(1, 4, 18)
    confidence[:, :, 7] = 0
    flat = Skeletons.pad([torch.rand(1, 4, 18, 2, generator=DRAW)], ["k"], OPENPOSE18, [confidence])
    elsewhere = flat.joints.clone()
    elsewhere[:, :, :, 7] += 0.5
    looks = naturalness(flat, flat.moved(elsewhere))
    for measure in fields(Naturalness):
        if measure.name != "skeletons" and getattr(looks, measure.name) is not None:
            assert float(getattr(looks, measure.name)) == 0, measure.name


def test_realness_is_a_share_of_the_poses_of_those_who_are_there() -> None:
    asked: list[tuple[int, ...]] = []

    def discriminator(joints: Tensor, visible: Tensor) -> Tensor:
        asked.append(tuple(visible.shape))
        return (joints[:, 0, 0] < 10).float()

    joints = CLEAN.joints.clone()
    joints[0, 0, 0, 0, 0] = 20
    joints[1, 1, :3, 0, 0] = 20
    looks = naturalness(CLEAN, CLEAN.moved(joints), discriminator)
    assert looks.realness is not None and looks.realness_clean is not None
    assert looks.realness.tolist() == pytest.approx([100 * 5 / 6, 100 * 5 / 8, 100])
    assert looks.realness_clean.tolist() == [100, 100, 100]
    assert asked == 2 * [(6, 25), (8, 25), (2, 25)]
