from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stumble.errors import DataError
from stumble.metrics.distances import Distance
from stumble.metrics.retrieval import EmbeddedSequences, identity_scores, nearest, rank1_table

VIEWS = tuple(f"{angle:03d}" for angle in range(0, 181, 18))


def test_two_people_seen_from_two_sides() -> None:
    gallery = on_a_line([("ann", "000", 0), ("bob", "000", 10), ("ann", "090", 0), ("bob", "090", 10)])
    probes = on_a_line([("ann", "000", 1), ("bob", "000", 2)])

    decisions = nearest(probes, gallery)
    assert (decisions.identities, decisions.views) == (("ann", "bob"), ("000", "090"))
    assert decisions.predicted.tolist() == [[0, 0], [0, 0]]
    assert decisions.counted.tolist() == [[False, True], [False, True]]  # the probes' own view does not count
    assert decisions.own.tolist() == [[1, 1], [8, 8]]
    assert decisions.other.tolist() == [[9, 9], [2, 2]]

    table = rank1_table(decisions)
    assert table.percent.tolist() == [[50, 50]]
    assert table.per_view.tolist() == [50]


def on_a_line(sequences: list[tuple[str, str, float]]) -> EmbeddedSequences:
    """Sequences (subject, view, place) embedded into one part of one dimension."""
    subjects, views, places = zip(*sequences, strict=True)
    return EmbeddedSequences(torch.tensor(places, dtype=torch.float32)[:, None, None], subjects, views)


def scene(
    seed: int, people: int = 5, views: tuple[str, ...] = VIEWS, absent: int = 0
) -> tuple[EmbeddedSequences, EmbeddedSequences]:
    """Probes and gallery, two sequences per person and view, embedded with much noise; some are missing."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(people, 3, 4))
    halves = []
    for _ in range(2):
        names = [(person, view) for person in range(people) for view in views for _ in range(2)]
        names = [names[i] for i in generator.permutation(len(names))[absent:]]
        noisy = np.stack([centres[person] for person, _ in names]) + generator.normal(size=(len(names), 3, 4))
        subjects, seen = tuple(f"{person:03d}" for person, _ in names), tuple(view for _, view in names)
        halves.append(EmbeddedSequences(torch.from_numpy(noisy).float(), subjects, seen))
    return halves[0], halves[1]


def apart(first: torch.Tensor, second: torch.Tensor, distance: Distance) -> float:
    if distance == "flattened":
        return float((first - second).norm())
    return float(np.mean([float((a - b).norm()) for a, b in zip(first, second, strict=True)]))


def slow_table(probes: EmbeddedSequences, gallery: EmbeddedSequences, distance: Distance) -> tuple[np.ndarray, ...]:
    """The table of the published protocol, one probe and one gallery view at a time."""
    correct, total = np.zeros((2, len(VIEWS), len(VIEWS)), int)
    for embedding, subject, view in zip(probes.embeddings, probes.subjects, probes.views, strict=True):
        for column, gallery_view in enumerate(VIEWS):
            best, whom = np.inf, None
            for other, name, seen in zip(gallery.embeddings, gallery.subjects, gallery.views, strict=True):
                if seen == gallery_view and (far := apart(embedding, other, distance)) < best:
                    best, whom = far, name
            correct[VIEWS.index(view), column] += whom == subject
            total[VIEWS.index(view), column] += 1
    percent = 100 * correct / total
    return correct, total, (percent.sum(1) - np.diag(percent)) / (len(VIEWS) - 1)


@pytest.mark.parametrize("distance", ["flattened", "per-part"])
@pytest.mark.parametrize("absent", [0, 13])
def test_agrees_with_the_published_protocol_one_step_at_a_time(distance: Distance, absent: int) -> None:
    probes, gallery = scene(3, absent=absent)
    table = rank1_table(nearest(probes, gallery, distance, chunk=40))
    correct, total, per_view = slow_table(probes, gallery, distance)
    assert table.probe_views == table.gallery_views == VIEWS
    np.testing.assert_array_equal(table.correct, correct)
    np.testing.assert_array_equal(table.total, total)
    np.testing.assert_array_equal(table.counted, ~np.eye(11, dtype=bool))
    np.testing.assert_allclose(table.per_view, per_view, rtol=1e-12)
    assert table.mean == pytest.approx(per_view.mean())
    assert 20 < table.mean < 100


def test_the_two_distances_can_disagree() -> None:
    gallery = EmbeddedSequences(torch.tensor([[[3.0], [0.0]], [[2.0], [2.0]]]), ("ann", "bob"), ("090", "090"))
    probe = EmbeddedSequences(torch.zeros(1, 2, 1), ("ann",), ("000",))
    assert bool(nearest(probe, gallery, "per-part").correct)  # means 1.5 and 2
    assert not bool(nearest(probe, gallery, "flattened").correct)  # 3 and 2.83


def test_identical_views_count_when_asked() -> None:
    gallery = on_a_line([("ann", "000", 0), ("bob", "000", 10), ("ann", "090", 10), ("bob", "090", 0)])
    probes = on_a_line([("ann", "000", 0)])
    assert rank1_table(nearest(probes, gallery)).mean == 0
    assert rank1_table(nearest(probes, gallery, identical_views=True)).mean == 50


def test_a_pooled_gallery_gives_one_decision_per_probe() -> None:
    """CASIA-A: cells are multiples of 1/60."""
    probes, gallery = scene(4, people=20, views=("00", "45", "90"), absent=60)
    decisions = nearest(probes, gallery.pooled())
    assert decisions.views == ("all",)
    assert decisions.counted.all()
    for index in range(len(probes)):
        far = [apart(probes.embeddings[index], other, "per-part") for other in gallery.embeddings]
        assert decisions.identities[decisions.predicted[index, 0]] == gallery.subjects[int(np.argmin(far))]
    table = rank1_table(decisions)
    assert table.percent.shape == (3, 1)
    np.testing.assert_array_equal(table.per_view, table.percent[:, 0])


def test_somebody_missing_from_a_view_is_never_recognised_there() -> None:
    gallery = on_a_line([("ann", "000", 0), ("bob", "000", 10), ("bob", "090", 10)])
    decisions = nearest(on_a_line([("ann", "018", 0), ("eve", "018", 0)]), gallery)
    assert decisions.correct.tolist() == [[True, False], [False, False]]
    assert decisions.scores[0].tolist() == [[0, -10], [-torch.inf, -10]]
    assert decisions.own.tolist() == [[0, torch.inf], [torch.inf, torch.inf]]
    assert decisions.other.tolist() == [[10, 10], [0, 10]]


def test_a_probe_view_that_nothing_is_compared_with_has_no_rank() -> None:
    table = rank1_table(nearest(on_a_line([("ann", "000", 0)]), on_a_line([("ann", "000", 0)])))
    assert np.isnan(table.mean)


def test_decisions_of_some_probes() -> None:
    probes, gallery = scene(5)
    decisions = nearest(probes, gallery)
    index = [7, 2, 30]
    some = decisions.select(index)
    alone = nearest(
        EmbeddedSequences(
            probes.embeddings[index], [probes.subjects[i] for i in index], [probes.views[i] for i in index]
        ),
        gallery,
    )
    torch.testing.assert_close(some.scores, alone.scores)
    torch.testing.assert_close(some.counted, alone.counted)
    assert some.probe_views == alone.probe_views
    assert some.subjects.tolist() == alone.subjects.tolist()


@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_the_gallery_does_not_matter(seed: int, random: object) -> None:
    probes, gallery = scene(seed, people=3, views=("000", "090"), absent=2)
    order = list(range(len(gallery)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = EmbeddedSequences(
        gallery.embeddings[order], [gallery.subjects[i] for i in order], [gallery.views[i] for i in order]
    )
    torch.testing.assert_close(nearest(probes, shuffled).scores, nearest(probes, gallery).scores, rtol=0, atol=0)


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_a_move_of_all_embeddings_changes_nothing_and_a_scale_only_the_distances(seed: int, scale: float) -> None:
    probes, gallery = scene(seed, people=3, views=("000", "090"))
    moved = [EmbeddedSequences(scale * s.embeddings + 1, s.subjects, s.views) for s in (probes, gallery)]
    before, after = nearest(probes, gallery), nearest(*moved)
    torch.testing.assert_close(after.scores, scale * before.scores, rtol=1e-4, atol=1e-4)


def test_a_gallery_of_the_probes_themselves_recognises_all() -> None:
    probes, _ = scene(6)
    assert rank1_table(nearest(probes, probes.pooled())).mean == 100


def test_the_gradient_of_a_score_points_from_the_nearest_sequence() -> None:
    gallery = on_a_line([("ann", "000", 0), ("ann", "000", 4), ("bob", "000", 10)])
    probe = torch.tensor([[[3.0]]], requires_grad=True)
    scores = identity_scores(probe, gallery, "flattened")
    assert scores.tolist() == [[[-1, -7]]]
    scores[0, 0, 0].backward()
    assert probe.grad is not None
    assert probe.grad.item() == 1


def test_numbers_that_are_none_and_embeddings_that_do_not_fit_are_errors() -> None:
    gallery = on_a_line([("ann", "000", 0), ("bob", "090", 1)])
    with pytest.raises(DataError, match="probes: bob at 090: found an embedding with NaN"):
        nearest(on_a_line([("ann", "000", 0), ("bob", "090", float("nan"))]), gallery)
    with pytest.raises(DataError, match=r"found parts and dimensions \(2, 1\); expected the gallery's \(1, 1\)"):
        nearest(EmbeddedSequences(torch.zeros(1, 2, 1), ["ann"], ["000"]), gallery)
    with pytest.raises(DataError, match="found 1 embeddings, 2 subjects, 1 views"):
        EmbeddedSequences(torch.zeros(1, 1, 1), ["ann", "bob"], ["000"])
