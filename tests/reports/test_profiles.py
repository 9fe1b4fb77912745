"""What a profile prints: each load beside what was predicted, and how much of that held."""

from pathlib import Path

from advisor.profiler.coverage import Coverage
from advisor.profiler.loop import Step
from advisor.profiler.plan import Load
from advisor.profiler.profile import Profile
from advisor.reports.profiles import blocks, held_text, step_line
from advisor.values import Rows
from tests.profiler.test_coverage import run

LOAD = Load(8, 32, 1)


def step(measured, former=(), *, checked=Coverage(3, 3, 3, 3), goes_on=False):  # noqa: B008
    return Step(LOAD, measured, former, 3, 0.25, checked, goes_on)


def test_a_load_beside_what_was_predicted():
    assert step_line(step(run(0.0105, 0.01))) == (
        "3. 1 × 8 → 32: 10.5 ms TPOT (predicted 10.0, within ±10 %), – s TTFT; all loads now within ±25 %"
    )
    assert "(predicted 10.0, within ±10 %, missed)" in step_line(step(run(0.02, 0.01)))


def test_a_load_measured_again_beside_the_former():
    line = step_line(step(run(0.02, None, None), (run(0.01), run(0.015))))
    assert line.startswith("3. 1 × 8 → 32 (time 3): 20.0 ms TPOT (before 10.0, 15.0)")


def test_why_it_goes_on():
    line = step_line(step(run(0.01, 0.01), checked=Coverage(12, 7, 10, 6), goes_on=True))
    assert line.endswith("all loads now within ±25 %, but 7 of 12 predictions held, 6 of the last 10: going on")


def test_how_many_held():
    assert held_text(Coverage(0, 0, 0, 0)) == "no prediction was checked"
    assert held_text(Coverage(9, 8, 9, 8)) == "8 of 9 predictions held"


def test_the_end_says_what_held():
    loads = Rows([run(0.01, 0.01)])
    done = Profile("p", str(Path("p")), 0.35, Coverage(19, 16, 10, 6), 0.2, loads, None, ())
    text = "\n".join(str(block) for block in blocks(done))
    assert "predicted within ±35 % (90 % intervals): 16 of 19 predictions held, 6 of the last 10" in text
    assert "the same load measured again stays within ±20 %: noise of this machine" in text
