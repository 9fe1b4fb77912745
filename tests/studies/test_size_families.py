"""Which models are a family of sizes, and what their answers cost."""

import numpy as np
import pytest

from advisor.store.reported_counts import CountRow
from advisor.studies.size_families import ASSUMED_TOKENS, counts_of_rows, coverage_families
from tests.known import SHIPPED

MODELS = SHIPPED.models
PYTHIA = ("EleutherAI/pythia-410m", "EleutherAI/pythia-70m", "EleutherAI/pythia-160m")


def rows(models=PYTHIA, questions=12, drawn=8, first=0, **more):
    counts = " ".join(f"q{q}:{q % 3}/{drawn}" for q in range(first, first + questions))
    return [CountRow(model=model, task="t", counts=counts, source="s", **more) for model in models]


def families(*given):
    return coverage_families(counts_of_rows([row for each in given for row in each]), MODELS)


def test_three_sizes_of_one_architecture_are_a_family_the_cheapest_first():
    (found,) = families(rows(generated_tokens=100.0))
    assert [member.model.split("-")[1] for member in found.members] == ["70m", "160m", "410m"]
    assert not found.tokens_assumed
    for member in found.members:
        assert member.flops == 2 * MODELS.spec(member.model).active_parameters * 100
        assert (member.drawn, member.reach) == (8, 32)
        assert member.correct(np.array([1.0]))[:, 0] == pytest.approx(
            [q % 3 / 8 for q in (0, 1, 10, 11, *range(2, 10))]
        )


def test_tokens_that_are_not_known_are_assumed():
    (found,) = families(rows())
    assert found.tokens_assumed
    assert found.members[0].flops == 2 * MODELS.spec(PYTHIA[1]).active_parameters * ASSUMED_TOKENS


def test_only_questions_that_all_answered_count():
    (found,) = families(rows(PYTHIA[:2]), rows(PYTHIA[2:], first=2))
    assert set(found.question_ids) == {f"q{q}" for q in range(2, 12)}
    assert not families(rows(PYTHIA[:2]), rows(PYTHIA[2:], first=3))


@pytest.mark.parametrize(
    "given",
    [
        rows(PYTHIA[:2]),
        rows((*PYTHIA[:2], "openai/gpt-oss-20b")),
        rows((*PYTHIA[:2], "nobody/knows")),
        rows(drawn=3),
        [*rows(PYTHIA[:2]), *rows(PYTHIA[2:]), CountRow(model="x", task="u", counts="a:1/9", source="s")][:2],
    ],
    ids=["two sizes", "another architecture", "no config", "few answers", "two of three"],
)
def test_what_is_no_family(given):
    assert not families(given)


def test_sources_are_not_mixed():
    other = [CountRow(model=r.model, task=r.task, counts=r.counts, source="other") for r in rows(PYTHIA[2:])]
    assert not families(rows(PYTHIA[:2]), other)
