from __future__ import annotations

import torch
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from stumble.metrics.sample_quality import nearest_iou, nearest_neighbour_accuracy, pairwise_iou, sample_quality


def boxes(widths: list[int]) -> torch.Tensor:
    frames = torch.zeros(len(widths), 8, 12)
    for frame, width in zip(frames, widths, strict=True):
        frame[:, :width] = 1
    return frames


def test_samples_of_the_same_distribution_cannot_be_told_apart() -> None:
    torch.manual_seed(0)
    real, generated, reference = (torch.rand(400, 8, 8) for _ in range(3))
    quality = sample_quality(generated, real, reference)
    assert abs(quality.nearest_neighbour_accuracy - 0.5) < 0.06
    assert abs(quality.generated_iou - quality.real_iou) < 0.02
    assert abs(quality.generated_diversity - quality.real_diversity) < 0.02


def test_different_distributions_are_told_apart() -> None:
    torch.manual_seed(0)
    assert nearest_neighbour_accuracy(torch.rand(50, 8, 8), torch.rand(50, 8, 8) / 10) == 1


def test_accuracy_agrees_with_scikit_learn() -> None:
    torch.manual_seed(0)
    real, generated = torch.rand(30, 8, 8), torch.rand(30, 8, 8) * 0.95
    pooled = torch.nn.functional.avg_pool2d(torch.cat([real, generated])[:, None], 2).flatten(1).numpy()
    scores = cross_val_score(KNeighborsClassifier(1), pooled, [1] * 30 + [0] * 30, cv=LeaveOneOut())
    assert abs(nearest_neighbour_accuracy(real, generated, pool=2) - scores.mean()) < 1e-6


def test_iou_of_boxes() -> None:
    torch.testing.assert_close(pairwise_iou(boxes([4, 0]), boxes([4, 8, 0])), torch.tensor([[1, 0.5, 0], [0, 0, 1]]))


def test_the_nearest_reference_frame_counts() -> None:
    torch.testing.assert_close(nearest_iou(boxes([6]), boxes([1, 8, 12])), torch.tensor([0.75]))


def test_copies_of_one_frame_have_no_diversity() -> None:
    quality = sample_quality(boxes([6, 6]), boxes([3, 6]), boxes([6]))
    assert quality.generated_diversity == 0 and quality.real_diversity == 0.5
    assert quality.generated_iou == 1
