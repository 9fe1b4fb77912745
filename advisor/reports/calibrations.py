"""A calibration for a person: how it goes, and what was drawn."""

from __future__ import annotations

from advisor.calibration.calibrate import Calibration
from advisor.calibration.progress import Progress
from advisor.reports.terminal import Block
from advisor.units import counted, percent, significant


def blocks(done: Calibration) -> list[Block]:
    """What `advisor calibrate` prints at its end."""
    loops = f"{done.loops} of {counted(done.answers, 'answer')} loop"
    accuracy = percent(done.accuracy)
    speed = f"{done.tokens_per_s:,.0f} tokens/s"
    answered = done.questions - done.failed
    end = f"{counted(answered, 'answered question')} kept in {done.path}"
    return [f"{counted(done.questions, 'question')}, {accuracy} right, {speed}, {loops}, {done.failed} failed", end]


def progress_line(p: Progress) -> str:
    """`120 of 200 questions, 61.2 % right, 2,431 tokens/s, 30 s left; so far 48,000 tokens`."""
    costs = [counted(p.generated_tokens, "token")]
    costs += [f"{significant(p.flops)} FLOPs"] if p.flops is not None else []
    costs += [f"{significant(p.usd)} USD"] if p.usd is not None else []
    left = f", {p.left_s:,.0f} s left" if p.left_s is not None else ""
    counts = f"{p.loops} of {counted(p.answers, 'answer')} loop, {p.failed} failed"
    done = (
        f"{p.done} of {counted(p.questions, 'question')}, {percent(p.accuracy)} right, {p.tokens_per_s:,.0f} tokens/s"
    )
    return f"{done}, {counts}{left}; so far {', '.join(costs)}"
