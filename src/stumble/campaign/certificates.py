"""Certificates of many sequences: a row per answer, and the share that is proven right against the radius."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Bool

from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.gait import GaitEvaluation
from stumble.certify import ActionScorer, GaitScorer, Method, Stretched
from stumble.metrics.intervals import subject_bootstrap, wilson

__all__ = ["CertifiedSummary", "Level", "certify_actions", "certify_gait", "relative_seconds", "summarise_certificates"]

_STEPS = 8
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Level:
    """A point of the curve of certified accuracy.

    Attributes:
        radius: in the unit of the certificates.
        percent: answers that are right and proven to stay so for every edit of at most this radius.
        ci95: bootstrap over subjects; Wilson's interval where the data does not tell subjects.
    """

    radius: float
    percent: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class CertifiedSummary:
    """One method on one set of sequences; shares in percent of the decisions.

    Attributes:
        sequences: how many.
        decisions: answers: one per sequence, of gait one per sequence and counted gallery view.
        plain: right answers of the recogniser as it is, of which nothing is proven.
        right: right answers of what the method makes of it; not certified, but unattacked.
        abstained: decisions of which nothing is proven.
        largest: radius of a right answer; beyond it certified accuracy is 0.
        curve: certified accuracy at growing radius, from 0 up to the largest.
        queries: pieces or noisy versions that were answered to, mean per sequence.
        seconds: mean per sequence.
        cost: of a sequence, in answers of the recogniser as it is to the same sequence; the median.
    """

    sequences: int
    decisions: int
    plain: float
    right: float
    abstained: float
    largest: float
    curve: tuple[Level, ...]
    queries: float
    seconds: float
    cost: float


def certify_gait(
    evaluation: GaitEvaluation,
    method: Method,
    *,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> pa.Table:
    """Certify every probe in every gallery view that its protocol counts.

    Returns:
        A row per decision: sample, subject, condition, view, gallery_view, frames; the person that the recogniser as it
        is takes the probe for (`plain`) and the one that the method does (`answer`, null for none); whether they are
        right; abstained, radius, confidence, queries, plain_seconds, seconds.

    Raises:
        SpecError: the method does not certify gait.
    """
    gallery, total = evaluation.gallery, len(evaluation.probes)
    scorer, names = GaitScorer(evaluation.target, gallery), gallery.identities
    rows: list[dict[str, object]] = []
    for done, key in enumerate(evaluation.probes, 1):
        one = evaluation.data.batch([key], evaluation.frames)
        began = time.perf_counter()
        with torch.inference_mode():
            plain = scorer.scores(one, one.mask[:, None])[0, 0].argmax(1).tolist()
        answered = time.perf_counter()
        proof = method(scorer, one, seed=seed)
        ended = time.perf_counter()
        for view, gallery_view in enumerate(gallery.views):
            if not evaluation.pooled and gallery_view == key.view:
                continue
            answer = int(proof.answer[view])
            rows.append(
                {
                    "sample": key.id,
                    "subject": key.subject,
                    "condition": key.condition,
                    "view": key.view,
                    "gallery_view": gallery_view,
                    "frames": int(one.lengths[0]),
                    **_answers(names, plain[view], answer, key.subject),
                    "abstained": bool(proof.abstained[view]),
                    "radius": float(proof.radius[view]),
                    "confidence": proof.confidence,
                    "queries": proof.queries,
                    "plain_seconds": answered - began,
                    "seconds": ended - answered,
                }
            )
        progress(done, total)
    return _table(rows)


def certify_actions(
    evaluation: ActionEvaluation,
    method: Method,
    *,
    stretch: int = 1,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> pa.Table:
    """Certify every clip.

    Args:
        stretch: pieces of a clip are seen so many times as long (`Stretched`).

    Returns:
        As `certify_gait`, with camera and label instead of condition and views, and `coordinates`: how many numbers an
        adversary may move, those of visible joints.
    """
    target = Stretched(evaluation.target, stretch) if stretch > 1 else evaluation.target
    scorer, names, total = ActionScorer(target), evaluation.data.classes, len(evaluation.clips)
    rows: list[dict[str, object]] = []
    for done, clip in enumerate(evaluation.clips, 1):
        one = evaluation.data.batch([clip])
        began = time.perf_counter()
        with torch.inference_mode():
            plain = int(ActionScorer(evaluation.target).logits(one)[0].argmax())
        answered = time.perf_counter()
        proof = method(scorer, one, seed=seed)
        rows.append(
            {
                "sample": clip.id,
                "subject": clip.subject,
                "camera": clip.camera,
                "label": names[clip.label],
                "frames": int(one.lengths[0]),
                **_answers(names, plain, int(proof.answer[0]), names[clip.label]),
                "abstained": bool(proof.abstained[0]),
                "radius": float(proof.radius[0]),
                "confidence": proof.confidence,
                "queries": proof.queries,
                "plain_seconds": answered - began,
                "seconds": time.perf_counter() - answered,
                "coordinates": int(one.visible.sum()) * one.coordinates,
            }
        )
        progress(done, total)
    return _table(rows)


def summarise_certificates(table: pa.Table, unit: Literal["frames", "input"]) -> CertifiedSummary:
    """Sum up the certificates of one method."""
    column = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    subjects = [str(s) for s in column["subject"]]
    _, first = np.unique(column["sample"].astype(str), return_index=True)
    proven = column["correct"].astype(bool) & ~column["abstained"].astype(bool)
    radius = column["radius"].astype(float)

    def level(at: float) -> Level:
        holds = proven & (radius >= at)
        return Level(at, _share(holds), _interval(holds, subjects))

    largest = float(radius[proven].max(initial=0.0))
    return CertifiedSummary(
        sequences=len(first),
        decisions=len(table),
        plain=_share(column["plain_correct"]),
        right=_share(column["correct"]),
        abstained=_share(column["abstained"]),
        largest=largest,
        curve=tuple(level(at) for at in _radii(largest, unit)),
        queries=float(column["queries"][first].mean()),
        seconds=float(column["seconds"][first].mean()),
        cost=relative_seconds(table),
    )


def relative_seconds(table: pa.Table) -> float:
    """Time of a certificate, in answers of the recogniser as it is to the same sequence: the median over sequences."""
    _, first = np.unique(table["sample"].to_numpy(zero_copy_only=False).astype(str), return_index=True)
    return float(np.median((table["seconds"].to_numpy() / table["plain_seconds"].to_numpy())[first]))


def _radii(largest: float, unit: Literal["frames", "input"]) -> list[float]:
    """From 0 to the largest: every number of frames, or about eight equal steps of one digit."""
    step = 1.0 if unit == "frames" else float(f"{largest / _STEPS:.1g}")
    return [float(f"{step * k:.6g}") for k in range(int(largest / step) + 1)] if largest else [0.0]


def _answers(names: tuple[str, ...], plain: int, answer: int, own: str) -> Mapping[str, object]:
    said = None if answer < 0 else names[answer]
    return {"plain": names[plain], "plain_correct": names[plain] == own, "answer": said, "correct": said == own}


def _table(rows: list[dict[str, object]]) -> pa.Table:
    table = pa.Table.from_pylist(rows)
    return table.set_column(table.schema.get_field_index("answer"), "answer", table["answer"].cast(pa.string()))


def _share(hits: np.ndarray) -> float:
    return 100.0 * float(hits.astype(bool).mean())


def _interval(hits: Bool[np.ndarray, " n"], subjects: list[str]) -> tuple[float, float]:
    if not all(subjects):
        return wilson(int(hits.sum()), len(hits))
    return subject_bootstrap(hits.astype(float), np.ones(len(hits)), subjects)
