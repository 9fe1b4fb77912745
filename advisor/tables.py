"""Tables whose columns are stated once: as the fields of a frozen dataclass, with type and meaning.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Price:
        "One offer."
        gpu: str = column("name, as in gpus.csv")
        usd_per_hour: float = column("of one GPU")
        region: str | None = column("where it was seen", default=None)

The reader of CSV files, the SQL that creates the table and the page docs/formats.md all follow from these fields.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from advisor.errors import AdvisorError
from advisor.input_files import checked_file
from advisor.printable import is_printable

Row = TypeVar("Row")

SQL_TYPES = {str: "varchar", int: "bigint", float: "double", bool: "boolean"}
MOST_BITS = 64
"""Of a whole number with its sign: what a column of a file can hold."""
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def column(doc: str, *, default: Any = MISSING, free_text: bool = False) -> Any:
    """A field of a row: its meaning, and the value of a cell that is empty or a column that is absent.

    A `free_text` may hold any characters; every other text is a name or a remark on one line.
    """
    return field(default=default, metadata={"doc": doc, "free_text": free_text})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is str, int, float, bool or an enumeration; `path` leads to the field that holds it."""

    name: str
    kind: type[Any]
    nullable: bool
    required: bool
    doc: str
    path: tuple[str, ...]
    free_text: bool = False

    @property
    def is_one_line(self) -> bool:
        """Whether it is a text without line breaks, control and invisible characters."""
        return self.kind is str and not self.free_text

    @property
    def sql_type(self) -> str:
        """DuckDB's name of the type."""
        return SQL_TYPES.get(self.kind, "varchar")

    @property
    def words(self) -> str:
        """The type as documentation says it."""
        return WORDS.get(self.kind, "text") + (" or null" if self.nullable else "")


def columns(row: type[Any]) -> tuple[Column, ...]:
    """The columns of a row type, in order; a field that is a dataclass of numbers stands for its own fields."""
    hints = get_type_hints(row)
    found: list[Column] = []
    for each in fields(row):
        kinds = [kind for kind in get_args(hints[each.name]) or (hints[each.name],) if kind is not type(None)]
        nullable = get_origin(hints[each.name]) is UnionType and len(get_args(hints[each.name])) > len(kinds)
        doc, required = str(each.metadata.get("doc", "")), each.default is MISSING
        if is_dataclass(kinds[0]):
            inner = fields(kinds[0])
            found += [
                Column(f.name, float, False, True, str(f.metadata.get("doc", "")), (each.name, f.name)) for f in inner
            ]
        else:
            free = bool(each.metadata.get("free_text"))
            found.append(Column(each.name, kinds[0], nullable, required, doc, (each.name,), free))
    return tuple(found)


def create_table(row: type[Any], name: str, *more: str) -> str:
    """The SQL statement that creates an empty table with a row type's columns, and `more` column definitions."""
    definitions = [f'"{c.name}" {c.sql_type}' for c in columns(row)]
    return f"create table {name} ({', '.join([*definitions, *more])})"


def sound(row: object) -> str | None:
    """For rows that need no check beyond the types of their columns."""
    return None


def outside(row: object, ranges: Mapping[str, tuple[float, float]]) -> str | None:
    """In words, the first number of a row that is not within the range of its column, ends included; None: none is."""
    for name, (least, most) in ranges.items():
        value = _reach(row, name.split("."))
        if value is not None and not least <= value <= most:
            return f"{name.split('.')[-1]} is {value:g}, not from {least:g} to {most:g}"
    return None


def read_rows(path: Path, row: type[Row], *, hint: str, fault: Callable[[Row], str | None] = sound) -> tuple[Row, ...]:
    """The rows of a CSV file, none where there is no file; `fault` says what makes one impossible.

    Raises AdvisorError naming file, line and column.
    """
    if _is_absent(path):
        return ()
    checked_file(path, hint=hint)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            text = file.read()
        if "\0" in text:
            raise csv.Error("it holds NUL bytes")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        return tuple(_parsed(reader, row, fault, path, hint))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise AdvisorError(f"cannot be read as a table ({reason})", where=str(path), hint=hint) from None


def _is_absent(path: Path) -> bool:
    """Whether nothing is there; a link to nothing is something, and so is a file where a folder should be."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _check_header(header: list[str], known: list[str], path: Path, hint: str) -> None:
    """Raises AdvisorError for a name that is there twice, or that is misspelt: like one of ours that is missing.

    Other names are columns of the user's own, which nothing here reads.
    """
    absent = [each for each in known if each not in header]
    for name in header:
        if header.count(name) > 1:
            raise AdvisorError(f"has the column {name!r} twice", where=str(path), hint=hint)
        if name not in known and (meant := difflib.get_close_matches(name, absent, n=1, cutoff=0.85)):
            raise AdvisorError(f"has the column {name!r}; did you mean {meant[0]}?", where=str(path), hint=hint)


def _parsed(reader: Any, row: type[Row], fault: Callable[[Row], str | None], path: Path, hint: str) -> Iterator[Row]:
    header: list[str] = next(reader, [])
    known, make = columns(row), _maker(row)
    _check_header(header, [each.name for each in known], path, hint)
    for each in known:
        if each.required and each.name not in header:
            raise AdvisorError(f"lacks the column {each.name!r}", where=str(path), hint=hint)
    places = [(header.index(c.name), c, _parser(c)) for c in known if c.name in header]
    for cells_ in reader:
        where = f"{path}, line {reader.line_num}"
        if len(cells_) != len(header):
            raise AdvisorError(f"has {len(cells_)} cells for {len(header)} columns", where=where, hint=hint)
        made: dict[str, Any] = {}
        for place, each, parse in places:
            try:
                value = parse(cells_[place])
            except ValueError:
                hidden = each.is_one_line and ": it has line breaks, control or invisible characters"
                what = f"{each.name} is {cells_[place]!r}, not a {each.words}{hidden or ''}"
                raise AdvisorError(what, where=where, hint=hint) from None
            if value is not None or each.nullable or each.required:
                _place(made, each.path, value)
        done = make(made)
        if reason := fault(done):
            raise AdvisorError(reason, where=where, hint=hint)
        yield done


def _place(made: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        made = made.setdefault(name, {})
    made[path[-1]] = value


def _maker(row: type[Row]) -> Callable[[dict[str, Any]], Row]:
    """A function that makes a row of its values by field, those of an inner dataclass as a dictionary of their own."""
    kinds: dict[str, Callable[..., Any]] = get_type_hints(row)
    inner = {name: kind for name, kind in kinds.items() if is_dataclass(kind)}
    make_row: Callable[..., Row] = row

    def make(values: dict[str, Any]) -> Row:
        return make_row(**{name: inner[name](**value) if name in inner else value for name, value in values.items()})

    return make


def _parser(each: Column) -> Callable[[str], Any]:
    kind = each.kind

    def parse(text: str) -> Any:
        if text == "" and (each.nullable or not each.required):
            return None
        if kind is bool:
            return {"true": True, "false": False}[text.lower()] if text.lower() in {"true", "false"} else _refuse()
        if each.is_one_line and not is_printable(text):
            raise ValueError
        if issubclass(kind, Enum) or kind is str:
            return kind(text)
        if "_" in text or not text.isascii():
            raise ValueError
        number = kind(text)
        return number if kind is float or number.bit_length() < MOST_BITS else _refuse()

    return parse


def _refuse() -> Any:
    raise ValueError


def texts(rows: Sequence[Any]) -> list[dict[str, str]]:
    """The cells of rows of one type by column, numbers with six significant digits, None empty."""
    known = columns(type(rows[0])) if rows else ()
    return [{c.name: _cell(_reach(row, c.path)) for c in known} for row in rows]


def _reach(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = getattr(value, name)
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
