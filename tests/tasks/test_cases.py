"""Labelled answers, one JSON line a case: kind, category, reference, text, right, why. None may pass for right that is
wrong, and at most one in twenty of the right ones may be missed."""

import json
from collections import Counter
from pathlib import Path

import pytest

from advisor.tasks.answers import is_same_answer
from tests.tasks.extra import needs_math_verify

CASES = [
    json.loads(line) for line in Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines()
]
MOST_MISSED = 0.05


def check(cases):
    """Counts by category are what a failure shows."""
    judged = [(case, is_same_answer(case["kind"], case["reference"], case["text"])) for case in cases]
    passed = [case for case, right in judged if right and not case["right"]]
    missed = [case for case, right in judged if case["right"] and not right]
    counts = {
        category: {
            "cases": n,
            "wrong ones passed": sum(case["category"] == category for case in passed),
            "right ones missed": sum(case["category"] == category for case in missed),
        }
        for category, n in Counter(case["category"] for case in cases).items()
    }
    shown = "\n".join(map(str, [*counts.items(), "passed:", *passed, "missed:", *missed]))
    assert not passed, shown
    assert len(missed) <= MOST_MISSED * sum(case["right"] for case in cases), shown


def test_there_are_enough_cases_of_every_kind():
    assert len(CASES) >= 250
    assert len({(c["kind"], c["reference"], c["text"]) for c in CASES}) == len(CASES)
    by_kind = Counter((case["kind"], case["right"]) for case in CASES)
    assert min(by_kind.values()) >= 4
    assert all(case["why"] and case["category"] for case in CASES)


@pytest.mark.parametrize("kind", ["choice", "number", "exact"])
def test_of_words_letters_and_numbers(kind):
    check([case for case in CASES if case["kind"] == kind])


@pytest.mark.slow
@needs_math_verify
def test_of_mathematics():
    check([case for case in CASES if case["kind"] == "math"])
