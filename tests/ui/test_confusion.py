"""Words beside a confusion matrix of many classes."""

from __future__ import annotations

from pages.ui.confusion import what_is_shown


def test_a_table_of_the_most_frequent_mistakes_does_not_claim_to_list_all() -> None:
    assert what_is_shown(2000, 1000).endswith("The table lists the mistakes of all.")
    assert what_is_shown(2001, 1000).endswith("The table lists the 2,000 most frequent mistakes.")
