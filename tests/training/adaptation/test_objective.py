"""The VICReg loss against a computation by hand."""

from __future__ import annotations

import numpy as np

from core.training.adaptation.objective import VicRegLoss


def by_hand(projections: np.ndarray) -> float:
    """The published loss with weights 25, 25 and 1, divided by 25; NumPy computes its parts."""
    invariance = float(np.mean((projections[:, 0] - projections[:, 1]) ** 2))
    variance = covariance = 0.0
    for copies in (projections[:, 0], projections[:, 1]):
        variance += np.mean(np.maximum(0.0, 1 - np.sqrt(copies.var(axis=0) + 1e-4))) / 2
        matrix = np.cov(copies, rowvar=False)
        np.fill_diagonal(matrix, 0.0)
        covariance += np.sum(matrix**2) / copies.shape[1]
    return float(invariance + variance + covariance / 25)


def test_the_loss_is_the_published_one() -> None:
    """A sign gone wrong would train the opposite, and no metric would say so."""
    projections = 0.8 * np.random.default_rng(1).normal(size=(6, 2, 5)).astype(np.float32)
    loss = float(VicRegLoss()(np.zeros((6, 1), np.float32), projections))
    assert np.isclose(loss, by_hand(projections), rtol=1e-4)


def test_a_collapse_costs_more_than_differing_pictures() -> None:
    """The same answer to every picture would make copies alike as well."""
    nothing = np.zeros((64, 1), np.float32)
    pictures = np.random.default_rng(1).normal(size=(64, 1, 4)).astype(np.float32)
    differing = np.repeat(1.2 * pictures, 2, axis=1)
    assert float(VicRegLoss()(nothing, differing)) < float(VicRegLoss()(nothing, 0 * differing))
