"""The logs of this folder, made with inspect-ai 0.3.285 and ../server.py on port 8123.

    python ../server.py 8123 & python make.py

sums      one scorer, three epochs, a system prompt, the .eval form
sums.json the same task, two scorers, one of which gives partial scores, in the .json form
letters   a multiple choice
mixed     a failed sample, one of two calls, one whose thinking stands apart, one scored in part; a model without a name
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

HERE = Path(__file__).parent
os.environ |= {"OPENAI_BASE_URL": "http://127.0.0.1:8123/v1", "OPENAI_API_KEY": "none", "INSPECT_LOG_LEVEL": "error"}

from inspect_ai import Task, eval  # noqa: E402
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.log import read_eval_log, write_eval_log  # noqa: E402
from inspect_ai.model import (  # noqa: E402
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import (  # noqa: E402
    Score,
    Scorer,
    Target,
    accuracy,
    answer,
    choice,
    f1,
    includes,
    match,
    scorer,
)
from inspect_ai.solver import (  # noqa: E402
    Generate,
    Solver,
    TaskState,
    generate,
    multiple_choice,
    solver,
    system_message,
)

SUMS = [(2, 3), (4, 4), (7, 8), (10, 5), (6, 6)]


def sums(scorers: list) -> Task:
    questions = [Sample(id=f"sum-{a}-{b}", input=f"What is {a} plus {b}?", target=str(a + b)) for a, b in SUMS]
    return Task(dataset=questions, solver=[system_message("Be brief."), generate()], scorer=scorers, name="sums")


def letters() -> Task:
    questions = [
        Sample(id=i, input=f"What is {a} plus {b}?", choices=[str(a + b), "99"], target="A")
        for i, (a, b) in enumerate(SUMS[:2], 1)
    ]
    return Task(dataset=questions, solver=multiple_choice(), scorer=choice(), name="letters")


@solver
def troubled() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.sample_id == "fails":
            raise RuntimeError("no answer")
        state = await generate(state)
        return await generate(state) if state.sample_id == "twice" else state

    return solve


@scorer(metrics=[accuracy()])
def credit() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="C" if target.text in state.output.completion else "P", answer=state.output.completion)

    return score


def mixed() -> Task:
    names = ("fails", "twice", "thinks", "right")
    questions = [Sample(id=name, input="What is 2 plus 3?", target="5") for name in names]
    return Task(dataset=questions, solver=troubled(), scorer=[includes(), credit()], name="mixed")


def said(*parts: ContentReasoning | ContentText) -> ModelOutput:
    output = ModelOutput.from_message(ChatMessageAssistant(content=list(parts), source="generate"))
    output.usage = ModelUsage(input_tokens=7, output_tokens=11, total_tokens=18)
    return output


def without_traceback(file: Path) -> None:
    log = read_eval_log(str(file))
    for sample in log.samples:
        sample.events = []
        if sample.error:
            sample.error.traceback = sample.error.traceback_ansi = ""
    write_eval_log(log, str(file))


def main() -> None:
    model = get_model("openai/Qwen/Qwen3-8B", responses_api=False)
    config = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 64, "seed": 5, "display": "none"}
    folder = HERE / "made"
    for name, task, form, epochs in (
        ("sums.eval", sums([answer("line")]), "eval", 3),
        ("sums.json", sums([match(numeric=True), f1()]), "json", 1),
        ("letters.eval", letters(), "eval", 1),
    ):
        shutil.rmtree(folder, ignore_errors=True)
        eval(task, model=model, epochs=epochs, log_format=form, log_dir=str(folder), **config)
        (made,) = folder.iterdir()
        shutil.move(made, HERE / name)
    shutil.rmtree(folder)
    thinking = said(ContentReasoning(reasoning="2, then 3 more."), ContentText(text="It is 6."))
    outputs = [said(ContentText(text="5")), said(ContentText(text="5")), thinking, said(ContentText(text="5"))]
    mock = get_model("mockllm/model", custom_outputs=outputs)
    eval(
        mixed(), model=mock, log_format="eval", log_dir=str(folder), fail_on_error=False, max_samples=1, display="none"
    )
    (made,) = folder.iterdir()
    shutil.move(made, HERE / "mixed.eval")
    without_traceback(HERE / "mixed.eval")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
