"""What the temporal sparse paper prints (He, Wang, Dong, Tan; Pattern Recognition 2022). In percent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "DRAWN",
    "DYNAMIC",
    "SPOOFING",
    "TABLE_2",
    "TABLE_3",
    "TABLE_4",
    "TABLE_5",
    "TABLE_6",
    "TABLE_7",
    "TABLE_8",
    "UNALTERED",
    "VIEWS",
    "VIEWS_A",
    "Printed",
]

VIEWS = ("000", "018", "036", "054", "072", "090", "108", "126", "144", "162", "180")
"""CASIA-B's, as the columns of Tables II and III."""

VIEWS_A = ("00", "45", "90")
"""CASIA-A's, as the columns of Tables V and VI."""


@dataclass(frozen=True)
class Printed:
    """One line of a table.

    Attributes:
        views: by the probe's view; empty where the paper has one number for all.
        mean: as printed, which is not always the mean of the views.
    """

    views: Mapping[str, float]
    mean: float


def _line(views: tuple[str, ...], values: tuple[float, ...], mean: float) -> Printed:
    return Printed(dict(zip(views, values, strict=True)), mean)


TABLE_2: Mapping[str, Mapping[str, Printed]] = {
    "1/40": {
        "NM": _line(VIEWS, (34.6, 18.9, 13.2, 8.6, 7.7, 9.4, 7.9, 10.1, 8.3, 16.8, 30.8), 15.118),
        "BG": _line(VIEWS, (31.7, 20.7, 14.6, 11.41, 11.7, 14.4, 12.4, 12.1, 16.1, 22.93, 35.5), 18.504),
        "CL": _line(VIEWS, (42.3, 23.4, 17.2, 17.5, 13.1, 17.9, 15.7, 14.9, 23.2, 26.0, 41.0), 22.927),
    },
    "1/20": {
        "NM": _line(VIEWS, (61.6, 43.4, 33.3, 30.5, 25.4, 29.0, 22.2, 27.9, 37.0, 40.1, 63.5), 37.627),
        "BG": _line(VIEWS, (63.3, 47.0, 39.5, 34.64, 33.4, 37.3, 33.0, 36.1, 41.1, 47.07, 62.8), 43.201),
        "CL": _line(VIEWS, (65.6, 49.2, 39.5, 37.8, 35.7, 36.2, 36.3, 38.6, 47.2, 50.7, 63.8), 45.509),
    },
    "1/10": {
        "NM": _line(VIEWS, (78.6, 67.4, 59.4, 61.4, 60.0, 61.1, 58.9, 60.9, 65.1, 68.6, 80.6), 65.636),
        "BG": _line(VIEWS, (82.3, 69.8, 65.4, 64.55, 61.2, 62.9, 60.5, 63.5, 66.5, 70.91, 80.2), 67.978),
        "CL": _line(VIEWS, (78.9, 70.5, 63.8, 66.2, 62.4, 65.0, 65.5, 65.7, 69.9, 73.1, 81.3), 69.3),
    },
}
"""Targeted success by sparsity and kind of probe."""

TABLE_3 = _line(VIEWS, (85.3, 80.1, 75.3, 74.2, 74.7, 76.9, 76.6, 75.4, 77.3, 78.2, 84.0), 78.0)
"""Targeted success at sparsity 1/5, normal walking."""

SPOOFING = _line(VIEWS, (68.0, 86.0, 92.0, 89.0, 82.0, 78.0, 82.0, 89.0, 90.0, 85.0, 65.0), 82.0)
"""The spoofing of Jia et al. (2019), every frame made, as Table III has it; its views have the mean 82.4."""

TABLE_4: Mapping[str, Printed] = {
    "0": _line(VIEWS, (39.4, 56.0, 62.3, 61.1, 59.3, 25.8, 55.8, 63.6, 57.3, 52.9, 40.7), 52.2),
    "1/40": _line(VIEWS, (35.9, 52.8, 60.0, 57.6, 56.1, 24.4, 52.2, 60.4, 55.2, 49.5, 36.2), 49.1),
}
"""Rank-1 of GaitGAN by sparsity, normal walking, on the sequences that were made on GaitSet."""

TABLE_5: Mapping[str, Printed] = {
    "0": _line(VIEWS_A, (56.67, 70.0, 76.67), 67.78),
    "1/40": _line(VIEWS_A, (33.33, 33.33, 18.33), 28.33),
    "1/20": _line(VIEWS_A, (18.33, 25.0, 3.33), 15.55),
    "1/10": _line(VIEWS_A, (6.67, 8.33, 3.33), 5.11),
}
"""Rank-1 on CASIA-A by sparsity, untargeted; the last mean is a misprint for 6.11."""

TABLE_6: Mapping[str, Printed] = {
    "1/40": _line(VIEWS_A, (11.67, 8.33, 31.67), 17.22),
    "1/20": _line(VIEWS_A, (26.67, 20.0, 61.67), 36.11),
    "1/10": _line(VIEWS_A, (56.67, 63.33, 85.0), 68.33),
}
"""Targeted success on CASIA-A by sparsity."""

TABLE_7: Mapping[tuple[int, ...], tuple[float, float, float]] = {
    (0, 1, 2, 3): (17.711, 12.197, 10.663),
    (8, 9, 10, 11): (18.895, 11.193, 11.212),
    (15, 16, 17, 18): (18.19, 11.913, 11.629),
    (23, 24, 25, 26): (18.176, 11.42, 12.689),
    (30, 31, 32, 33): (19.784, 12.651, 11.117),
    (0, 11, 22, 33): (19.607, 12.784, 11.723),
    (4, 12, 20, 28): (20.035, 14.565, 11.553),
    (9, 14, 19, 24): (18.406, 11.572, 9.583),
    (13, 15, 17, 19): (18.992, 11.553, 10.303),
}
"""Rank-1 of SelfGait on NM, BG and CL, by the places of 4 frames inserted into clips of 30, counted in the result."""

UNALTERED = 91.079, 84.735, 74.261
"""The same without an attack."""

DRAWN = (19.13, 0.406), (12.94, 0.281), (10.53, 0.89)
"""The same at random places, seeds 0 to 4: mean and standard deviation."""

TABLE_8: Mapping[int, Printed] = {
    1: Printed({}, 52.49),
    2: Printed({}, 85.27),
    3: Printed({}, 96.29),
    4: Printed({}, 98.43),
    5: Printed({}, 99.44),
}
"""Fooling by the number of inserted frames; the table swaps the labels static and dynamic."""

DYNAMIC = 100.0, 1.6
"""Fooling, and the mean number of frames, where as many are inserted as it takes."""
