"""How many epochs a phase will probably still take, where early stopping may end it before all are done."""

from __future__ import annotations

_STILL_LEARNING = 0.8  # the share of epochs that are better than all before, while a network still learns
_CEASES = 0.2  # the probability, each epoch, that it does not any more


def likely_epochs(
    left: int, *, patience: int, tried: int = 0, improved: int = 0, since_best: int = 0
) -> float:
    """The epochs to expect of those that are left.

    A phase either still learns, and most epochs are the best so far, or it does not:
    then scores vary by chance, and of t of them the last is the best with probability
    1/t. Which of the two it is, the share of epochs tells that were an improvement
    (the first always is), and how many have gone by since the last one.

    Args:
        left: the most that may come.
        patience: epochs without a better one after which the phase ends.
        tried: epochs behind us.
        improved: how many of them were the best so far.
        since_best: epochs since the last of these.
    """
    learns = improved / (tried + 1) if tried else 0.5
    going_on = {since_best: 1.0}  # the probability that the phase lasts and stands so far from its best
    expected = 0.0
    for epoch in range(tried + 1, tried + left + 1):
        expected += sum(going_on.values())
        after = {0: 0.0}
        for since, share in going_on.items():
            better = _improves(epoch, learns, since)
            after[0] += better * share
            if since + 1 < patience:
                after[since + 1] = (1 - better) * share
        going_on = after
        learns *= 1 - _CEASES
    return expected


def _improves(epoch: int, learns: float, since_best: int) -> float:
    """The probability that an epoch is the best so far; ``learns``: that the phase did when it last was."""
    if epoch == 1:
        return 1.0
    by_learning = learns * (1 - _STILL_LEARNING) ** since_best
    by_chance = (1 - learns) * (1 - 1 / epoch) ** since_best
    return (by_learning * _STILL_LEARNING + by_chance / epoch) / (by_learning + by_chance)
