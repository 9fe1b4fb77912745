"""The page in Chromium, from disk: it draws, keeps its own policy, fetches nothing, and does what is chosen.

Skipped where there is no Chromium with its driver, or no selenium (the `dev` extra).
"""

import json
import os
import shutil
from contextlib import contextmanager

import numpy as np
import pytest

import advisor
from advisor.reports.page.charts import dressed
from advisor.reports.page.html import Chart, page
from advisor.units import COSTS, percent
from tests.fits.stored import workspace
from tests.known import SHIPPED
from tests.reports.page.conftest import LIMITS, made
from tests.reports.page.hostile import HOSTILE
from tests.reports.page.parsed import Page
from tests.reports.page.test_data import rows_of
from tests.studies.stored_answers import MODELS, answer

webdriver = pytest.importorskip("selenium.webdriver", reason="the page is not looked at without selenium")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver to look at the page with"),
    pytest.mark.slow,
]
PATIENCE_S = 60


class Browser:
    """A page that is open, and what the browser had to say of it."""

    def __init__(self, driver, path, explorer):
        self.driver, self.drawn = driver, 0
        driver.get(path.as_uri())
        if explorer:
            self.wait()

    def wait(self):
        """Until its explorer is drawn once more."""
        self.drawn += 1
        WebDriverWait(self.driver, PATIENCE_S).until(
            lambda d: int(d.execute_script("return document.body.dataset.drawn || 0")) >= self.drawn
        )

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def choose(self, name, value):
        if self.chosen(name) != value:
            Select(self.driver.find_element(By.ID, name)).select_by_value(value)
            self.wait()

    def chosen(self, name):
        return Select(self.driver.find_element(By.ID, name)).first_selected_option.get_attribute("value")

    def text(self, name):
        return self.driver.find_element(By.ID, name).get_attribute("textContent")

    def marks(self):
        """What the points of the frontier's chart say, the ring of the pick apart."""
        said = [each.get_attribute("aria-label") for each in self.all("#frontier path[aria-roledescription=point]")]
        return sorted(said)

    def table(self):
        """Its rows' cells."""
        script = (
            "return [...document.querySelectorAll('#rows tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
        )
        return self.driver.execute_script(script)

    def complaints(self):
        """Errors, warnings and violations of the policy in the console, and every address but the page's own."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return said + [each for each in sent if each != self.driver.current_url and not each.startswith("data:")]


@contextmanager
def browser(path, *, width=1200, height=900, dark=False, phone=False, explorer=True):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("headless=new", "disable-gpu", "disable-dev-shm-usage", f"window-size={width},{height}"):
        options.add_argument(f"--{argument}")
    if os.getuid() == 0:
        options.add_argument("--no-sandbox")  # which root cannot have
    if phone:
        metrics = {"width": width, "height": height, "pixelRatio": 2.0, "touch": True}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield Browser(driver, path, explorer)
    finally:
        driver.quit()


@pytest.fixture
def desktop(shipped):
    with browser(shipped.path) as opened:
        yield opened
        assert opened.complaints() == []


def expected(shipped, *, task="gpqa-diamond", unit="usd", gpu=None, kind=None, evidence=None):
    """The page's rows for a choice, as data.py has them."""
    rows = rows_of(Page(shipped.html).data("explorer")["candidates"])
    return [
        row
        for row in rows
        if row["task"] == task
        and unit in row["units" if gpu else "anywhere"].split()
        and row["gpu"] in (gpu or row["gpu"], None)
        and row["kind"] == (kind or row["kind"])
        and row["evidence"] in (evidence or [row["evidence"]])
    ]


@pytest.mark.parametrize("unit", COSTS)
def test_its_frontier_is_that_of_the_verb(desktop, shipped, unit):
    desktop.choose("unit", unit)
    limits = {name: LIMITS[name] for name in ("task", "gpu", "model")}
    known = advisor.frontier(shipped.workspace, cost=unit, **limits).frontier
    on_it = [(row[0], row[3].partition(" (")[0]) for row in desktop.table() if row[-1] == "on it"]
    assert on_it == [(c.model, percent(c.accuracy.value)) for c in known]


PLACES = """
const middle = (each) => { const b = each.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; };
const all = (css) => [...document.querySelectorAll(`#frontier ${css}`)];
const points = all("path[aria-roledescription=point]");
const isRing = (each) => each.getAttribute("stroke") === "var(--pick)";
return {
  rings: points.filter(isRing).map((each) => [each.getAttribute("aria-label"), ...middle(each)]),
  points: points.filter((each) => !isRing(each)).map((each) => [each.getAttribute("aria-label"), ...middle(each)]),
  dots: all("path[fill='var(--pick)']").map(middle),
  names: all(".role-mark.mark-text text").filter((each) => each.textContent).map((each) => {
    const b = each.getBoundingClientRect();
    return [each.textContent, b.left, b.top, b.right, b.bottom];
  }),
  frame: (({ left, top, right, bottom }) => [left, top, right, bottom])(all("svg")[0].getBoundingClientRect()),
};
"""
"""Where the marks of the frontier's chart are, in pixels of a window that nothing has resized."""


def _gap(x, y, box):
    left, top, right, bottom = box
    return np.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))


def test_the_ring_is_on_the_pick_whatever_the_cost(desktop, shipped):
    pick = shipped.found.recommended
    for unit in ("usd", "s", "J", "s", "flops", "tokens", "usd"):
        desktop.choose("unit", unit)
        seen = desktop.driver.execute_script(PLACES)
        ((said, x, y),) = seen["rings"]
        assert said.startswith(pick.model)
        assert seen["dots"] == [pytest.approx([x, y], abs=1)]
        assert _gap(x, y, seen["frame"]) == 0
        of_alike = [(px, py) for text, px, py in seen["points"] if text == said]
        assert all(np.hypot(px - x, py - y) < 3 for px, py in of_alike)
        assert of_alike or unit != "usd"  # by the cost of the request the pick is on the frontier


@pytest.mark.parametrize("phone", [False, True])
def test_names_are_there_at_once_and_nearest_to_their_own_models(shipped, phone):
    size = {"width": 390, "height": 844, "phone": True} if phone else {}
    with browser(shipped.path, **size) as opened:
        for unit in COSTS:
            opened.choose("unit", unit)
            seen = opened.driver.execute_script(PLACES)
            names = [each for each in seen["names"] if not each[0].startswith("budget")]
            assert len(names) >= 2
            for name, *box in names:
                gaps = [(_gap(x, y, box), text.partition(",")[0]) for text, x, y in (*seen["points"], *seen["rings"])]
                assert min(gaps)[1].endswith(f"/{name}"), (unit, name)


def test_a_pick_that_a_filter_excludes_is_said_to_be(desktop, shipped):
    name = shipped.found.recommended.model.rpartition("/")[2]
    assert f"Ringed: the pick, {name}." in desktop.text("frontier-caption")
    desktop.choose("kind", "dense")
    assert desktop.driver.execute_script(PLACES)["rings"] == []
    assert f"The pick, {name}, is not among these." in desktop.text("frontier-caption")
    desktop.choose("kind", "MoE")
    assert len(desktop.driver.execute_script(PLACES)["rings"]) == 1
    assert "not among" not in desktop.text("frontier-caption")


def test_another_task_and_back_shows_the_curve_of_the_pick_again(desktop, shipped):
    curves = {(each["task"], each["model"]) for each in Page(shipped.html).data("explorer")["curves"]}
    pick = shipped.found.recommended.model
    tasks = [each.get_attribute("value") for each in desktop.all("#task option")]
    chosen = []
    for task in [*tasks, "gpqa-diamond"]:
        desktop.choose("task", task)
        model = desktop.chosen("model")
        chosen.append(model)
        told = f"Dashed rings: {model.rpartition('/')[2]}" in desktop.text("frontier-caption")
        assert ("whose curve is below" in desktop.text("frontier-caption")) == (told and (task, model) in curves)
    assert set(chosen) > {pick}
    assert chosen[-1] == pick


def test_filters_change_what_is_drawn(desktop, shipped):
    def seen():
        return len(desktop.table()), len(desktop.marks())

    pick = Page(shipped.html).data("explorer")["pick"]

    def has(task="gpqa-diamond", **choice):
        n = len(expected(shipped, task=task, **choice))
        is_chosen = pick["kind"] == choice.get("kind", pick["kind"]) and pick["gpu"] == choice.get("gpu", pick["gpu"])
        ring = task == "gpqa-diamond" and is_chosen and pick["evidence"] in choice.get("evidence", pick["evidence"])
        assert n > 0
        return n, n + ring

    assert seen() == has()
    said, changed = desktop.marks(), 0
    for name, value, choice in (
        ("gpu", "h200-sxm", {"gpu": "h200-sxm"}),
        ("unit", "s", {"gpu": "h200-sxm", "unit": "s"}),
        ("kind", "dense", {"gpu": "h200-sxm", "unit": "s", "kind": "dense"}),
        ("kind", "MoE", {"gpu": "h200-sxm", "unit": "s", "kind": "MoE"}),
        ("kind", "", {"gpu": "h200-sxm", "unit": "s"}),
        ("task", "aime24", {"gpu": "h200-sxm", "unit": "s", "task": "aime24"}),
        ("task", "gpqa-diamond", {"gpu": "h200-sxm", "unit": "s"}),
    ):
        desktop.choose(name, value)
        assert seen() == has(**choice), (name, value)
        changed += desktop.marks() != said
        said = desktop.marks()
    assert changed >= 6  # every model's cheapest may be on that GPU already
    kinds = {row["evidence"] for row in expected(shipped)}
    desktop.driver.find_element(By.CSS_SELECTOR, "#evidence input[value=measured]").click()
    desktop.wait()
    assert seen() == has(gpu="h200-sxm", unit="s", evidence=kinds - {"measured"})


def test_a_budget_is_a_line_on_its_own_cost_and_in_words_where_it_is_far(desktop, tmp_path):
    def lines(opened):
        return opened.all("#frontier .mark-rule.layer_0_marks line")

    assert len(lines(desktop)) == 1
    assert "budget 0.0100 USD" in desktop.driver.find_element(By.ID, "frontier").text
    desktop.choose("unit", "s")
    assert lines(desktop) == []
    far = made(SHIPPED, tmp_path / "far.html", task="gpqa-diamond", model="microsoft/phi-4", gpu="l40s", budget="5usd")
    with browser(far.path) as opened:
        assert lines(opened) == []
        assert opened.text("frontier-caption").endswith("The budget 5.00 USD is outside the picture.")


def test_nothing_left_is_said(desktop):
    for box in desktop.all("#evidence input"):
        if box.is_displayed():
            box.click()
            desktop.wait()
    assert desktop.table() == []
    said = desktop.text("frontier-caption")
    assert said.startswith("Nothing is known on gpqa-diamond for this choice. The pick, ")
    assert said.endswith(", is not among these.")


def test_a_chosen_model_shows_its_curve(desktop, shipped):
    curves = Page(shipped.html).data("explorer")["curves"]
    assert desktop.chosen("model") == shipped.found.recommended.model
    ringed = 1  # the pick is on its own curve
    for model in (shipped.found.recommended.model, "simplescaling/s1-32B"):
        desktop.choose("model", model)
        drawn = [each for each in curves if (each["task"], each["model"]) == ("gpqa-diamond", model)]
        assert drawn
        marks = desktop.all("#curve path[aria-roledescription=point]")
        assert len(marks) == sum(len(each["points"]) for each in drawn) + ringed
        said = [each.text.partition(" ")[2] for each in desktop.all("#curve-list li")]
        assert said == [each["text"] for each in drawn]
        ringed = 0
    desktop.choose("model", "microsoft/phi-4")
    assert desktop.text("curve-caption").startswith("No curve is known")
    assert desktop.all("#curve-list li") == []
    assert not desktop.driver.find_element(By.ID, "curve").is_displayed()


def test_a_click_on_a_point_chooses_its_model_and_a_tooltip_names_sources(desktop):
    desktop.choose("model", "microsoft/phi-4")
    mark = desktop.all("#frontier path[aria-label^='openai/gpt-oss-120b']")[0]
    ActionChains(desktop.driver).scroll_to_element(mark).move_to_element(mark).pause(0.3).perform()
    said = desktop.driver.find_element(By.ID, "vg-tooltip-element").text
    for words in ("model", "strategy", "GPUs", "accuracy (90 %)", "cost", "accuracy from", "cost from", "speed "):
        assert words in said
    ActionChains(desktop.driver).click(mark).perform()
    desktop.wait()
    assert desktop.chosen("model") == "openai/gpt-oss-120b"
    assert desktop.text("curve-title") == "gpt-oss-120b on gpqa-diamond: accuracy against compute"


def test_the_keyboard_does_it_all(desktop):
    reached = []
    while "summary" not in reached:
        desktop.driver.switch_to.active_element.send_keys(Keys.TAB)
        active = desktop.driver.switch_to.active_element
        reached.append(active.get_attribute("id") or active.get_attribute("value") or active.tag_name)
        if active.get_attribute("id") == "gpu":
            outline = active.value_of_css_property("outline-style")
            assert outline == "solid"
            active.send_keys(Keys.ARROW_DOWN)
            desktop.wait()
            assert desktop.chosen("gpu") == "h100-sxm"
    assert [name for name in reached if name in ("task", "unit", "gpu", "kind", "model", "summary")] == [
        "task", "unit", "gpu", "kind", "model", "summary"
    ]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_nothing_sticks_out(shipped, dark):
    with browser(shipped.path, width=390, height=844, phone=True, dark=dark) as opened:
        wide = opened.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 390
        boxes = [opened.driver.find_element(By.ID, name).rect for name in ("frontier", "task", "model")]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        svg = opened.all("#frontier svg")[0].rect
        assert svg["width"] <= 390
        assert svg["height"] >= 300
        ground = opened.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(22, 24, 27)" if dark else "rgb(255, 255, 255)")
        assert opened.complaints() == []


def test_a_page_of_several_charts_draws_each(tmp_path):
    alt = pytest.importorskip("altair")
    rows = [{"size": 10.0**n, "right": n / 10, "kind": kind} for n in (1, 2, 3) for kind in ("dense", "MoE")]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("size:Q").scale(type="log"), y="right:Q", color="kind:N", strokeDash="kind:N", tooltip=["kind:N"]
        )
    )
    parts = [
        "# Findings",
        Chart("one", dressed(chart, 240), "First."),
        "Text.",
        Chart("two", dressed(chart, 300), "2nd."),
    ]
    path = tmp_path / "findings.html"
    path.write_text(page("Findings", parts), encoding="utf-8")
    with browser(path, explorer=False) as opened:
        WebDriverWait(opened.driver, PATIENCE_S).until(lambda _: len(opened.all(".chart svg")) == 2)
        assert [each.size["height"] for each in opened.all(".chart svg")] == [240, 300]
        assert all(len(opened.all(f"#{name} path[aria-roledescription=point]")) == 6 for name in ("one", "two"))
        assert opened.complaints() == []


def test_hostile_names_are_shown_and_do_nothing(hostile):
    with browser(hostile.path) as opened:
        assert opened.all("img, iframe, object, a") == []
        assert {HOSTILE} == {row[0] for row in opened.table()}
        assert opened.chosen("model") == HOSTILE
        assert opened.text("curve-title").endswith(f"on {HOSTILE}: accuracy against compute")
        opened.choose("unit", "tokens")
        labels = [each.get_attribute("aria-label") for each in opened.all("#frontier path[aria-roledescription=point]")]
        assert any(HOSTILE in label for label in labels)
        mark = opened.all("#frontier path[aria-roledescription=point]")[0]
        ActionChains(opened.driver).scroll_to_element(mark).move_to_element(mark).pause(0.3).perform()
        said = opened.driver.find_element(By.ID, "vg-tooltip-element")
        assert said.find_elements(By.CSS_SELECTOR, "img, a, script") == []
        assert opened.complaints() == []


def test_findings_have_all_models_and_every_picture(tmp_path):
    ws = own_answers(tmp_path / "team")
    path = tmp_path / "findings.html"
    advisor.report_findings(ws, findings=advisor.findings(ws), html=path)
    with browser(path) as seen:
        assert seen.chosen("task") == "mine"
        assert len(seen.marks()) >= 3
        assert "Ringed" not in seen.text("frontier-caption")
        seen.choose("unit", "tokens")
        assert "tokens" in seen.text("frontier-caption")
        widths = seen.driver.execute_script("return [...document.images].map(i => i.naturalWidth)")
        assert len(widths) >= 4
        assert all(widths)
        lost = "a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))"
        assert seen.driver.execute_script(f"return [...document.querySelectorAll('main a')].filter({lost}).length") == 0
        assert len(seen.all("main a")) > 10
        _larger_and_back(seen)
        _whole_in_print(seen)
        assert seen.complaints() == []
    with browser(path, width=375, height=740, phone=True, dark=True) as phone:
        assert phone.driver.execute_script("return document.documentElement.scrollWidth") <= 375
        cut = "[...document.querySelectorAll('.table')].filter(t => t.scrollWidth > t.clientWidth + 1).length"
        assert phone.driver.execute_script(f"return {cut}") == 0  # rows are lists, nothing is off the screen
        label = "getComputedStyle(document.querySelector('.table td'), '::before').content"
        assert phone.driver.execute_script(f"return {label}") not in ("none", "")


def _larger_and_back(seen):
    """A picture grows where it is clicked, or its box ticked, and shrinks again."""

    def width():
        return seen.driver.execute_script("return document.querySelector('.picture').getBoundingClientRect().width")

    small = width()
    picture = seen.all(".picture")[0]
    ActionChains(seen.driver).scroll_to_element(picture).click(picture).perform()
    assert width() > 1.5 * small
    seen.driver.execute_script("document.querySelector('.zoom input').click()")
    assert width() == small


def _whole_in_print(seen):
    """As wide as a page of A4 between its margins, nothing is cut or folded."""
    seen.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    seen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    script = """
    const tables = [...document.querySelectorAll("table")].filter((t) => t.rows.length);
    return tables.map((t) => [t.getBoundingClientRect().right, t.getBoundingClientRect().height]);
    """
    tables = seen.driver.execute_script(script)
    assert len(tables) > 10
    assert all(right <= 718 and height > 0 for right, height in tables)


def own_answers(folder):
    """A workspace of three models' answers alone, fitted."""
    answers = [
        answer(q, i, (q + i * n) % (n + 2) > 0, 300 + 17 * q * n + 400 * i, model=model, finish_reason="stop")
        for n, model in enumerate(MODELS[:3], 1)
        for q in range(30)
        for i in range(4)
    ]
    advisor.fit(workspace(folder, answers))
    return advisor.Workspace(folder, own_answers=True)
