"""Properties of comparing mathematical answers: symmetric, reflexive, blind to decoration, never blind to a value."""

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.tasks.equality import class_of, equal
from advisor.tasks.expressions import Group, Number, Value, is_prose, parse
from tests.tasks.extra import needs_math_verify

CASES = [
    json.loads(line) for line in Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERS = sorted(
    {text for case in CASES if case["kind"] == "math" for text in (case["reference"], case["text"]) if len(text) < 80}
)


def read(text):
    from advisor.tasks.symbolic import read_answer

    return read_answer(text.removeprefix("\\boxed{").removesuffix("}") if text.startswith("\\boxed{") else text)


def plainly(formula):
    """Reads whole numbers and fractions, and takes all else as written."""
    try:
        return Number(str(Fraction(formula)), str(Fraction(formula)))
    except ValueError:
        return Number(formula)


def value(text, **others):
    return Value(plainly(text), **others)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("7", value("7")),
        ("(7)", value("7")),
        (r"\{1, 2\}", Group("set", (value("1"), value("2")))),
        ("1, 2", Group("list", (value("1"), value("2")))),
        ("(1,2,3)", Group("tuple", (value("1"), value("2"), value("3")))),
        ("[1,2)", Group("interval", (value("1"), value("2")), "[)")),
        ("1 < x \\le 2", Group("interval", (value("1"), value("2")), "(]", "x")),
        ("2 \\ge x > 1", Group("interval", (value("1"), value("2")), "(]", "x")),
        ("x > 1", Group("interval", (value("1"), Value(Number("infinity"))), "()", "x")),
        ("x = 7", value("7", name="x")),
        ("0.125", value("0.125", places=3)),
        (r"7\text{ cm}", value("7", unit="cm")),
        (r"\begin{pmatrix}1&2\end{pmatrix}", Group("matrix", (Group("tuple", (value("1"), value("2"))),))),
    ],
)
def test_the_shape_of_an_answer(text, answer):
    assert parse(text, plainly) == answer


def test_words_are_no_products_of_letters():
    assert is_prose("even")
    assert is_prose(r"\text{C}")
    assert not is_prose("xy")
    assert not is_prose(r"\frac{\sin x}{cos y}")
    assert class_of(parse("Even.", plainly)) == "text: even"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (value("5", unit="cm"), value("5"), True),
        (value("5", unit="cm"), value("5", unit="m"), False),
        (value("50", unit="percent"), value("1/2"), True),
        (value("50", unit="percent"), value("50"), True),
        (value("50", unit="percent"), value("5"), False),
        (value("5", name="x"), value("5"), True),
        (value("5", name="x"), value("5", name="y"), False),
        (value("0.333333", places=6), value("1/3"), True),
        (value("0.33333", places=5), value("1/3"), False),
        (value("0.333334", places=6), value("1/3"), False),
        (value("0.000001", places=6), value("1/1500000"), False),  # one digit alone
        (value("0.1234567", places=7), value("0.1234568", places=7), False),
        (value("0.123457", places=6), value("0.1234568", places=7), True),
    ],
)
def test_units_shares_names_and_rounding(a, b, same):
    assert equal(a, b) is same
    assert equal(b, a) is same


@pytest.mark.slow
@needs_math_verify
def test_all_pairs_are_symmetric_and_equal_classes_are_equal_numbers():
    """Every answer of the table with every other: equality goes both ways, and with itself always."""
    found = {text: read(text) for text in ANSWERS}
    assert len(found) > 250
    assert [text for text, answer in found.items() if not equal(answer, answer)] == []
    for (a, first), (b, second) in itertools.combinations(found.items(), 2):
        assert equal(first, second) == equal(second, first), (a, b)
        if isinstance(first, Value) and isinstance(second, Value) and class_of(first) == class_of(second):
            alike = first.unit == second.unit and first.name == second.name
            assert not alike or equal(first, second), (a, b)


DECORATIONS = (
    "{}",
    " {} ",
    "${}$",
    "\\({}\\)",
    "\\left({}\\right)",
    "\\displaystyle {}",
    "{}.",
    "\\!{}\\,",
    "\\boldsymbol{{{}}}",
)
FORMULAS = (r"\frac{1}{2}", r"2\sqrt{3}", "x+1", "-7", r"\frac{\pi}{4}", "12345", r"3\cdot 10^{-20}", "2x")


@pytest.mark.slow
@needs_math_verify
@pytest.mark.parametrize("formula", FORMULAS)
def test_decoration_changes_nothing(formula):
    plain = read(formula)
    assert {class_of(read(form.format(formula))) for form in DECORATIONS} == {class_of(plain)}
    spread = " ".join(formula) if "\\" not in formula and not formula.lstrip("-").isdigit() else formula
    assert equal(plain, read(spread))


@pytest.mark.slow
@needs_math_verify
def test_different_formulas_are_different():
    for a, b in itertools.combinations(FORMULAS, 2):
        assert not equal(read(a), read(b)), (a, b)


numbers = st.floats(1e-40, 1e40).flatmap(lambda x: st.sampled_from([x, -x]))


@needs_math_verify
@given(
    numbers, st.sampled_from([1e-3, -1e-3, 0.01, 1.0, -2.0]), st.sampled_from(["{}", "\\sqrt{{2}}\\cdot {}", "{} x"])
)
@settings(max_examples=150, deadline=None)
def test_numbers_a_thousandth_apart_are_never_equal(number, change, form):
    a, b = (form.format(decimal(x)) for x in (number, number * (1 + change)))
    assert not equal(read(a), read(b))
    assert not equal(read(b), read(a))
    assert class_of(read(a)) != class_of(read(b))


def decimal(number):
    """In LaTeX, with eight digits."""
    digits, power = f"{number:.7e}".split("e")
    return rf"({digits}\times 10^{{{int(power)}}})"


@needs_math_verify
@given(st.integers(-999, 999), st.integers(1, 99))
@settings(max_examples=100, deadline=None)
def test_a_fraction_is_one_however_it_is_written(above, below):
    a = read(rf"\frac{{{above}}}{{{below}}}")
    forms = [f"{above}/{below}", rf"\dfrac{{{-above}}}{{{-below}}}", rf"\frac{{{3 * above}}}{{{3 * below}}}"]
    assert all(equal(a, read(form)) and class_of(read(form)) == class_of(a) for form in forms)
    assert class_of(a) == str(Fraction(above, below))
    assert not equal(a, read(rf"\frac{{{above + 1}}}{{{below}}}"))


@needs_math_verify
@given(st.integers(2, 400), st.integers(2, 30))
@settings(max_examples=60, deadline=None)
def test_equal_roots_vote_together(inside, factor):
    a, b = read(rf"{factor}\sqrt{{{inside}}}"), read(f"sqrt({inside * factor**2})")
    assert class_of(a) == class_of(b)
    assert equal(a, b)
    other = read(rf"\sqrt{{{inside * factor**2 + 1}}}")
    assert not equal(a, other)
    if math.isqrt(inside) ** 2 == inside:
        assert class_of(a) == str(factor * math.isqrt(inside))


@needs_math_verify
@given(st.text(alphabet="0123456789xyi+-*/^_=<>(){}[],.\\ %$πfracsqtebo", max_size=25))
@settings(max_examples=150, deadline=None)
def test_any_formula_is_read_without_an_error(text):
    from advisor.tasks.symbolic import read

    found = parse(text, lambda formula: read(formula) if "^" not in formula else Number(formula))
    assert equal(found, found)


@needs_math_verify
def test_what_is_nested_too_deep_stands_for_itself():
    """How deep is too deep depends on the limit of the interpreter, which other libraries raise."""
    deep = "(" * 3000 + "1" + ")" * 3000
    assert class_of(read(deep)) in (f"as written: {deep}", "1")
    assert equal(read(deep), read(deep))


@pytest.mark.slow
@needs_math_verify
def test_wrong_answers_that_are_equal_have_one_class():
    for same in (
        ["sqrt(12)", "2*sqrt(3)", r"2\sqrt3", r"x = \sqrt{12}", r"\frac{6}{\sqrt{3}}"],
        ["(x+1)^2", "x^2+2x+1", "x**2 + 2*x + 1"],
        [r"\{2, 1\}", "1, 2", r"1 \text{ and } 2", "x=1, x=2"],
        [r"\sin^2 x", r"1-\cos^2 x"],
        ["50\\%", "50"],
        ["1e-7", r"10^{-7}"],
        [r"\binom{n}{2}", r"\frac{n(n-1)}{2}"],
    ):
        assert len({class_of(read(text)) for text in same}) == 1, same
