import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.tasks import answers, arithmetic
from advisor.tasks.answers import KINDS, choice, exact, number
from advisor.tasks.answers import arithmetic as read_arithmetic
from advisor.tasks.stated import boxed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So 3 + 4 = 7. The answer is 7.", "7"),
        ("Total: $1,234.50", "1234.5"),
        (r"Thus \boxed{-12}.", "-12"),
        ("Answer: 3.0", "3"),
        ("1 2 3", "3"),
        ("none", None),
    ],
)
def test_numbers(text, answer):
    assert number(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [("The answer is (B).", "B"), (r"\boxed{C}", "C"), ("I think D", "D"), ("Answer: **A**", "A"), ("no idea", None)],
)
def test_letters(text, answer):
    assert choice(text) == answer


def test_words():
    assert exact("Long talk.\nFinal answer: New  York.") == "new york"
    assert exact("") is None
    assert boxed(r"\boxed{a{b}c} and \boxed{\frac{1}{2}}") == r"\frac{1}{2}"
    assert boxed(r"\boxed{open") is None


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    for kind, read in KINDS.items():
        if kind != "math":
            assert read(text) is None or read(text) == read(text)


def test_the_generated_task_answers_itself():
    asked = arithmetic.questions(50, seed=4)
    assert asked == arithmetic.questions(50, seed=4) != arithmetic.questions(50, seed=5)
    assert len({q.question_id for q in asked}) == 50
    import random

    rng = random.Random(0)
    for _ in range(50):
        _, lines, answer = arithmetic.problem(rng, 4)
        assert read_arithmetic("\n".join([*lines, f"A {answer}"]) + "\n") == str(answer)
        assert eval(lines[0].split("=")[0]) % 100 == int(lines[0].split("=")[1])


@pytest.mark.parametrize("kind", ["number", "exact", "choice", "math"])
def test_a_line_of_working_is_no_final_answer(kind):
    """A tree search would stop at its first step otherwise."""
    assert not answers.states_answer(kind, "First, 37 + 45 = 82.\n")
    assert not answers.states_answer(kind, "To answer this, add A and B.\n")
    assert answers.states_answer(kind, "37 + 45 = 82.\nThe answer is 82.")
    assert answers.states_answer(kind, r"so \boxed{82}")
