"""Figures by section, row and column, and the tables made of them."""

import numpy as np

from openvasa.metrics.findings import Findings


def _found() -> Findings:
    found = Findings()
    for value in (1.0, 2.0, 3.0):
        found.add("A", "first", **{"error,_%": value})
    found.add("A", "second", r=0.5)
    found.add("B", "third", r=np.nan)
    return found


def test_the_table_has_a_mean_and_the_spread_of_several() -> None:
    head, body = _found().table("A")
    assert head == ["", "error, %", "r"]
    assert body == [["first", "2.00 (1.10 to 2.90)", "–"], ["second", "–", "0.500"]]


def test_what_is_no_number_is_left_out() -> None:
    assert _found().sections() == ["A"]


def test_json_says_how_many() -> None:
    one = _found().as_json()["A"]["first"]["error, %"]
    assert one == {"mean": 2.0, "median": 2.0, "p5": 1.1, "p95": 2.9, "n": 3}


def test_html_escapes_names() -> None:
    found = Findings()
    found.add("A", "a < b", x=1.0)
    assert "a &lt; b" in found.as_html("A")
