"""Which GPUs may be used, and how many at once: `--gpu h100-sxm:2` and `--have 2xh100-sxm`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.errors import AdvisorError
from advisor.gpus import Gpus


def named_gpus(given: Iterable[str], gpus: Gpus) -> dict[str, int | None]:
    """Names with the most GPUs of each, None where that is not limited: `h100-sxm`, `h100-sxm:2`.

    Raises AdvisorError.
    """
    found: dict[str, int | None] = {}
    for text in given:
        name, colon, count = text.partition(":")
        gpu = gpus.named(name.strip()).name
        if gpu in found:
            raise AdvisorError(f"{gpu} is named twice", where="--gpu", hint="name each GPU once, e.g. h100-sxm:2")
        found[gpu] = _count(count, text, where="--gpu", forms="h100-sxm or h100-sxm:2") if colon else None
    return found


def owned_gpus(given: Iterable[str], gpus: Gpus) -> dict[str, int]:
    """Owned GPUs with their number: `2xh100-sxm`; of one named twice the sum. Raises AdvisorError."""
    found: dict[str, int] = {}
    for text in given:
        match = re.fullmatch(r"\s*([\d.]+)\s*[x×*]\s*([^\s:]+)\s*", text, re.IGNORECASE)
        if match is None:
            what = f"{text!r} is not a number of GPUs"
            raise AdvisorError(what, where="--have", hint="accepted: 2xh100-sxm")
        gpu = gpus.named(match[2], where="--have").name
        found[gpu] = found.get(gpu, 0) + _count(match[1], text, where="--have", forms="2xh100-sxm")
    return found


def _count(count: str, text: str, *, where: str, forms: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", count.strip()) or int(count) == 0:
        raise AdvisorError(f"{text!r} has no number of GPUs from 1", where=where, hint=f"accepted: {forms}")
    return int(count)
