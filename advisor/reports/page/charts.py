"""The charts of a recommendation in Altair, without their rows: explorer.js hands those in by the names of the data.

Colours are names of page.css, so that they follow a light, a dark and a printed page; shapes and dashes differ too.
"""

from __future__ import annotations

from typing import Any

EVIDENCE = {
    "measured": "circle",
    "published": "diamond",
    "imputed": "triangle-up",
    "weak": "square",
}
"""Shapes of the kinds of evidence."""
SERIES = ("var(--first)", "var(--second)", "var(--third)", "var(--fourth)")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
SHAPES = ("circle", "square", "triangle-up", "diamond")
LEADS, BEATEN, PICK = "var(--lead)", "var(--beaten)", "var(--pick)"
FIRST_DIGIT = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))"
TICKS = (
    f"{FIRST_DIGIT} == 1 || x_high < 10 * x_low || (x_high < 100 * x_low && indexof([2, 5], {FIRST_DIGIT}) >= 0)"
    " ? datum.value >= 1e5 || datum.value < 1e-3"
    " ? replace(format(datum.value, '.1~e'), 'e+', 'e') : format(datum.value, ',~r') : ''"
)
"""Round figures on a logarithmic axis, `0.002`, `60`, `5e14`; on a long one powers of ten alone."""
ENDS = {"x_low": 1, "x_high": 10, "y_low": 0, "y_high": 100}
"""Of the axes, until there is data."""
TOOLTIP = {
    "model": "model",
    "strategy": "strategy",
    "deployment": "GPUs",
    "accuracy_text": "accuracy (90 %)",
    "cost_text": "cost",
    "accuracy_from": "accuracy from",
    "cost_from": "cost from",
}


def frontier_chart() -> dict[str, Any]:
    """Accuracy over a cost: data `points`, `steps` of the frontier, `pick` and `budget`, the parameter `cost_title`."""
    import altair as alt

    x = alt.X("cost:Q").axis(title=None, labelExpr=TICKS, tickCount=6).scale(**_ends("x"), type="log")
    y = alt.Y("accuracy:Q").title("accuracy, %").scale(**_ends("y"), zero=False)
    leads = "datum.leads"
    stroke = alt.when(leads).then(alt.value(LEADS)).otherwise(alt.value(BEATEN))
    fill = alt.when(leads).then(alt.value(LEADS)).otherwise(alt.value("var(--ground)"))
    shape = alt.Shape("evidence:N").scale(domain=list(EVIDENCE), range=list(EVIDENCE.values())).legend(None)
    points, pick = alt.Chart(alt.NamedData(name="points")), alt.Chart(alt.NamedData(name="pick"))
    budget = alt.Chart(alt.NamedData(name="budget"))
    steps = alt.Chart(alt.NamedData(name="steps"))
    layers = [
        budget.mark_rule(strokeDash=[5, 4], color="var(--ink)").encode(x=x),
        budget.mark_text(align="right", dx=-5, dy=10, color="var(--ink)").encode(x=x, y=alt.value(0), text="text:N"),
        steps.mark_line(interpolate="step-after", color=LEADS, strokeWidth=2, aria=False).encode(x=x, y=y),
        points.mark_rule(strokeWidth=1, opacity=0.6, aria=False).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q", color=stroke
        ),
        points.mark_point(size=75, strokeWidth=1.5, opacity=1, cursor="pointer").encode(
            x=x, y=y, shape=shape, stroke=stroke, fill=fill, tooltip=_tooltip(), description="spoken:N"
        ),
        points.transform_filter("datum.chosen")
        .mark_point(
            shape="circle", size=300, strokeWidth=1.5, strokeDash=[3, 2], opacity=1, stroke="var(--ink)", aria=False
        )
        .encode(x=x, y=y, tooltip=_tooltip()),
        pick.mark_point(shape="circle", size=30, filled=True, opacity=1, color=PICK, aria=False).encode(x=x, y=y),
        pick.mark_point(shape="circle", size=300, strokeWidth=3, opacity=1, stroke=PICK).encode(
            x=x, y=y, tooltip=_tooltip(), description="spoken:N"
        ),
        *(
            chart.mark_text(
                align=alt.ExprRef("datum.side || 'right'"),
                dx=alt.ExprRef("datum.dx || 0"),
                dy=alt.ExprRef("datum.dy || 0"),
                fontSize=11,
                color="var(--ink)",
                aria=False,
            ).encode(x=x, y=y, text="label:N")
            for chart in (points, pick)
        ),
    ]
    title = alt.Title(text=alt.ExprRef("cost_title"), orient="bottom", fontSize=12, fontWeight="normal", offset=8)
    chart = alt.layer(*layers, title=title).add_params(alt.param(name="cost_title", value=""))
    return dressed(chart.add_params(*_first_ends()))


def curve_chart() -> dict[str, Any]:
    """Accuracy over FLOPs of one model: data `curve_points` with intervals, `curve_lines` as fitted, `curve_pick`.

    `series` of points and lines is the number of their curve, as many as there are shapes.
    """
    import altair as alt

    x = alt.X("flops:Q").axis(title="FLOPs per question, log scale", labelExpr=TICKS, tickCount=6)
    x, y = x.scale(**_ends("x"), type="log"), alt.Y("accuracy:Q").title("accuracy, %").scale(**_ends("y"), zero=False)
    places = list(range(len(SERIES)))
    colour = alt.Color("series:N").scale(domain=places, range=list(SERIES)).legend(None)
    points, fitted = alt.Chart(alt.NamedData(name="curve_points")), alt.Chart(alt.NamedData(name="curve_lines"))
    shape = alt.Shape("series:N").scale(domain=places, range=list(SHAPES)).legend(None)
    dash = alt.StrokeDash("series:N").scale(domain=places, range=[list(each) for each in DASHES]).legend(None)
    tooltip = [
        alt.Tooltip("strategy:N", title="strategy"),
        alt.Tooltip("accuracy_text:N", title="accuracy (90 %)"),
        alt.Tooltip("flops:Q", title="FLOPs per question", format=".3~e"),
    ]
    layers = [
        fitted.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour, strokeDash=dash, detail="series:N"),
        points.mark_rule(strokeWidth=1.2, aria=False).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        points.mark_point(size=65, opacity=1, strokeWidth=1.5).encode(
            x=x, y=y, color=colour, fill=colour, shape=shape, tooltip=tooltip
        ),
        alt.Chart(alt.NamedData(name="curve_pick"))
        .mark_point(shape="circle", size=300, strokeWidth=3, opacity=1, stroke=PICK)
        .encode(x=x, y=y),
    ]
    return dressed(alt.layer(*layers).add_params(*_first_ends()))


def _ends(axis: str) -> dict[str, Any]:
    """Of a scale: the parameters `x_low` and so on, since of no data there is no extent."""
    import altair as alt

    return {"domain": [alt.ExprRef(f"{axis}_low"), alt.ExprRef(f"{axis}_high")], "nice": False}


def _first_ends() -> list[Any]:
    import altair as alt

    return [alt.param(name=name, value=value) for name, value in ENDS.items()]


def _tooltip() -> list[Any]:
    import altair as alt

    return [alt.Tooltip(f"{field}:N", title=title) for field, title in TOOLTIP.items()]


def dressed(chart: Any, height: int | str = "container") -> dict[str, Any]:
    """The specification of an Altair chart in the page's colours, as wide as its place and `height` pixels high.

    "container": as high as its place, which a panel gives it.
    """
    ink, line = "var(--ink)", "var(--line)"
    specification: dict[str, Any] = (
        chart.properties(width="container", height=height, background="transparent")
        .configure(autosize={"type": "fit", "contains": "padding"}, font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink, titleColor=ink, tickColor=line, domainColor=line, gridColor=line, labelFontSize=12,
            titleFontSize=12, titleFontWeight="normal", titlePadding=8, labelOverlap="greedy",
        )
        .configure_legend(labelColor=ink, titleColor=ink, labelFontSize=12, orient="bottom")
        .configure_range(category=list(SERIES))
        .configure_title(color=ink)
        .to_dict()
    )  # fmt: skip
    return specification
