"""What the reply of a server has to be: anything else is a failure of that request and never an answer."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from typing import Any

from advisor.engines.protocol import EngineFailure

MOST_TOKENS = 10**8
"""Of one request: ten times the longest context of any model."""
LONGEST_SHOWN = 60
STOPPED = {"stop", "eos", "eos_token", "stop_sequence"}
"""How servers say that an answer ended by itself or at a stop string: OpenAI's word, and those of other servers."""
CUT = {"length", "model_length"}
"""How they say that it was cut, by max_tokens or by the context."""


def whole(value: object, name: str, most: int = MOST_TOKENS) -> int:
    """A count of tokens. Raises EngineFailure for what is no whole number from zero to `most`."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= most:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise EngineFailure(f"an answer whose {name} is {shown(value)}, not a whole number from 0 to {most:,}")
    return value


def text(value: object, name: str) -> str:
    """Raises EngineFailure for what is no text, or holds halves of characters, which no file takes."""
    if not isinstance(value, str):
        raise EngineFailure(f"an answer whose {name} is {shown(value)}, not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EngineFailure(f"an answer whose {name} is no valid text ({shown(value)})") from None
    return value


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """Raises EngineFailure for what is no JSON object."""
    if not isinstance(value, dict):
        raise EngineFailure(f"an answer whose {name} is {shown(value)}, not an object")
    return value


def only(value: object, name: str) -> Any:
    """The one element of a list. Raises EngineFailure for any other number of them."""
    if not isinstance(value, list) or len(value) != 1:
        raise EngineFailure(f"an answer whose {name} is {shown(value)}, not a list of one")
    return value[0]


def ending(value: object) -> str:
    """`stop` or `length`. Raises EngineFailure for an answer that ended otherwise: by a call of a tool, a filter …"""
    if isinstance(value, str) and value in STOPPED:
        return "stop"
    if isinstance(value, str) and value in CUT:
        return "length"
    raise EngineFailure(f"an answer whose finish_reason is {shown(value)}, neither stop nor length")


def probability(value: object) -> float:
    """A reward in [0, 1]. Raises EngineFailure for any other value."""
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0 <= number <= 1:
        raise EngineFailure(f"an answer whose reward is {shown(value)}, not a number from 0 to 1")
    return number


def spent(reply: object) -> tuple[int, int]:
    """Tokens of an answer, and with its prompt, as far as its usage says; what rates texts has a prompt alone."""
    usage = reply.get("usage") if isinstance(reply, dict) else None
    counts = [usage.get(name) if isinstance(usage, dict) else 0 for name in ("prompt_tokens", "completion_tokens")]
    prompt, answer = (n if type(n) is int and 0 <= n <= MOST_TOKENS else 0 for n in counts)
    return answer or prompt, prompt + answer


_BRIEF = reprlib.Repr()
"""Of what lies deep or is long: a server's JSON can be nested as deep as Python's stack, and hold megabytes."""
_BRIEF.maxlevel = 3
_BRIEF.maxstring = _BRIEF.maxother = 2 * LONGEST_SHOWN


def shown(value: object) -> str:
    """A value in an error, on one short line."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    line = _BRIEF.repr(value).encode("ascii", "backslashreplace").decode()
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
