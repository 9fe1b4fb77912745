"""What a verb returns: frozen values whose field names are the keys of `--json`, readable in a notebook.

    @dataclass(frozen=True, slots=True)
    class Frontier(Value):
        task: str
        frontier: Rows[Candidate]

`to_dict` and `to_json` are one rendering of the fields, `_repr_html_` another; `Rows.to_frame` is how rows leave
for pandas.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args, get_type_hints, overload

from advisor.printable import is_printable, shown

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")


class Value:
    """Mixin of frozen dataclasses."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON has them: nested objects and lists, NaN and infinity as None."""
        return {key: plain(value) for key, value in _items(self)}

    def to_json(self) -> str:
        """One JSON object."""
        return to_json(self)

    def _repr_html_(self) -> str:
        return to_html(self)


class Rows(tuple[T, ...]):
    """Rows of one kind, in order; `of` is their type, which gives a frame its columns where there is no row."""

    of: type | None

    def __new__(cls, rows: Iterable[T] = (), of: type[T] | None = None) -> Self:
        """A tuple that knows the type of its rows."""
        made = super().__new__(cls, rows)
        made.of = of
        return made

    def to_frame(self) -> pandas.DataFrame:
        """One line a row; nested fields become columns such as `accuracy.low`."""
        import pandas

        if not self and self.of is not None:
            return pandas.DataFrame(columns=list(_columns(self.of)))
        return pandas.json_normalize([plain(row) for row in self])

    def _repr_html_(self) -> str:
        return to_html(self)


def to_json(value: Any) -> str:
    """One JSON object: dataclasses as objects, NaN and infinity as null, what no screen shows as `\\u` and its code."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    return text if is_printable(text) else json.dumps(plain(value), allow_nan=False)


def plain(value: Any) -> Any:
    """Dictionaries, lists and scalars alone."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(inner) for key, inner in _items(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@overload
def several(given: str | Sequence[str] | None) -> tuple[str, ...]: ...


@overload
def several(given: str | T | Sequence[str | T] | None) -> tuple[str | T, ...]: ...


def several(given: Any) -> tuple[Any, ...]:
    """One or many as a tuple; nothing for None. A text is one.

    >>> several("1s"), several(["1s", "2s"]), several(None)
    (('1s',), ('1s', '2s'), ())
    """
    if given is None:
        return ()
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(given)
    return (given,)  # a text is a sequence too, but one value here


def _by_key(row: Any) -> Mapping[str, Any]:
    return row if isinstance(row, Mapping) else dict(_items(row))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(value, field.name)) for field in fields(value))


def _columns(row: type) -> Iterator[str]:
    """Names of a frame's columns for rows of a dataclass."""
    for name, annotation in get_type_hints(row).items():
        kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
        nested = next((kind for kind in kinds if is_dataclass(kind)), None)
        yield from (f"{name}.{inner}" for inner in _columns(nested)) if isinstance(nested, type) else (name,)


def to_html(value: Any) -> str:
    """A table of nested tables, every text escaped."""
    if isinstance(value, Rows) and not value:
        return "no rows"
    if isinstance(value, Rows) and (is_dataclass(value[0]) or isinstance(value[0], Mapping)):
        rows = [_by_key(row) for row in value]
        lines = [[to_html(inner) for inner in row.values()] for row in rows]
        return _html_table([html.escape(shown(str(head))) for head in rows[0]], lines)
    if is_dataclass(value) and not isinstance(value, type):
        return _html_table([], [[html.escape(key), to_html(inner)] for key, inner in _items(value)])
    if isinstance(value, Mapping):
        return _html_table([], [[html.escape(shown(str(key))), to_html(inner)] for key, inner in value.items()])
    if isinstance(value, (list, tuple)):
        return "<br>".join(to_html(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    return "–" if value is None else html.escape(shown(str(value)))


def _html_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in heads)}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table>{head}<tbody>{body}</tbody></table>"
