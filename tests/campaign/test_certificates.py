"""Certificates of whole data sets, and what attacks left of the same decisions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stumble.campaign import GaitEvaluation
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.attack_curve import AttackPoint, attack_curve, read_attacks
from stumble.campaign.cell import cells_of
from stumble.campaign.certificates import certify_actions, certify_gait, summarise_certificates
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Worker
from stumble.certify import Ablation, GaitScorer, Partition, Sampling, Smoothing
from stumble.data import GaitData, SequenceKey
from stumble.data.actions import ActionData, Clip, Joints
from stumble.errors import DataError, SpecError
from stumble.interfaces import Output, SilhouetteInput, SkeletonInput
from stumble.layouts import NTU25
from stumble.metrics.gei import gait_energy_images
from stumble.sequences import Silhouettes, Skeletons

VIEWS = ("000", "090")


@dataclass(frozen=True)
class EnergyImage:
    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        return Output(embedding=gait_energy_images(batch))


def read_walk(key: SequenceKey) -> np.ndarray:
    """People are as wide as their number says, more or less."""
    rng = np.random.default_rng(sum(key.id.encode()))
    frames = np.zeros((12, 64, 44), np.uint8)
    frames[:, :, : 5 * (int(key.subject) - 74)] = 255
    return np.where(rng.random(frames.shape) < 0.3, 255 - frames, frames)


@pytest.fixture(scope="module")
def walkers() -> GaitEvaluation:
    keys = [
        SequenceKey(f"{s:03d}", condition, view)
        for s in (75, 76, 77)
        for condition in ("nm-01", "nm-05")
        for view in VIEWS
    ]
    data = GaitData("walkers", tuple(sorted(keys)), read_walk, True, "casia-b")
    return GaitEvaluation.prepare(EnergyImage(), data)


def test_every_probe_is_certified_in_every_counted_view(walkers: GaitEvaluation) -> None:
    told: list[tuple[int, int]] = []
    table = certify_gait(walkers, Partition(4), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)
    rows = table.to_pylist()
    assert [(row["sample"], row["gallery_view"]) for row in rows] == [
        (key.id, view) for key in walkers.probes for view in VIEWS if view != key.view
    ]
    clean = walkers.clean()
    assert [row["plain_correct"] for row in rows] == clean.correct[clean.counted].tolist()
    for row in rows:
        (key,) = (key for key in walkers.probes if key.id == row["sample"])
        proof = Partition(4)(GaitScorer(walkers.target, walkers.gallery), walkers.data.batch([key]))
        view = VIEWS.index(row["gallery_view"])
        assert (row["radius"], row["abstained"]) == (proof.radius[view].item(), proof.abstained[view].item())
        assert row["answer"] == walkers.gallery.identities[int(proof.answer[view])]
        assert row["correct"] == (row["answer"] == row["subject"])
        assert (row["frames"], row["confidence"], row["queries"]) == (12, 1.0, 4)


def test_a_sequence_that_is_too_short_has_no_answer(walkers: GaitEvaluation) -> None:
    table = certify_gait(walkers, Ablation(frames=20))
    assert table["answer"].type == pa.string() and table["answer"].null_count == len(table)
    assert not any(table["correct"].to_pylist())


@dataclass(frozen=True)
class Pointing:
    """Where the head is."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=batch.joints[:, 0, :, 3].sum(1) / batch.lengths[:, None])


def read_clip(clip: Clip) -> Joints:
    positions = np.zeros((1, 4, 25, 3), np.float32)
    positions[0, :, :, 2] = 0.001
    positions[0, :, 3, clip.label] = 0.2 + 0.1 * int(clip.id)
    return Joints(positions)


@pytest.fixture(scope="module")
def actors() -> ActionEvaluation:
    clips = tuple(Clip(str(k), k % 3, subject=f"{k:03d}") for k in range(6))
    return ActionEvaluation.prepare(Pointing(), ActionData("heads", "made", NTU25, ("a", "b", "c"), clips, read_clip))


def test_every_clip_is_certified(actors: ActionEvaluation) -> None:
    method = Smoothing(0.05, Sampling(10, 100))
    rows = certify_actions(actors, method, seed=1).to_pylist()
    assert [row["sample"] for row in rows] == [str(k) for k in range(6)]
    assert all(row["correct"] and row["plain_correct"] and not row["abstained"] for row in rows)
    assert all(row["answer"] == row["label"] for row in rows)
    assert all(row["plain_seconds"] > 0 and row["seconds"] > 0 for row in rows)
    assert {row["coordinates"] for row in rows} == {4 * 25 * 3}
    again = certify_actions(actors, method, seed=1).to_pylist()
    timed = {"seconds": 0, "plain_seconds": 0}
    assert [row | timed for row in again] == [row | timed for row in rows]


def made(radii: list[float], correct: list[bool], abstained: list[bool] | None = None) -> pa.Table:
    count = len(radii)
    return pa.table(
        {
            "sample": [f"{k // 2}" for k in range(count)],
            "gallery_view": [VIEWS[k % 2] for k in range(count)],
            "subject": [f"{k // 2:03d}" for k in range(count)],
            "plain_correct": [True] * count,
            "correct": correct,
            "abstained": abstained or [False] * count,
            "radius": radii,
            "queries": [5] * count,
            "seconds": [0.5] * count,
            "plain_seconds": [0.4] * count,
            "coordinates": [100] * count,
        }
    )


def test_certified_accuracy_falls_with_the_radius() -> None:
    table = made([2.0, 1.0, 3.0, 0.0], [True, True, False, True], [False, False, False, True])
    summary = summarise_certificates(table, "frames")
    assert [(level.radius, level.percent) for level in summary.curve] == [(0.0, 50.0), (1.0, 50.0), (2.0, 25.0)]
    assert all(level.ci95[0] <= level.percent <= level.ci95[1] for level in summary.curve)
    assert (summary.sequences, summary.decisions, summary.plain, summary.right) == (2, 4, 100.0, 75.0)
    assert (summary.abstained, summary.largest, summary.queries, summary.seconds) == (25.0, 2.0, 5.0, 0.5)
    assert summary.cost == pytest.approx(1.25)


def test_a_radius_in_metres_grows_by_round_steps() -> None:
    summary = summarise_certificates(made([0.01, 0.043, 0.02, 0.03], [True] * 4), "input")
    assert [level.radius for level in summary.curve] == pytest.approx([0.005 * k for k in range(9)])
    nothing = summarise_certificates(made([0.0] * 4, [True] * 4, [True] * 4), "input")
    assert [(level.radius, level.percent) for level in nothing.curve] == [(0.0, 0.0)]


def write_attack(folder: Path, rows: list[dict[str, Any]], edit: str = "alter", model: str = "abc") -> Path:
    folder.mkdir()
    found = {"digests": {"model": model}, "frames": 40, "attack": {"init_args": {"edit": edit}}}
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"stumble": json.dumps({"specification": found})})
    pq.write_table(table, folder / "verdicts.parquet")
    return folder


def verdict(sample: str, view: str, edited: int, correct: bool) -> dict[str, Any]:
    answers = {"correct_before": True, "correct_after": correct}
    return {"sample": sample, "gallery_view": view, "edited": edited, **answers}


def test_an_attack_stands_beside_the_certificates_of_the_same_decisions(tmp_path: Path) -> None:
    rows = [
        verdict("0", "000", 1, True),
        verdict("0", "090", 1, False),
        verdict("1", "000", 2, False),
        verdict("9", "000", 1, False),  # which was not certified
    ]
    certificates = made([1.0] * 4, [True] * 4)
    used = {"model": "abc", "frames": 40}
    attacks = read_attacks(write_attack(tmp_path / "one", rows), used)
    found = attack_curve(attacks, certificates, "alter")
    assert found == (AttackPoint(1.0, 50.0, 2, 1), AttackPoint(2.0, 0.0, 1, 1))
    assert attack_curve(attacks, certificates, "insert") == ()


def test_attacks_on_other_sequences_of_the_same_names_are_refused(tmp_path: Path) -> None:
    attacks = read_attacks(
        write_attack(tmp_path / "one", [verdict("0", "000", 1, True), verdict("0", "090", 1, True)]), {}
    )
    certificates = made([1.0] * 2, [True] * 2)
    certificates = certificates.set_column(3, "plain_correct", pa.array([True, False]))
    with pytest.raises(SpecError, match=r"1 of 2 clean answers to sequences of the same names differ"):
        attack_curve(attacks, certificates, "alter")


def test_of_several_attacks_of_one_size_each_decision_meets_the_worst(tmp_path: Path) -> None:
    first = write_attack(tmp_path / "one", [verdict("0", "000", 1, False), verdict("0", "090", 1, True)])
    second = write_attack(tmp_path / "two", [verdict("0", "000", 1, True), verdict("0", "090", 1, True)])
    attacks = (*read_attacks(first, {}), *read_attacks(second, {}))
    assert attack_curve(attacks, made([1.0] * 2, [True] * 2), "alter") == (AttackPoint(1.0, 50.0, 2, 2),)


@pytest.mark.parametrize(
    ("used", "says"),
    [
        ({"model": "other"}, "found attacks with model abc; expected other, as certified"),
        ({"model": "abc", "frames": None}, "found attacks with frames 40; expected None"),
    ],
)
def test_attacks_on_something_else_are_refused(used: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=says):
        read_attacks(write_attack(tmp_path / "one", [verdict("0", "000", 1, True)]), used)


def test_a_folder_without_attacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither plan.json nor verdicts.parquet"):
        read_attacks(tmp_path, {})


def test_attacks_on_joints_stand_at_the_norm_of_their_box(plan: Plan, tmp_path: Path) -> None:
    tested, folder = {name: bench.open(2**30) for name, bench in plan.benches.items()}, RunFolder(tmp_path)
    folder.start(plan, cells_of(plan, tested), {})
    Worker(folder).run()
    used = {"model": tested["random"].facts["model"]}
    attacks = read_attacks(tmp_path, used)
    right = {row["sample"]: row["correct_before"] for row in attacks[0].verdicts.to_pylist()}
    rows = [{"sample": s, "coordinates": 300, "plain_correct": right[s]} for s in tested["random"].samples]
    points = attack_curve(attacks, pa.Table.from_pylist(rows), "move")
    assert [point.radius for point in points] == pytest.approx([0.01 * 300**0.5, 0.04 * 300**0.5], rel=1e-2)
    for point, name in zip(points, ("small", "large"), strict=True):
        (table,) = (result.verdicts for result in read_results(folder) if result.cell.entry.attack == name)
        assert table is not None
        assert point == AttackPoint(point.radius, 100 * float(np.mean(table["correct_after"].to_pylist())), 6, 1)
