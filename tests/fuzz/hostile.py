"""Values that a stranger, or a slip, puts where another was meant; and what a seed makes of bytes and JSON."""

from __future__ import annotations

import json

NAMES = [
    "",
    " ",
    "\x00",
    "a\nb",
    "\x1b[2J\x1b[31mred",
    "\x9b2J",
    "\u202egpj.exe",
    "a\u200bb",
    "$(touch here)",
    "`touch here`",
    "'; touch here; '",
    'a"b',
    "../../etc/passwd",
    "-rf",
    "--help",
    "|a|b|",
    "[x](javascript:1)",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "$\\frac{1}{0}$",
    "{question.__class__}",
    "{0}",
    "%s%n",
    "x" * 5000,
    "ⅣⅧ",
    "模型",
    "NaN",
    "null",
    "=cmd()",
    "\ufeffa",
    "a\u2028b",
    "\ud800",
]
NUMBERS = [
    "0",
    "-1",
    "1",
    "1e30",
    "1e308",
    "-1e308",
    "1e-320",
    "nan",
    "inf",
    "-inf",
    "1_000",
    "٣",
    "0x10",
    "1e",
    "1,000",
    " 7 ",
    "+5",
    "999999999999",
    str(10**30),
    "9" * 5000,
    "1.5",
    "true",
    "",
]
JSON = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    10**400,
    1.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "12",
    "1_000",
    [],
    [1],
    [[[[]]]],
    {},
    {"a": 1},
    *NAMES,
]


def spoiled(rng, data):
    """Bytes with some flipped, cut off, doubled, or put in."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(6)
        if how == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            del data[at:]
        elif how == 2:
            data[at:at] = rng.choice([b"\x00", b"\xff\xfe", b"\n", b'"', b",", b"{", b"]", b"\xed\xa0\x80", b"\x1b[2J"])
        elif how == 3:
            del data[at : at + rng.randrange(1, 20)]
        elif how == 4:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        elif how == 5:
            data[at:at] = rng.choice(NUMBERS).encode()
    return bytes(data)


def places(value, path=()):
    """Where a JSON value holds values."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def replaced(value, path, new):
    """The value with another one at a place; `new` None of a dictionary's key: without it."""
    if not path:
        return new(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def warped(rng, value):
    """A JSON value with some of its values of another kind, or without some of its keys."""
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        known = sorted(places(value), key=len)
        path = known[int(len(known) * rng.random() ** 3)]  # what is not deep matters more
        how = rng.randrange(4)
        if how == 0 and path and isinstance(path[-1], str):
            inner = path[:-1]
            value = replaced(value, inner, lambda held, key=path[-1]: {k: v for k, v in held.items() if k != key})
        elif how == 1:
            value = replaced(value, path, lambda held: [held] if rng.random() < 0.5 else str(held))
        else:
            new = rng.choice(JSON)
            value = replaced(value, path, lambda _, new=new: new)
    return value


def as_json(value):
    """In bytes, halves of characters and NaN as JSON spells them; numbers of more digits than Python prints cut."""
    try:
        return json.dumps(value).encode()
    except ValueError:
        return b"[" * 10_000


def warped_rows(rng, rows):
    """Cells of a table as texts, some of them hostile; columns swapped, doubled, renamed or gone."""
    rows = [list(row) for row in rows]
    for _ in range(rng.choice([1, 1, 2, 4])):
        line, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
        how = rng.randrange(8)
        if how == 0:
            for row in rows:
                row[column : column + 1] = []
            if not rows[0]:
                return [["a"]]
        elif how == 1:
            other = rng.randrange(len(rows[0]))
            for row in rows:
                if max(other, column) < len(row):
                    row[column], row[other] = row[other], row[column]
        elif how == 2:
            rows.append(list(rows[-1]))
        elif column < len(rows[line]):
            rows[line][column] = rng.choice(NUMBERS if how < 6 else NAMES)
    return rows
