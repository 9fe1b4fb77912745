"""Saturation and wrong answers as Markdown and as pictures."""

import io

import numpy as np
import pytest

import advisor
from advisor.reports.findings import saturation, wrong_answers
from advisor.reports.findings.sections import RENDERINGS, section
from advisor.studies.saturation import saturation as study_saturation
from advisor.studies.wrong_answers import wrong_answers as study_wrong_answers
from tests.studies.stored_answers import MODELS, alone, answer

N = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A model with lengths and several answers, and three others that tell which questions are hard."""
    rng = np.random.default_rng(0)
    answers = [
        answer(q, i, c, int(rng.integers(500, 4000) * (1 if c else 2)), finish_reason="stop")
        for q in range(N)
        for i in range(4)
        for c in [rng.random() < 0.3 + 0.6 * q / N]
    ]
    answers += [answer(q, 0, q >= N / 2, None, model=m) for m in MODELS[1:] for q in range(N)]
    answers += [answer(q, 0, q == 7, None, model="a|b/*c*") for q in range(N)]
    made = alone(tmp_path_factory.mktemp("own"), answers)
    advisor.fit(made)
    return made


@pytest.mark.parametrize(
    ("study", "name"),
    [(study_saturation, "saturation"), (study_wrong_answers, "wrong_answers")],
    ids=["saturation", "wrong"],
)
def test_a_page_has_its_claims_its_tables_and_what_would_change_it(own, study, name):
    value = study(own)
    parts = list(section(name, value))
    assert parts[0].startswith("## ")
    text = "\n\n".join(parts)
    for claim in value.claims:
        assert claim.verdict.value in text
    assert "What would change it" in text
    assert "None" not in text
    assert "nan" not in text
    for part in parts:
        rows = [line.replace("\\|", "") for line in part.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1
    picture = io.BytesIO()
    RENDERINGS[name].figure(value).savefig(picture, format="png")
    assert picture.getbuffer().nbytes > 10_000


def test_the_tables_say_the_figures_of_the_study(own):
    value = study_wrong_answers(own)
    text = "\n".join(section("wrong_answers", value))
    [row] = value.costs
    assert f"{row.n_wrong} of {row.n_answers}" in text
    assert f"{row.ratio.value:.2f} ({row.ratio.low:.2f} – {row.ratio.high:.2f})" in text
    assert f"USD are those of the cheapest rent: {row.rent} for Qwen3-8B on mine." in text
    found = study_saturation(own)
    text = "\n".join(section("saturation", found))
    known = next(each for each in found.curves if (each.task, each.unit) == ("mine", "token cap"))
    assert f"| {known.compute.value:,.0f} (" in text
    assert "all 5 models" in text
    assert "easy, 50 % solved or more" in text


def test_nothing_stored_makes_a_page_without_tables_of_it_and_no_picture(tmp_path):
    nothing = study_wrong_answers(alone(tmp_path, []))
    assert wrong_answers.figure(nothing) is None
    assert not any("tokens, right" in part for part in section("wrong_answers", nothing))
    no_curves = study_saturation(alone(tmp_path, []))
    assert not any("By difficulty" in part for part in section("saturation", no_curves))
    assert saturation.figure(no_curves) is None


@pytest.mark.slow
def test_what_ships_has_both_pages_and_pictures():
    ships = advisor.Workspace()
    value = advisor.saturation(ships)
    assert len(value.claims) == 4
    assert value.shift.n_pairs >= 3
    assert saturation.figure(value) is not None
    assert len(advisor.wrong_answers(ships).claims) == 3
