"""Names beside the points of a figure: each stands nearest to its own point, or a line leads back to it."""

import numpy as np
import pytest

figures = pytest.importorskip("matplotlib.figure")

from advisor.reports.findings.names import write_names  # noqa: E402


def drawn(points, others):
    figure = figures.Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(1, 1000)
    axes.set_ylim(0, 100)
    write_names(figure, axes, [(x, y, f"model-{i}") for i, (x, y) in enumerate(points)], others)
    return axes


@pytest.mark.parametrize("seed", range(5))
def test_a_name_is_nearest_to_its_point_or_has_a_line_to_it(seed):
    rng = np.random.default_rng(seed)
    others = list(zip(10 ** rng.uniform(0.2, 2.8, 40), rng.uniform(5, 95, 40), strict=True))
    points = others[:12]
    axes = drawn(points, others)
    pixels = axes.transData.transform(others)
    led = {text.xy for text in axes.texts if not text.get_text()}
    names = [text for text in axes.texts if text.get_text()]
    assert len(names) >= 6
    for name in names:
        own = points.index(tuple(name.xy))
        box = name.get_window_extent()
        across = np.maximum(np.maximum(box.x0 - pixels[:, 0], pixels[:, 0] - box.x1), 0)
        up = np.maximum(np.maximum(box.y0 - pixels[:, 1], pixels[:, 1] - box.y1), 0)
        assert int(np.argmin(np.hypot(across, up))) == own or tuple(name.xy) in led
    assert len(led) < len(names)


def test_a_name_alone_needs_no_line():
    axes = drawn([(10, 50)], [(10, 50)])
    assert [text.get_text() for text in axes.texts] == ["model-0"]
