"""From synthetic walkers to verdicts, with a recogniser that needs no training: the gait energy image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import torch

from stumble.attacks import EvolvedLatents, RealFrames
from stumble.campaign import GaitEvaluation, summarise
from stumble.campaign.reference import fit_plausibility, split_reference
from stumble.campaign.store import read_samples
from stumble.constraints import Kept, Sparsity
from stumble.data import GaitData, SequenceKey
from stumble.data.frame_pool import draw_frames
from stumble.errors import DataError
from stumble.interfaces import Goal, Output, SilhouetteInput
from stumble.judge import Probe
from stumble.metrics.gei import gait_energy_images
from stumble.metrics.retrieval import EmbeddedSequences, nearest, rank1_table
from stumble.objectives import Cosine
from stumble.sequences import Silhouettes
from stumble.synth import Walkers
from stumble.zoo import Shipped

VIEWS = ("072", "090", "108")


@dataclass(frozen=True)
class EnergyImage:
    """Embeds a sequence as the rows of its gait energy image."""

    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        return Output(embedding=gait_energy_images(batch))


@pytest.fixture(scope="module")
def data() -> GaitData:
    """Three people of the test split, and two others."""
    return Walkers().data([1, 2, 75, 76, 77], ["nm-01", "nm-02", "nm-05"], VIEWS)


@pytest.fixture(scope="module")
def evaluation(data: GaitData) -> GaitEvaluation:
    return GaitEvaluation.prepare(EnergyImage(), data, frames=40)


def test_probes_are_attacked_stored_and_judged(evaluation: GaitEvaluation, data: GaitData, tmp_path: Path) -> None:
    pool = draw_frames(data.select(subjects=["001", "002"]), 2)
    attack = RealFrames(pool, budget=Sparsity(frames=4))
    told: list[tuple[int, int]] = []
    table = evaluation.attack(
        attack, "untargeted", tmp_path, seed=3, progress=lambda done, total: told.append((done, total))
    )
    assert len(table) == 9 * 2  # nine probes, two views other than their own
    assert pc.max(table["violation"]).as_py() == 0
    assert told[-1] == (9, 9)
    files = sorted(tmp_path.iterdir())
    stored = [read_samples(file) for file in files]
    assert sum(len(sequences) for sequences, _ in stored) == 9
    assert all(int(edited.sum()) == 4 * len(sequences) for sequences, edited in stored)
    summary = summarise(table)
    assert summary.sequences == 9 and summary.rank1_clean > summary.rank1 - 1e-9
    again = evaluation.attack(attack, "untargeted", tmp_path, seed=3)
    assert again.equals(table)


def test_an_attack_that_stops_at_success_is_told_distances_to_the_gallery(data: GaitData, tmp_path: Path) -> None:
    """In a pooled evaluation what it stops at is what the judge finds; others are told embeddings alone."""
    pooled = GaitEvaluation.prepare(EnergyImage(), data, frames=40, pooled=True)
    prior = Shipped("wgan-synthetic")
    attack = EvolvedLatents(prior, budget=Sparsity(0.9), queries=12, population=6)
    table = pooled.attack(attack, "untargeted", tmp_path, seed=0)
    rows = table.to_pylist()
    assert {row["stopped"] for row in rows} == {"reached", "budget"}
    for row in rows:
        assert (row["stopped"] == "reached") == (not row["correct_after"])
        assert 1 <= row["queries"] <= 12 and (row["stopped"] == "reached" or row["queries"] == 12)
    blind = EvolvedLatents(prior, objective=Cosine(), queries=2, stop=None)
    assert set(pooled.attack(blind, "untargeted", tmp_path)["queries"].to_pylist()) == {2}


def test_the_protocols_people_are_tested(evaluation: GaitEvaluation, data: GaitData) -> None:
    assert evaluation.gallery.identities == ("075", "076", "077")
    assert {key.condition for key in evaluation.enrolled} == {"nm-01", "nm-02"}
    assert [key.id for key in evaluation.probes] == [f"0{s}/nm-05/{v}" for s in (75, 76, 77) for v in VIEWS]
    assert not evaluation.pooled
    others = GaitEvaluation.prepare(EnergyImage(), data, subjects=["001", "002"], frames=40)
    assert others.gallery.identities == ("001", "002")


def test_progress_is_told_while_the_gallery_is_embedded(data: GaitData) -> None:
    told: list[tuple[int, int]] = []
    GaitEvaluation.prepare(EnergyImage(), data, frames=40, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (18, 18)


def test_clean_decisions_are_those_of_nearest_neighbours(evaluation: GaitEvaluation, data: GaitData) -> None:
    def embedded(keys: tuple[SequenceKey, ...]) -> EmbeddedSequences:
        images = torch.cat([gait_energy_images(data.batch([key], 40)) for key in keys])
        return EmbeddedSequences(images, [key.subject for key in keys], [key.view for key in keys])

    expected = nearest(embedded(evaluation.probes), embedded(evaluation.enrolled))
    found = evaluation.clean()
    assert torch.equal(found.predicted, expected.predicted) and torch.equal(found.counted, expected.counted)
    assert rank1_table(found).mean == rank1_table(expected).mean


def test_clean_and_judged_rank1_agree(evaluation: GaitEvaluation, data: GaitData, tmp_path: Path) -> None:
    pool = draw_frames(data.select(subjects=["001"]))
    table = evaluation.attack(RealFrames(pool), "untargeted", tmp_path)
    decisions = evaluation.clean()
    expected = decisions.correct[decisions.counted].tolist()
    assert table["correct_before"].to_pylist() == expected


def test_the_untargeted_reference_is_the_clean_embedding(evaluation: GaitEvaluation, data: GaitData) -> None:
    goal = evaluation.goal("untargeted", evaluation.probes[:2], seed=0)
    expected = gait_energy_images(data.batch(evaluation.probes[:2], 40))
    assert goal.reference is not None
    torch.testing.assert_close(goal.reference, expected)
    assert goal.label.tolist() == [0, 0] and goal.wanted is None


@pytest.mark.parametrize("pooled", [False, True])
def test_goals_count_the_views_in_which_the_judge_decides(evaluation: GaitEvaluation, pooled: bool) -> None:
    own = replace(evaluation, pooled=pooled)
    counted = own.goal("targeted", own.probes, 0).counted
    assert counted is not None
    probes = [Probe(key.subject, key.condition, key.view) for key in own.probes]
    assert torch.equal(counted, own.judge()._counted(probes))


def test_targeted_goals_are_somebody_else_seen_from_the_probes_own_view(
    evaluation: GaitEvaluation,
) -> None:
    seen: set[tuple[int, int]] = set()
    for seed in range(8):
        goal = evaluation.goal("targeted", evaluation.probes, seed)
        assert goal.wanted is not None and goal.reference is not None
        assert not bool((goal.wanted == goal.label).any())
        for key, wanted, reference in zip(evaluation.probes, goal.wanted.tolist(), goal.reference, strict=True):
            same = (evaluation.gallery.enrolled.embeddings == reference).all(2).all(1).nonzero()[0]
            source = evaluation.enrolled[int(same)]
            assert source.subject == evaluation.gallery.identities[wanted]
            assert source.view == key.view  # which judging does not count
            seen.add((int(key.subject), wanted))
    assert len(seen) == 6  # everybody is sent to everybody else some time


def test_a_goal_depends_on_seed_and_probe_alone(evaluation: GaitEvaluation) -> None:
    all_goals, one = (evaluation.goal("targeted", keys, 1) for keys in (evaluation.probes, evaluation.probes[4:5]))
    assert all_goals.wanted is not None and one.wanted is not None
    assert all_goals.reference is not None and one.reference is not None
    assert int(one.wanted) == int(all_goals.wanted[4])
    assert torch.equal(one.reference[0], all_goals.reference[4])


def test_probes_are_chosen_by_kind_and_view_and_few_are_always_the_same(evaluation: GaitEvaluation) -> None:
    assert [key.view for key in evaluation.select(kinds=["NM"], views=["090"]).probes] == ["090"] * 3
    few = evaluation.select(limit=3).probes
    assert len(few) == 3 and list(few) == [key for key in evaluation.probes if key in few]
    assert evaluation.select(limit=3).probes == few
    assert evaluation.select(limit=100).probes == evaluation.probes
    with pytest.raises(DataError, match="found no probe, kinds CL, views 000; expected at least one"):
        evaluation.select(kinds=["CL"], views=["000"])


def test_batches_fit_into_the_memory_and_lose_no_probe(evaluation: GaitEvaluation) -> None:
    ((keys, batch),) = evaluation.batches()
    assert sorted(keys) == sorted(evaluation.probes) and batch.ids == tuple(key.id for key in keys)
    assert batch.lengths.tolist() == sorted(batch.lengths.tolist())
    least = replace(evaluation, memory=1)
    assert [len(keys) for keys, _ in least.batches()] == [1] * len(evaluation.probes)
    assert sorted(key for keys, _ in least.batches() for key in keys) == sorted(evaluation.probes)


def test_without_gallery_or_probes_it_says_so(data: GaitData) -> None:
    with pytest.raises(DataError, match="found 4 gallery and 0 probe sequences"):
        GaitEvaluation.prepare(
            EnergyImage(), data.select(conditions=["nm-01", "nm-02"], views=["090"]), subjects=["001", "002"]
        )


def test_casia_a_pools_the_gallery_and_counts_identical_views(tmp_path: Path) -> None:
    def read(key: SequenceKey) -> np.ndarray:
        frames = np.zeros((5, 64, 44), np.uint8)
        frames[:, 10:50, int(key.view) // 9 + 3 * ord(key.subject[0]) % 20 : 30] = 255
        return frames

    keys = tuple(SequenceKey(s, c, v) for s in ("fyc", "hy") for c in ("nm-03", "nm-04") for v in ("00", "45", "90"))
    people = GaitData("casia-a", keys, read, False, "casia-a")
    evaluation = GaitEvaluation.prepare(EnergyImage(), people)
    assert evaluation.pooled and evaluation.gallery.views == ("all",)
    table = evaluation.attack(RealFrames(draw_frames(people)), "targeted", tmp_path, constraint=Kept())
    assert len(table) == 6  # one decision per probe
    assert table["correct_before"].to_pylist() == [True] * 6


def test_the_batch_that_is_attacked_and_the_goal_fit(evaluation: GaitEvaluation, tmp_path: Path) -> None:
    """An attack sees the clean batch, its own target and a goal in the order of the batch."""
    seen: list[tuple[Silhouettes, Goal]] = []
    pool = draw_frames(evaluation.data.select(subjects=["001"]))

    @dataclass(frozen=True)
    class Watching(RealFrames):
        def __call__(self, target: object, batch: Silhouettes, goal: Goal, *, seed: int):  # type: ignore[no-untyped-def]
            seen.append((batch, goal))
            return super().__call__(target, batch, goal, seed=seed)  # type: ignore[arg-type]

    evaluation.attack(Watching(pool), "untargeted", tmp_path)
    assert sum(len(batch) for batch, _ in seen) == 9
    for batch, goal in seen:
        assert batch.frames.dtype == torch.uint8 and goal.reference is not None
        torch.testing.assert_close(goal.reference, gait_energy_images(batch))


def test_reference_people_are_split_and_fix_the_thresholds(data: GaitData) -> None:
    pool, limits = split_reference(data, ("001", "002", "075", "076", "077"))
    assert pool.subjects == ("001", "002", "075", "076") and limits.subjects == ("077",)
    plausibility = fit_plausibility(pool, limits, frames=100)
    assert 90 <= len(plausibility.pool) <= 110
    assert set(plausibility.pool_subjects) == set(pool.subjects)
    assert 0.4 < plausibility.overlap < 1 and 0.5 < plausibility.component <= 1 and 0.3 < plausibility.coherence < 1
    real = torch.from_numpy(data.load(SequenceKey("075", "nm-05", "090")))
    measures = plausibility.measure(real, "075", torch.ones(len(real), dtype=torch.bool))
    assert float(plausibility.plausible(measures).float().mean()) > 0.8
    with pytest.raises(DataError, match="found 2 training people"):
        split_reference(data, ("001", "002", "003"))


def test_damaged_probes_stop_the_attack_with_the_name_of_the_file(evaluation: GaitEvaluation, tmp_path: Path) -> None:
    def read(key: SequenceKey) -> np.ndarray:
        raise DataError(key.id, "a damaged file", "frames")

    damaged = replace(evaluation, data=replace(evaluation.data, read=read))
    attack = RealFrames(draw_frames(evaluation.data.select(subjects=["001"])))
    with pytest.raises(DataError, match="075/nm-05/072: found a damaged file"):
        damaged.attack(attack, "untargeted", tmp_path)
    assert list(tmp_path.iterdir()) == []
