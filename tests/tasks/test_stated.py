"""Where the answer stands in a text: boxes, phrases, headings, what is taken back."""

import time

import pytest

from advisor.tasks import answers
from advisor.tasks.notation import ascii_math, tidy
from advisor.tasks.numbers import number, numeral
from advisor.tasks.physical_units import split
from advisor.tasks.stated import final, refuses, sentence


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{1}, \boxed{2}", "1 , 2"),
        (r"\boxed{1} and $\boxed{2}$", "1 and 2"),
        (r"\boxed{2}, \boxed{2}", "2"),
        (r"\boxed {a{b}c}", "a{b}c"),
        (r"\boxed{1} \boxed{open", None),
        (r"\boxed{1}. Wait, the answer is 2", "2"),
        (r"\boxed{1}. Wait, let me see.", "1"),
        ("The answer is 1. The answer is 2.", "2"),
        ("The answer is 1\nThe answer is 2\nand more", "2"),
        ("**Final Answer:** **Rome**", "Rome"),
        ("### Final answer\n\n  42.", "42"),
        ("Final answer:", None),
        ("#### 18", "18"),
        ("0.333... goes on", None),
        ("Answer: 0.333...", "0.333..."),
        ("To answer this, add.", None),
    ],
)
def test_what_is_stated(text, stated):
    assert final(text) == stated


def test_a_sentence_ends_before_its_reason():
    assert sentence("5, because 3.5 + 1.5 is 5") == "5"
    assert sentence("3.5 cm. So it is.") == "3.5 cm"
    assert sentence("C, since A fails") == "C"


def test_refusals():
    assert refuses("I don't know.")
    assert refuses("It cannot be determined.")
    assert not refuses("I know that C is right.")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("−3", "-3"),
        ("12\\,345", "12345"),
        ("12,345 and 6", "12345 and 6"),
        ("1,23", "1,23"),
        ("1,234,56", "1,234,56"),
        ("x²", "x^{2}"),
        ("0.1666…", r"\frac{15}{90} "),
        ("0.12…", r"0.12\ldots "),
        ("√12", r"\sqrt{12}"),
    ],
)
def test_unicode_and_separators(text, same):
    assert ascii_math(text) == same


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        (r"$\left( 1 , \dfrac{1}{2} \right)$.", r"( 1 , \frac{1}{2} )"),
        (r"\boldsymbol{\frac{1}{2}}", r"\frac{1}{2}"),
        ("sqrt(12)", r"\sqrt{12}"),
        ("6.62e-34", r"6.62\times 10^{-34}"),
        ("3 1/2", r"3\frac{1}{2}"),
        ("$5", "$5"),
    ],
)
def test_decoration_goes(text, tidied):
    assert tidy(text) == tidied


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (r"5\text{ cm}^2", ("5", "cm^2")),
        ("12 square inches", ("12", "in^2")),
        (r"50\%", ("50", "percent")),
        ("2m", ("2m", "")),
        ("$5", ("5", "dollar")),
        ("-$5", ("-5", "dollar")),
        (r"90^{\circ}", ("90", "degree")),
        (r"\sin 30^{\circ}", (r"\sin 30^{\circ}", "")),
        ("1011_2", ("1011", "base 2")),
        ("50 miles per hour", ("50", "mph")),
        ("5 less than x", ("5 less than x", "")),
        (r"5\text{ or }6", (r"5\text{ or }6", "")),
    ],
)
def test_units(text, parts):
    assert split(text) == parts


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Answer: 12345678901234567890", "12345678901234567890"),
        ("Answer: 1/3", "1/3"),
        ("Answer: 6/4", "1.5"),
        ("Answer: 6.5e-3", "0.0065"),
        ("Answer: -0", "0"),
        ("Answer: 1/0", None),
        ("Answer: minus 5", "-5"),
        ("Answer: 10 minus 5", None),
        ("Answer: 10^3", None),
        ("Answer: 2h 30m", None),
        ("It takes Bob 5 steps after step 3", None),
        ("Answer: 1e99999", None),
        ("9" * 5000, None),
    ],
)
def test_numbers_are_exact_or_not_read(text, read):
    assert number(text) == read


def test_a_numeral_is_a_number_alone():
    assert numeral(" -1.5 ") * 2 == -3
    assert numeral("1.5x") is None
    assert numeral("$5") is None


RUNAWAY = {
    "digits": "1" * 20_000,
    "letters": "A or " * 4_000,
    "phrases": "answer is " * 2_000,
    "open boxes": r"\boxed{" * 3_000,
    "boxes": r"\boxed{1}" * 2_500,
    "spaces": "Answer:" + " " * 19_990,
    "dollars": "$" * 20_000,
    "not": "not A, B or " * 2_000,
    "fractions": "Answer: " + "1 2/" * 5_000,
    "powers": "Answer: " + "5^" * 9_000,
}


@pytest.mark.parametrize("name", RUNAWAY)
def test_runaway_text_is_read_in_no_time(name):
    started = time.monotonic()
    for kind in ("choice", "number", "exact", "arithmetic"):
        answers.is_same_answer(kind, "3", RUNAWAY[name])
    answers.expression(RUNAWAY[name])
    assert time.monotonic() - started < 2
