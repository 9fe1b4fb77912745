"""A calibration for a person: how it goes, what was drawn, and what reading it again changed."""

from __future__ import annotations

from advisor.calibration.calibrate import Calibration
from advisor.calibration.counts import Transcript
from advisor.calibration.progress import Progress
from advisor.calibration.regrade import Regrading
from advisor.reports.terminal import Block
from advisor.reports.text_tables import table
from advisor.units import counted, percent, significant

MOST_LINES = 8
SHOWN = 300
"""Characters of a prompt's and an answer's end in the first transcript."""


def blocks(done: Calibration) -> list[Block]:
    """What `advisor calibrate` prints at its end."""
    loops = f"{done.loops} of {counted(done.answers, 'answer')} loop, {done.unreadable} unreadable"
    accuracy = percent(done.accuracy)
    speed = f"{done.tokens_per_s:,.0f} tokens/s"
    speed += f" with up to {done.in_flight:,} in flight" if done.in_flight else ""
    answered = done.questions - done.failed
    end = f"{counted(answered, 'answered question')} kept in {done.path}"
    own = [f"{counted(done.questions, 'question')}, {accuracy} right, {speed}, {loops}, {done.failed} failed", end]
    return [block for other in done.others for block in blocks(other)] + [*own]


def first_lines(p: Progress, *, begins: bool) -> list[str]:
    """What is said once: how long the engines took to start, and the first answer as it was read."""
    if p.start_s is None:
        return ["advisor: starting the engine"]
    start = [f"advisor: ready after {p.start_s:,.0f} s"] if begins else []
    return start + (transcript_lines(p.transcript) if p.transcript else [])


def transcript_lines(t: Transcript) -> list[str]:
    """The first answer: the end of its prompt and of its text, and what was read."""
    read = "no answer was found in it" if t.answer is None else f"read as {t.answer!r}"
    verdict = f"{read}; the right one is {t.reference!r}: {'right' if t.correct else 'wrong'}"
    return [
        f"advisor: the first answer, to question {t.question_id}",
        *(f"  > {line}" for line in _end(t.prompt)),
        *(f"  < {line}" for line in _end(t.text)),
        f"  {verdict}",
    ]


def _end(text: str) -> list[str]:
    """Its last lines."""
    return text.rstrip()[-SHOWN:].split("\n")[-MOST_LINES:]


def progress_line(p: Progress) -> str:
    """`120 of 200 questions, 61.2 % right, 2,431 tokens/s, 30 s left; so far 48,000 tokens`."""
    costs = [counted(p.generated_tokens, "token")]
    costs += [f"{significant(p.flops)} FLOPs"] if p.flops is not None else []
    costs += [f"{significant(p.usd)} USD"] if p.usd is not None else []
    left = f", {p.left_s:,.0f} s left" if p.left_s is not None else ""
    counts = f"{p.loops} of {counted(p.answers, 'answer')} loop, {p.unreadable} unreadable, {p.failed} failed"
    done = (
        f"{p.done} of {counted(p.questions, 'question')}, {percent(p.accuracy)} right, {p.tokens_per_s:,.0f} tokens/s"
    )
    return f"{done}, {counts}{left}; so far {', '.join(costs)}"


def regrading_blocks(done: Regrading) -> list[Block]:
    """What `advisor regrade` prints."""
    header = ["run", "answers", "read anew", "now right", "now wrong", "unreadable", "right, before", "now"]
    rows = [
        [
            run.run_id,
            f"{run.answers:,}",
            f"{run.answers_changed:,}",
            f"{run.now_right:,}",
            f"{run.now_wrong:,}",
            f"{run.unreadable_before:,} → {run.unreadable:,}",
            percent(run.accuracy_before),
            percent(run.accuracy),
        ]
        for run in done.runs
    ]
    changed = sum(run.former is not None for run in done.runs)
    end = f"{counted(changed, 'run')} of {len(done.runs)} changed; the rows as they were are kept beside them"
    return [table(header, rows, right=header[1:], names=header[:1]), end if changed else "nothing changed"]
