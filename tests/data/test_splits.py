from __future__ import annotations

import numpy as np

from stumble.data import CASIA_A, CASIA_B, GaitData, SequenceKey


def test_gallery_and_probes_of_the_people_that_are_tested() -> None:
    data = full(CASIA_B.expected(CASIA_B.subjects))
    gallery, probes = CASIA_B.split(data)
    assert len(data) == 124 * 110
    assert len(gallery) == 50 * 4 * 11
    assert len(probes) == 50 * 6 * 11
    assert {kind: len(probes.select(kinds=[kind])) for kind in ("NM", "BG", "CL")} == dict.fromkeys(
        ("NM", "BG", "CL"), 1100
    )
    assert min(gallery.subjects) == "075"
    assert {key.condition for key in gallery.keys} == {"nm-01", "nm-02", "nm-03", "nm-04"}


def full(keys: tuple[SequenceKey, ...]) -> GaitData:
    return GaitData("full", keys, lambda key: np.ones((1, 64, 44), np.uint8), False, "casia-b")


def test_the_split_covers_everybody_once() -> None:
    assert CASIA_B.partition is not None
    assert CASIA_B.partition.train + CASIA_B.partition.test == CASIA_B.subjects
    assert len(CASIA_B.partition.train) == 74


def test_missing_sequences_are_missing_in_gallery_and_probes() -> None:
    keys = CASIA_B.expected(["080", "081"])
    gallery, probes = CASIA_B.split(full(keys[:110] + keys[111:]))
    assert len(gallery) + len(probes) == 219


def test_other_people_can_be_chosen() -> None:
    gallery, _ = CASIA_B.split(full(CASIA_B.expected(["001", "080", "130"])), subjects=["130"])
    assert gallery.subjects == ("130",)


def test_casia_a_tests_everybody_against_the_fourth_walk() -> None:
    keys = CASIA_A.expected([f"p{number}" for number in range(20)])
    assert len(keys) == 240
    gallery, probes = CASIA_A.split(full(keys))
    assert (len(gallery), len(probes)) == (60, 180)
    assert CASIA_A.pooled
    assert not CASIA_B.pooled
