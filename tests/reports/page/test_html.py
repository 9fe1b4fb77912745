"""The page without a browser: its policy, its escapes, and what it would fetch."""

import re

import pytest

from advisor.reports.markdown_text import fenced, heading, linked_bullets, paragraph, to_markdown
from advisor.reports.page.html import Chart, page
from advisor.reports.text_tables import table
from tests.reports.page.hostile import FOLDER, HOSTILE
from tests.reports.page.parsed import Page, named

CHART = {
    "data": {"values": [{"a": HOSTILE, "b": 1}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a"}, "y": {"field": "b", "type": "quantitative"}},
}


@pytest.fixture(params=["shipped", "hostile"])
def seen(request):
    return Page(request.getfixturevalue(request.param).html)


def test_scripts_and_styles_run_by_their_hashes_alone(seen):
    scripts = [text for attrs, text in seen.of("script") if attrs.get("type") != "application/json"]
    styles = [text for _, text in seen.of("style")]
    assert seen.policy == {
        "default-src": ["'none'"],
        "script-src": [named(text) for text in scripts],
        "style-src": [named(text) for text in styles],
        "img-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert (len(scripts), len(styles)) == (3, 1)


def test_the_policy_stands_before_everything_that_it_governs(seen):
    names = [tag for tag, attrs, _ in seen.tags if tag != "meta" or "http-equiv" in attrs]
    assert names[:4] == ["html", "head", "meta", "title"]


def test_nothing_in_it_is_fetched_or_runs_from_an_attribute(seen):
    for tag, attrs, _ in seen.tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "a", "svg"}
        assert not [name for name in attrs if name.startswith("on") or name in {"src", "href", "style", "srcset"}]
    css = "".join(text for _, text in seen.of("style"))
    assert not re.search(r"url\(|@import", css)


def test_addresses_are_names_of_schemas_and_of_projects_alone(shipped):
    ours = shipped.html.replace("http://www.w3.org/", "")
    hosts = set(re.findall(r"https?://([^/\"'`\s<)\\]+)", ours))
    assert hosts <= {"vega.github.io", "github.com"}  # the schema's name, the editor's and an issue's address in Vega


def test_a_phone_and_both_colour_schemes_are_provided_for(seen):
    assert {a.get("name"): a.get("content") for a, _ in seen.of("meta")}["viewport"].startswith("width=device-width")
    css = "".join(text for _, text in seen.of("style"))
    for rule in ("prefers-color-scheme: dark", "@media print", "focus-visible", "max-width: 40rem"):
        assert rule in css


def test_every_control_has_a_label(seen):
    """Each stands inside one."""
    html = [(tag, attrs) for tag, attrs, _ in seen.tags]
    controls = [at for at, (tag, _) in enumerate(html) if tag in {"select", "input"}]
    assert len(controls) == 9
    assert all(html[at - 1][0] == "label" for at in controls)


def test_hostile_names_are_text(hostile):
    seen = Page(hostile.html)
    assert not seen.of("img")
    text = "".join(seen.texts)
    assert f"{HOSTILE}, majority of 4" in text
    assert FOLDER in text
    assert HOSTILE in seen.data("explorer")["candidates"]["model"]["texts"]
    assert seen.data("explorer")["start"] == {"task": HOSTILE, "unit": "usd", "model": HOSTILE}


def test_a_page_of_several_charts_and_texts():
    parts = [
        heading(HOSTILE, 1),
        paragraph(HOSTILE, "Bold."),
        Chart("first", CHART, HOSTILE),
        to_markdown(table(["name", "value"], [[HOSTILE, "1"]], right=["value"])),
        fenced(HOSTILE, "sh"),
        Chart("second", CHART, "another"),
    ]
    seen = Page(page(HOSTILE, parts))
    assert seen.data("charts") == {"first": CHART, "second": CHART}
    assert [attrs["id"] for attrs, _ in seen.of("div") if attrs.get("class") == "chart"] == ["first", "second"]
    text = "".join(seen.texts)
    assert text.count(HOSTILE) >= 6
    assert [attrs for attrs, _ in seen.of("td")] == [
        {"data-label": "name"}, {"class": "figure", "data-label": "value"}
    ]  # fmt: skip
    assert len(seen.policy["script-src"]) == 2  # Vega, and what draws


def test_a_page_of_texts_alone_runs_no_script():
    seen = Page(page("texts", [paragraph("one")]))
    assert seen.policy["script-src"] == ["'none'"]
    assert not [attrs for attrs, _ in seen.of("script") if attrs.get("type") != "application/json"]


def test_links_go_to_headings_of_the_same_page_alone():
    title = "Does it, or `not`?"
    seen = Page(page("t", [linked_bullets([("why", title), (HOSTILE, HOSTILE)]), heading(title), heading(HOSTILE)]))
    goals = [attrs["href"].removeprefix("#") for attrs, _ in seen.of("a")]
    assert goals == [attrs["id"] for attrs, _ in seen.of("h2")]
    assert goals[0] == "section-does-it-or-not"
    assert "".join(seen.texts).count(HOSTILE) == 3


def test_long_tables_are_folded_and_wide_ones_known():
    def tags(columns, rows):
        names = [f"c{i}" for i in range(columns)]
        return Page(page("t", [to_markdown(table(names, [names] * rows))]))

    assert not tags(3, 10).of("details")
    ((attrs, said),) = tags(3, 20).of("summary")
    assert (attrs, said) == ({}, "Table of 20 rows: c0, c1, c2")
    assert [a["class"] for a, _ in tags(8, 2).of("div")] == ["table wide"]
    assert [a["class"] for a, _ in tags(7, 2).of("div")] == ["table"]


@pytest.mark.parametrize(
    "markdown", ["[a](javascript:alert(1))", "![a](http://b.example/c.png)", "<http://d.example>", "<b>"]
)
def test_markdown_makes_no_link_image_or_tag(markdown):
    seen = Page(page("t", [markdown]))
    assert not [tag for tag, _, _ in seen.tags if tag in {"a", "img", "b"}]
    assert markdown in "".join(seen.texts)
