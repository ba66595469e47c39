from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stumble.training.calibration import fit_logistic


def test_two_normals_of_equal_variance_have_a_closed_form() -> None:
    """For N(1, 1) against N(-1, 1) the log odds of a score x are 2 x."""
    draw = np.random.default_rng(0)
    scale, offset = fit_logistic(draw.normal(1, 1, 20_000), draw.normal(-1, 1, 20_000))
    assert scale == pytest.approx(2, abs=0.06) and offset == pytest.approx(0, abs=0.06)


def test_agrees_with_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    positive, negative = draw.normal(-40, 3, 3000), draw.normal(-44, 5, 2000)
    other = LogisticRegression(C=np.inf, max_iter=1000, tol=1e-10)
    other.fit(np.concatenate([positive, negative])[:, None], np.repeat([1, 0], [3000, 2000]))
    scale, offset = fit_logistic(positive, negative)
    assert scale == pytest.approx(other.coef_[0, 0], rel=0.02)
    assert offset == pytest.approx(other.intercept_[0], rel=0.02)


def test_separated_scores_give_a_finite_fit() -> None:
    scale, offset = fit_logistic(np.linspace(5, 6, 50), np.linspace(-6, -5, 50))
    assert 0 < scale < 100 and abs(offset) < 1
