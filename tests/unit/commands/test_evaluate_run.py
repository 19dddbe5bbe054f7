"""Items spread over a list: nested, in order, all where there are few."""

from __future__ import annotations

import numpy as np

from openvasa.commands.evaluate_run import spread


def test_a_larger_choice_holds_the_smaller_one() -> None:
    items = list(range(98))
    for count in range(1, 98):
        chosen, more = spread(items, count), spread(items, count + 1)
        assert chosen == sorted(set(chosen)) and len(chosen) == count and set(chosen) <= set(more)


def test_a_choice_is_spread_over_the_list() -> None:
    for count in (5, 20, 60):
        chosen = spread(list(range(100)), count)
        assert np.diff([*chosen, 100 + chosen[0]]).max() < 3 * 100 / count


def test_all_are_taken_where_there_are_few() -> None:
    assert spread("abc", None) == list("abc") == spread("abc", 5)
    assert spread("abc", 0) == []
