"""A curve: well-formed, every point on the sheet, equal values at equal heights."""

import xml.etree.ElementTree as ElementTree

import pytest

from openvasa.metrics.line_plot import line_plot

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("logarithmic", [False, True])
def test_points_are_where_they_belong(logarithmic: bool) -> None:
    points = [(10.0, 2.0), (60.0, 2.0), (3600.0, 1.0)]
    root = ElementTree.fromstring(line_plot("a < b", "s", "ms", points, logarithmic=logarithmic))
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    assert dots[0][1] == dots[1][1] < dots[2][1]
    assert dots[0][0] < dots[1][0] < dots[2][0] < 480
    assert "a < b" in [text.text for text in root.iter(f"{SVG}text")]


def test_one_point_is_enough() -> None:
    assert "<circle" in line_plot("one", "x", "y", [(5.0, 0.0)])
