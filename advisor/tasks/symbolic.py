"""Formulas under a key that equal formulas share; read by math-verify, computed by sympy, never run.

Constants are told apart by twelve digits of their value, so √12 and 2√3 are one whatever sympy simplifies; formulas
with variables by their cancelled fraction, or by their values at two points.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from advisor.tasks.expressions import Answer, Number, Value, parse
from advisor.tasks.numbers import numeral

DIGITS, WORKING_DIGITS = 12, 40
LARGEST_DENOMINATOR = 10**6
_POINTS = (("101/89", "211/97", "307/83"), ("-67/71", "149/61", "-113/101"))
_UNREADABLE = re.compile(
    r"(?<![_\d])\d+\s+[\d.]|['\"]|\\(?:overline|pmod|bmod|angle|vec|hat|text)(?![a-z])"
    r"|\\frac\s*\{\s*(?:d|\\partial)\s*[a-z]?\s*\}\s*\{\s*(?:d|\\partial)|\d\.\d+\."
    r"|[{(\[]\s*[)}\]]|\^\s*(?:\{[^{}]*\}|\w)\s*\^|[?&#:]"
)
"""What math-verify would read as something else: 2 3 as 5, x' as x, 2:3 as a fraction."""
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\s*\^\{\\circ\}")
_SIMPLIFIED = 60
"""Operations up to which a formula is simplified; sympy's time grows fast."""


def read_answer(text: str) -> Answer:
    """The mathematical answer in a text; in a process of its own, since computing may not end.

    What is nested too deep to be read stands for itself.
    """
    try:
        return parse(text, read)
    except (MemoryError, RecursionError):
        return Value(_as_written(text))


def read(formula: str) -> Number:
    """One formula, or an equation of two; under its text where it cannot be read."""
    plain = re.sub(r"(?<!\\)[{}]", "", formula) if re.fullmatch(r"\{[-\d./]+\}", formula) else formula
    if (value := numeral(plain)) is not None:
        return Number(str(value), str(value))
    formula = _DEGREES.sub(r"{\\frac{\1\\pi}{180}}", formula)
    unread = _as_written(formula)
    if _UNREADABLE.search(formula):
        return unread
    try:
        parsed = _parsed(formula)
        if parsed is None:
            return unread
        letters = "".join(sorted(set(re.findall(r"[A-Z]", re.sub(r"\\[a-zA-Z]+", "", formula)))))
        return _number(parsed, letters) or unread
    except (ArithmeticError, AttributeError, NotImplementedError, RecursionError, TypeError, ValueError):
        return unread


def _as_written(formula: str) -> Number:
    return Number(f"as written: {''.join(formula.split())}".strip())


def _parsed(formula: str) -> Any:
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse

    rules = NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="last", equations=False
    )
    latex = LatexExtractionConfig(try_extract_without_anchor=False, boxed_match_priority=0, normalization_config=rules)
    wrapped = f"\\boxed{{{formula}}}"
    found = parse(wrapped, extraction_config=[latex], fallback_mode="no_fallback", parsing_timeout=None)
    return found[0] if found else None


def _number(parsed: Any, letters: str) -> Number | None:
    import sympy

    if isinstance(parsed, sympy.Eq):
        equation = _equation(parsed)
        return Number(f"equation: {equation} {letters}".strip(), equation=equation)
    if isinstance(parsed, sympy.core.relational.Relational):
        sides = _exact(parsed.lhs - parsed.rhs)
        flipped = isinstance(parsed, (sympy.GreaterThan, sympy.StrictGreaterThan))
        sign = {"<": "<", ">": "<", "<=": "<=", ">=": "<="}.get(parsed.rel_op, parsed.rel_op)
        return Number(f"{_formula(-sides if flipped else sides)} {sign} 0 {letters}".strip())
    if not isinstance(parsed, sympy.Expr):
        return None
    value = _exact(parsed)
    if value.has(sympy.nan, sympy.zoo):
        return None
    if value in (sympy.oo, -sympy.oo):
        return Number("infinity" if value == sympy.oo else "-infinity")
    if value.free_symbols or value.has(sympy.core.function.AppliedUndef):
        return Number(f"{_formula(value)} {letters}".strip())
    return _constant(value)


def _exact(value: Any) -> Any:
    """Computed, decimals as the fractions they were written as, i as the imaginary unit."""
    import sympy

    decimals = {number: sympy.Rational(str(number)) for number in value.atoms(sympy.Float)}
    imaginary = {symbol: sympy.I for symbol in value.free_symbols if symbol.name == "i"}
    return value.xreplace(decimals).xreplace(imaginary).doit()


def _constant(value: Any) -> Number | None:
    import sympy

    if value.is_Rational:
        return Number(str(value), str(value))
    real, imaginary = value.as_real_imag()
    parts = [_digits(part) for part in (real, imaginary)]
    if None in parts:
        return None
    if parts[1] == "0":
        exact = _rational(value)
        return Number(exact, exact) if exact else Number(str(parts[0]), str(sympy.re(value).evalf(30)))
    return Number(f"{parts[0]} + {parts[1]} i")


def _digits(part: Any) -> str | None:
    """A real constant: as it is where it is rational, else to twelve digits."""
    if part.is_Rational:
        return str(part)
    number = part.evalf(WORKING_DIGITS, maxn=400)
    if not number.is_real or not (number.is_Float or number.is_Rational):
        return None
    if number == 0 or abs(number) < 10**-90:
        return "0"
    return str(number.evalf(DIGITS))


def _rational(value: Any) -> str | None:
    """p/q where a constant is one, like √(3 + 2√2) − √2."""
    number = Fraction(str(value.evalf(WORKING_DIGITS, maxn=400))) if value.is_real is not False else None
    if number is None:
        return None
    near = number.limit_denominator(LARGEST_DENOMINATOR)
    return str(near) if near and abs(number - near) < abs(near) / 10**30 else None


def _formula(value: Any) -> str:
    """A formula with variables, the same text for equal ones."""
    import sympy

    symbols = sorted(value.free_symbols, key=str)
    names = ", ".join(map(str, symbols))
    if not value.has(sympy.core.function.AppliedUndef):
        at = [value.subs(dict(zip(symbols, _point(point, len(symbols)), strict=True))) for point in _POINTS]
        found = [_complex_digits(v) for v in at]
        if None not in found:
            if not _is_fraction(value, symbols) and value.count_ops() <= _SIMPLIFIED:
                value = sympy.simplify(sympy.expand_func(value))
            return (
                str(sympy.cancel(value))
                if _is_fraction(value, symbols)
                else f"of {names}: {'; '.join(map(str, found))}"
            )
    return str(sympy.simplify(value))


def _is_fraction(value: Any, symbols: list[Any]) -> bool:
    import sympy

    exponents = [power.exp for power in value.atoms(sympy.Pow)]
    return bool(
        value.is_rational_function(*symbols)
        and all(number.is_Rational for number in value.atoms(sympy.Number, sympy.NumberSymbol))
        and all(exponent.is_Integer and abs(exponent) < 60 for exponent in exponents)
    )


def _point(point: tuple[str, ...], n: int) -> list[Any]:
    import sympy

    return [sympy.Rational(point[i % len(point)]) + i // len(point) for i in range(n)]


def _complex_digits(value: Any) -> str | None:
    import sympy

    if value.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    parts = [_digits(part) for part in value.doit().evalf(WORKING_DIGITS).as_real_imag()]
    return None if None in parts else f"{parts[0]} {parts[1]}"


def _equation(parsed: Any) -> str:
    """Left less right side, up to a factor."""
    import sympy

    sides = _exact(parsed.lhs - parsed.rhs)
    symbols = sorted(sides.free_symbols, key=str)
    if symbols and _is_fraction(sides, symbols):
        above = sympy.fraction(sympy.cancel(sides))[0]
        return str(sympy.Poly(above, *symbols).monic().as_expr())
    return _formula(sides)
