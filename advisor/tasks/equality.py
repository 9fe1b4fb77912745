"""Whether two mathematical answers are the same, and the class in which they vote. Pure; nothing is computed here."""

from __future__ import annotations

from fractions import Fraction

from advisor.tasks.expressions import Answer, Group, Number, Value

FEWEST_PLACES = 6


def class_of(answer: Answer) -> str:
    """The text that equal answers share: without units and names, which a vote on one question does not tell apart."""
    if isinstance(answer, Value):
        return answer.number.key
    items = [class_of(item) for item in answer.items]
    if answer.shape in ("set", "list", "union"):
        items = sorted(set(items))
        if len(items) == 1:
            return items[0]
    around = {"set": "{}", "list": "{}", "interval": answer.brackets, "union": "∪ "}.get(answer.shape, "()")
    return f"{around[0]}{', '.join(items)}{around[1]}".strip()


def equal(a: Answer, b: Answer) -> bool:
    """Whether two answers are the same; symmetric. A unit or a name that one of them leaves out is not missed."""
    if a.name and b.name and a.name != b.name:
        return _same_equation(a, b)
    if isinstance(a, Value) and isinstance(b, Value):
        return _same_value(a, b) or _same_equation(a, b)
    if isinstance(a, Value) or isinstance(b, Value):
        group, value = (a, b) if isinstance(a, Group) else (b, a)
        return (
            isinstance(group, Group)
            and group.shape in ("set", "list")
            and len(group.items) == 1
            and equal(group.items[0], value)
        )
    return _same_group(a, b)


def _same_group(a: Group, b: Group) -> bool:
    if a.shape in ("set", "list", "union") and b.shape in ("set", "list", "union"):
        return (a.shape == "union") == (b.shape == "union") and _same_members(a, b)
    if {a.shape, b.shape} == {"tuple", "interval"}:
        a, b = (Group("interval", x.items, "()") if x.shape == "tuple" else x for x in (a, b))
    if {a.shape, b.shape} == {"tuple", "matrix"}:
        a, b = (
            Group("matrix", tuple(Group("tuple", (i,)) for i in x.items)) if x.shape == "tuple" else x for x in (a, b)
        )
    return (a.shape, a.brackets, len(a.items)) == (b.shape, b.brackets, len(b.items)) and all(
        equal(x, y) for x, y in zip(a.items, b.items, strict=True)
    )


def _same_members(a: Group, b: Group) -> bool:
    ours, theirs = (list(x.items) if x.shape == "list" else _distinct(x.items) for x in (a, b))
    if len(ours) != len(theirs):
        return False
    for item in ours:
        found = next((i for i, other in enumerate(theirs) if equal(item, other)), None)
        if found is None:
            return False
        del theirs[found]
    return True


def _distinct(items: tuple[Answer, ...]) -> list[Answer]:
    kept: list[Answer] = []
    for item in items:
        if not any(equal(item, other) for other in kept):
            kept.append(item)
    return kept


def _same_equation(a: Answer, b: Answer) -> bool:
    if not (isinstance(a, Value) and isinstance(b, Value)):
        return False
    return a.number.equation is not None and a.number.equation == b.number.equation


def _same_value(a: Value, b: Value) -> bool:
    if {a.unit, b.unit} == {"percent", ""}:
        share, other = (a, b) if a.unit else (b, a)
        return _same_number(share, other) or _same_number(_hundredth(share), other)
    if a.unit and b.unit and a.unit != b.unit:
        return False
    return _same_number(a, b)


def _hundredth(share: Value) -> Value:
    try:
        value = Fraction(share.number.key) / 100
    except (ValueError, ZeroDivisionError):
        return share
    return Value(Number(str(value), str(value)))


def _same_number(a: Value, b: Value) -> bool:
    return a.number.key == b.number.key or _rounds_to(a, b) or _rounds_to(b, a)


def _rounds_to(rounded: Value, exact: Value) -> bool:
    """Whether a decimal of at least six places and six digits is the other value, rounded: 0.333333 is 1/3.

    Zeros at its end are not such digits: 1.000000 is no rounded 1.0000004.
    """
    places = rounded.places
    if places is None or places < FEWEST_PLACES or exact.number.digits is None:
        return False
    if exact.places is not None and exact.places < places:
        return False
    stated = Fraction(rounded.number.key)
    digits = str(abs(stated.numerator) * 10**places // stated.denominator).rstrip("0")
    if len(digits) < FEWEST_PLACES:
        return False
    error = abs(stated - Fraction(exact.number.digits))
    return error * 2 * Fraction(10) ** places <= 1
