from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stumble.campaign.summary import AttackSummary
from stumble.metrics.retrieval import RankTable
from stumble.report import AttackRow, GaitReport, Strip

VIEWS = ("000", "090", "180")
UNTARGETED = AttackSummary(
    goal="untargeted",
    sequences=12,
    decisions=24,
    n=20,
    rank1_clean=93.1234,
    rank1=14.2,
    success=85.0,
    success_clean=0.0,
    success_binary=84.0,
    plausible=41.0,
    plausible_coherent=20.0,
    plausible_samples=48.0,
    coherent_samples=30.0,
    realness=0.5,
    ci95=(80.0, 90.0),
    plausible_ci95=(35.0, 47.0),
    rank1_ci95=(8.2, 20.2),
    violation=0.0,
    sparsity=0.025,
)
TARGETED = replace(UNTARGETED, goal="targeted", n=24, success=60.0, success_clean=1.5, sparsity=0.1)


def blobs(rng: np.random.Generator, count: int) -> np.ndarray:
    """Ellipses of random place and size, with noise on them: something like silhouettes to compress."""
    y, x = np.mgrid[:64, :44]
    shape = rng.uniform((28, 18, 15, 6), (36, 26, 30, 14), (count, 4))[:, :, None, None]
    inside = ((y - shape[:, 0]) / shape[:, 2]) ** 2 + ((x - shape[:, 1]) / shape[:, 3]) ** 2 < 1
    return np.where(inside ^ (rng.random(inside.shape) < 0.01), 255, 0).astype(np.uint8)


def make_strip(title: str = "075/nm-05/090", count: int = 40, edited: tuple[int, ...] = (0,), seed: int = 0) -> Strip:
    """`count` frames of which those at `edited` are altered."""
    rng = np.random.default_rng(seed)
    clean = blobs(rng, count)
    adversarial, which = clean.copy(), np.isin(np.arange(count), edited)
    adversarial[which] = blobs(rng, len(edited))
    return Strip(title, "untargeted, 1 of 40 frames: 2 of 2 decisions flipped", clean, adversarial, which, True, False)


def rank_table(correct: int, total: int = 4) -> RankTable:
    cells = np.full((3, 3), correct)
    np.fill_diagonal(cells, total)
    return RankTable(VIEWS, VIEWS, cells, np.full((3, 3), total), ~np.eye(3, dtype=bool))


@pytest.fixture
def strip() -> Callable[..., Strip]:
    return make_strip


@pytest.fixture
def report() -> GaitReport:
    return GaitReport(
        title="stumble demo",
        data="walkers",
        synthetic=True,
        clean={"NM": rank_table(3), "CL": rank_table(2)},
        clean_baseline={"NM": 61.0},
        attacks=(
            AttackRow("temporal-sparse", "NM", 1 / 40, UNTARGETED),
            AttackRow("temporal-sparse", "NM", 1 / 10, replace(UNTARGETED, rank1=2.0, sparsity=0.1)),
            AttackRow("real", "NM", 1 / 40, replace(UNTARGETED, rank1=92.0, plausible_samples=97.9)),
            AttackRow("pgd-100", "NM", 1 / 40, replace(UNTARGETED, rank1=11.0, realness=None), note="random start"),
            AttackRow("temporal-sparse", "NM", 1 / 10, TARGETED),
        ),
        strips=(make_strip(), make_strip("076/nm-06/000", edited=(0, 10, 39), seed=1)),
        plausibility={"overlap": 0.8131, "component": 0.97, "coherence": 0.69},
        provenance={"command": "stumble demo --seed 1", "seed": "1"},
        notes=("One sentence for the reader.",),
    )
