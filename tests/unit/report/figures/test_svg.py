"""A figure inside the page: what makes it smaller leaves every mark where it was."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from cd20scope.report.figures.svg import inline


@pytest.fixture
def cloud():
    """Points of several sizes in a frame whose axes are in pixels of the page."""
    figure = Figure(figsize=(4, 3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 288), ylim=(216, 0))
    axes.axis("off")
    axes.scatter([20.5, 100, 250], [30, 100.25, 200], s=[4, 100, 400], c="k", linewidths=0)
    return figure


def test_points_of_a_cloud_are_circles_of_their_size_and_place(cloud):
    page = str(inline(cloud, name="cloud", alt="three points"))
    found = [
        tuple(float(re.search(rf'\b{key}="([^"]+)"', circle)[1]) for key in ("cx", "cy", "r"))
        for circle in re.findall(r"<circle[^>]*>", page)
    ]
    radii = np.sqrt([4, 100, 400]) / 2
    expected = [(20.5, 30, radii[0]), (100, 100.25, radii[1]), (250, 200, radii[2])]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_styles_that_are_shared_are_said_once_in_classes_of_this_figure_alone(cloud):
    axes = cloud.axes[0]
    for height in (20, 40, 60):
        axes.plot([0, 100], [height, height], color="#123456", lw=1.5)
    one, other = (str(inline(cloud, name=name, alt="lines")) for name in ("one", "other"))
    sheets = [re.search(r"<style>(.*?)</style>", page)[1] for page in (one, other)]
    assert sheets[0].count("#123456") == 1
    rules = [dict(re.findall(r"\.(\w+)\{([^}]*)\}", sheet)) for sheet in sheets]
    assert list(rules[0].values()) == list(rules[1].values())
    assert not set(rules[0]) & set(rules[1])
    used = re.findall(r'class="(\w+)"', one)
    assert set(used) == set(rules[0])
    lines = [name for name in used if "#123456" in rules[0][name]]
    assert len(lines) == 3
    assert "<g>" not in one
    assert "rotate(-0" not in one


def test_other_paths_stay_paths(cloud):
    axes = cloud.axes[0]
    axes.scatter([50], [50], s=50, marker="s")
    axes.plot([0, 100, 200], [10, 20.5, 10])
    page = str(inline(cloud, name="cloud", alt="points and a line"))
    assert page.count("<circle") == 3
    assert 'd="M0 10L100 20.5L200 10"' in page


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_control_character_in_a_text_is_left_out(cloud):
    cloud.axes[0].text(5, 5, "arm\x07 \x1b[31mB <b>&")
    page = str(inline(cloud, name="cloud", alt="a bell \x07"))
    assert "arm [31mB &lt;b&gt;&amp;" in page
    assert "\x07" not in page
