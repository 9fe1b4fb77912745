"""What the engine runs, which need not be what was asked for: a profile is recorded as what ran."""

from __future__ import annotations

from dataclasses import replace

from advisor.engines.timing import EngineFacts
from advisor.errors import AdvisorError
from advisor.gpus import PRECISIONS
from advisor.profiler.subject import Subject

WIDE = {"bfloat16", "float16"}
"""Types of 16 bit, which runs call bf16."""


def as_ran(subject: Subject, facts: EngineFacts) -> tuple[Subject, str]:
    """The subject as the engine says that it runs it, and a note where that is not what was asked for, else empty.

    A server says nothing of it: the subject stays. Raises AdvisorError for what no precision here stands for.
    """
    if facts.dtype is None:
        return subject, ""
    ran = replace(subject, precision=_weights(subject, facts), kv_precision=_cache(facts))
    pairs = (("weights", subject.precision, ran.precision), ("KV cache", subject.kv_precision, ran.kv_precision))
    notes = [f"{what} asked for in {asked}, the engine runs {found}" for what, asked, found in pairs if asked != found]
    return ran, "; ".join(notes)


def _weights(subject: Subject, facts: EngineFacts) -> str:
    if facts.quantization:
        named = next((each for each in PRECISIONS if each in facts.quantization), None)
        if named is None and subject.precision == "bf16":
            what = f"the engine runs weights quantised by {facts.quantization}"
            raise AdvisorError(what, where="--precision", hint=f"say what they are: {', '.join(PRECISIONS[1:])}")
        return named or subject.precision
    if facts.dtype not in WIDE:
        what = f"the engine runs weights in {facts.dtype}, which is none of {', '.join(PRECISIONS)}"
        raise AdvisorError(what, where="--precision", hint="give --engine-option dtype=bfloat16")
    return "bf16"


def _cache(facts: EngineFacts) -> str:
    kind = facts.kv_dtype or "auto"
    if kind.startswith("fp8"):
        return "fp8"
    if kind != "auto" and kind not in WIDE:
        what, hint = f"the engine keeps its KV cache in {kind}", "give --kv-precision bf16 or fp8"
        raise AdvisorError(what, where="--kv-precision", hint=hint)
    return "bf16"
