"""Whether a caller gave what the signature says; the command line's parser sees to that, in Python nothing would.

@checked_arguments
def estimate(workspace: Workspace, *, model: str, concurrency: int = 1) -> Estimate: ...

estimate(ws, model="qwen3-8b", concurrency="4")  # AdvisorError: concurrency: takes a whole number, not '4'
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache, wraps
from inspect import signature
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from advisor.errors import AdvisorError

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

WORDS = {str: "a text", float: "a number", int: "a whole number", bool: "True or False", type(None): "None"}


def checked_arguments(verb: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The verb, raising AdvisorError for an argument of another type than its annotation."""
    names = tuple(signature(verb).parameters)

    @wraps(verb)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        annotations = _annotations(verb)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in annotations:  # Python itself names an argument that is unknown
                check_type(value, annotations[name], where=name)
        return verb(*args, **kwargs)

    return checked


def check_fields(value: Any) -> None:
    """Every field of a dataclass is of its type. Raises AdvisorError."""
    annotations = _annotations(value.__class__)
    for field in fields(value):
        check_type(getattr(value, field.name), annotations[field.name], where=f"{type(value).__name__}, {field.name}")


def check_type(value: object, annotation: Any, *, where: str) -> None:
    """The value is of the annotated type. Raises AdvisorError."""
    if not _is(value, annotation):
        raise AdvisorError(f"takes {_words(annotation)}, not {_short(value)}", where=where)


@cache
def _annotations(of: Any) -> dict[str, Any]:
    return get_type_hints(of)


def _is(value: object, annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    if kind is Any:
        return True
    if kind in (Union, types.UnionType):
        return any(_is(value, each) for each in get_args(annotation))
    if kind in (float, int):  # numpy's numbers are numbers too, True is none
        return isinstance(value, Real if kind is float else Integral) and not isinstance(value, bool)
    if kind is collections.abc.Sequence:
        is_list = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
        return is_list and all(_is(each, get_args(annotation)[0]) for each in value)  # type: ignore[attr-defined]
    return isinstance(value, kind)


def _words(annotation: Any) -> str:
    kinds = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    named = [kind for kind in kinds if kind is not type(None)] or [type(None)]
    words = [_word(kind, among=len(named)) for kind in named]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _word(kind: Any, *, among: int) -> str:
    if get_origin(kind) is collections.abc.Sequence:
        return "a list of them" if among > 1 else f"a list, each {_words(get_args(kind)[0])}"
    plain = get_origin(kind) or kind
    return WORDS.get(plain, f"a {plain.__name__}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
