"""What is claimed of a curve, in words: also that the measured range cannot tell."""

from __future__ import annotations

from advisor.fits.line import Line
from advisor.units import percent, significant

UNITS = {"samples": "answers", "token cap": "tokens, cap on one answer", "tokens": "generated tokens"}
"""What compute counts, as axes and sentences say it."""
CANNOT_TELL = "the measured range cannot tell"


def asymptote_text(line: Line) -> str:
    """Where it ends, in words: `80.1 % (90 %: 76.0 – 84.0 %)`, or `at least 71.0 %; the measured range cannot tell`."""
    claim = line.curve.asymptote
    if claim.value is None:
        return f"at least {percent(claim.low)}; {CANNOT_TELL}"
    return f"{percent(claim.value)} (90 %: {percent(claim.low)} – {percent(claim.high)})"


def saturation_text(line: Line) -> str:
    """Where it saturates, in words."""
    claim, unit = line.curve.saturation, UNITS[line.unit]
    if claim.value is None:
        if claim.low >= line.curve.x_max:
            return "not reached in the measured range: a doubling still gains 0.5 points or more"
        if claim.low <= line.curve.x_min:
            return CANNOT_TELL
        return f"at least {significant(claim.low)} {unit}; {CANNOT_TELL}"
    flops = line.flops_at(claim.value)
    cost = f", {significant(flops)} FLOPs per question" if flops else ""
    where = f"from {significant(claim.value)} {unit} (90 %: {significant(claim.low)} – {significant(claim.high)})"
    return f"{where}{cost} a doubling gains less than 0.5 points"
