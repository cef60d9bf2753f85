"""Expected number of epochs of a phase that early stopping may end."""

from __future__ import annotations

# Share of epochs that beat all before them while a network still learns.
_STILL_LEARNING = 0.8
# Probability, each epoch, that a learning network stops learning.
_CEASES = 0.2


def likely_epochs(
    left: int, *, patience: int, tried: int = 0, improved: int = 0, since_best: int = 0
) -> float:
    """Return the expected number of the remaining epochs that will happen.

    A phase either still learns, and most epochs are the best so far, or it does not.
    Then scores vary by chance, and of t epochs the last is the best with probability 1/t.
    The share of epochs that were improvements (the first always is) and the number since
    the last one tell which of the two is likely.

    Args:
        left: the maximum number of epochs still to come.
        patience: epochs without improvement after which the phase ends.
        tried: epochs done.
        improved: how many of them were the best so far.
        since_best: epochs since the last of these.
    """
    if since_best + left <= patience:  # nothing can end it before
        return float(left)
    learns = improved / (tried + 1) if tried else 0.5
    # Probability that the phase lasts, by the number of epochs since its best.
    running = {since_best: 1.0}
    expected = 0.0
    for epoch in range(tried + 1, tried + left + 1):
        expected += sum(running.values())
        after = {0: 0.0}
        for since, share in running.items():
            better = _improves(epoch, learns, since)
            after[0] += better * share
            if since + 1 < patience:
                after[since + 1] = (1 - better) * share
        running = after
        learns *= 1 - _CEASES
    return expected


def _improves(epoch: int, learns: float, since_best: int) -> float:
    """Return the probability that an epoch is the best so far.

    Args:
        learns: probability that the phase was still learning at its last best epoch.
    """
    if epoch == 1:
        return 1.0
    by_learning = learns * (1 - _STILL_LEARNING) ** since_best
    by_chance = (1 - learns) * (1 - 1 / epoch) ** since_best
    return (by_learning * _STILL_LEARNING + by_chance / epoch) / (by_learning + by_chance)
