"""The command line: parse, call one function, render. Heavy rooms are imported inside the commands."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from advisor.errors import AdvisorError

app = typer.Typer(
    name="advisor",
    help="Which open model, inference strategy, GPU and configuration for a budget?",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="Folder with your own measurements; also ADVISOR_WORKSPACE.")
]
PriceOption = Annotated[
    list[str] | None,
    typer.Option("--price", help="Your own price: h200-sxm=2.10usd/h, or a CSV with gpu,usd_per_hour."),
]


@app.callback()
def _root() -> None:
    pass


@app.command()
def models(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the models known by name, with parameters and release dates."""
    from advisor.report import listings

    listings.show_models(workspace, as_json)


@app.command()
def gpus(
    price: PriceOption = None,
    refresh: Annotated[
        str | None,
        typer.Option(help="Write today's cloud prices to this CSV, for --price; needs a network and the prices extra."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the GPUs known here, with peaks and the price used."""
    from advisor.report import listings

    if refresh:
        listings.refresh_prices(refresh, as_json)
        return
    listings.show_gpus(price or [], workspace, as_json)


@app.command()
def estimate(
    model: Annotated[str, typer.Argument(help="A model's name, or a path to its config.json.")],
    gpu: Annotated[str, typer.Option("--gpu", help="GPU name, see `advisor gpus`.")],
    gpu_count: Annotated[int, typer.Option(help="GPUs of one replica.")] = 1,
    parallelism: Annotated[
        str,
        typer.Option(
            help="tp8, tp4pp2, dp8 (attention by data, experts shared), …; default: all GPUs by tensor parallelism."
        ),
    ] = "",
    precision: Annotated[str, typer.Option(help="bf16, fp8, fp4, int8 or int4; default: the checkpoint's own.")] = "",
    input_tokens: Annotated[int, typer.Option(help="Prompt tokens of a request.")] = 1024,
    output_tokens: Annotated[int, typer.Option(help="Generated tokens of a request.")] = 1024,
    concurrency: Annotated[int, typer.Option(help="Requests in flight.")] = 1,
    kv_precision: Annotated[str, typer.Option(help="Of the KV cache: bf16 or fp8.")] = "bf16",
    engine: Annotated[str, typer.Option(help="vllm, sglang or trtllm.")] = "vllm",
    rate: Annotated[
        float | None, typer.Option(help="Percentiles at so many requests a second, arriving at random.")
    ] = None,
    max_ttft: Annotated[
        str | None, typer.Option(help="The most it carries with 90 % of the first tokens within this, e.g. 1s.")
    ] = None,
    max_tpot: Annotated[str | None, typer.Option(help="The same for the time per output token, e.g. 50ms.")] = None,
    qps: Annotated[
        float | None, typer.Option(help="Replicas for so many requests a second within those limits.")
    ] = None,
    price: PriceOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Memory fit, TTFT, TPOT, tokens/s and USD of a deployment; needs no GPU."""
    from advisor.report import estimates

    asked = estimates.Asked(
        model,
        gpu,
        gpu_count,
        parallelism,
        precision,
        input_tokens,
        output_tokens,
        concurrency,
        engine,
        tuple(price or ()),
        rate,
        qps,
        max_ttft,
        max_tpot,
        kv_precision,
    )
    estimates.show(asked, workspace, as_json)


BudgetOption = Annotated[
    list[str] | None,
    typer.Option("--budget", help="0.002usd, 5e13flops, 20s, 300J, 4000tokens, 2usd/1000q, 500usd/month; repeatable."),
]
TaskOption = Annotated[str, typer.Option("--task", help="Task whose accuracy counts, see `advisor tasks`.")]
GpuOption = Annotated[list[str] | None, typer.Option("--gpu", help="Only this GPU; repeatable.")]
ModelOption = Annotated[list[str] | None, typer.Option("--model", help="Only this model; repeatable.")]


PrecisionOption = Annotated[str | None, typer.Option(help="Weights to serve; default: the checkpoint's own.")]
MinAccuracyOption = Annotated[float | None, typer.Option(help="The cheapest that reaches this, e.g. 0.8.")]
QpsOption = Annotated[float | None, typer.Option(help="Questions per second to carry.")]
MaxTtftOption = Annotated[str | None, typer.Option(help="Longest time to first token, e.g. 1s.")]
MaxTpotOption = Annotated[str | None, typer.Option(help="Longest time per output token, e.g. 50ms.")]
EngineOption = Annotated[str, typer.Option(help="vllm, sglang or trtllm.")]


@app.command()
def recommend(
    budget: BudgetOption = None,
    task: TaskOption = "gpqa-diamond",
    min_accuracy: MinAccuracyOption = None,
    gpu: GpuOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    qps: QpsOption = None,
    max_ttft: MaxTtftOption = None,
    max_tpot: MaxTpotOption = None,
    engine: EngineOption = "vllm",
    price: PriceOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The model, strategy, GPU and configuration for a budget, with runners-up and the command."""
    from advisor.report import recommendations

    request = recommendations.request(
        budget or [], task, min_accuracy, gpu, model, precision, qps, max_ttft, max_tpot, engine, price or [], workspace
    )
    recommendations.show(request, workspace, as_json)


@app.command()
def report(
    output: Annotated[str, typer.Option("--output", "-o", help="Markdown file to write; pictures go beside it.")],
    budget: BudgetOption = None,
    task: TaskOption = "gpqa-diamond",
    min_accuracy: MinAccuracyOption = None,
    gpu: GpuOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    qps: QpsOption = None,
    max_ttft: MaxTtftOption = None,
    max_tpot: MaxTpotOption = None,
    engine: EngineOption = "vllm",
    price: PriceOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The recommendation as Markdown for a ticket, with the frontier, assumptions, provenance and how to reproduce it."""
    from advisor.report import recommendations
    from advisor.report import report as reports

    request = recommendations.request(
        budget or [], task, min_accuracy, gpu, model, precision, qps, max_ttft, max_tpot, engine, price or [], workspace
    )
    reports.show(request, output, workspace, as_json)


@app.command()
def frontier(
    task: TaskOption = "gpqa-diamond",
    cost: Annotated[str, typer.Option(help="usd, flops, s, J or tokens, per question.")] = "usd",
    gpu: GpuOption = None,
    model: ModelOption = None,
    price: PriceOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The Pareto frontier of accuracy against a cost, as table and picture."""
    from advisor.report import frontiers

    frontiers.show(task, cost, gpu, model, price or [], workspace, as_json)


@app.command()
def curve(
    model: Annotated[str, typer.Argument(help="A model's name, see `advisor models`.")],
    task: TaskOption = "gpqa-diamond",
    strategy: Annotated[
        str | None, typer.Option(help="majority, thinking-budget, …; default: all with a curve.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy against compute of one model: points, fitted curve, asymptote and saturation point."""
    from advisor.report import curves

    curves.show(model, task, strategy, workspace, as_json)


@app.command()
def tasks(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the tasks with known accuracy."""
    from advisor.report import listings

    listings.show_tasks(workspace, as_json)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A model's name, or a path to its config.json.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    task: Annotated[
        str, typer.Option("--task", help="Accuracy on this task across budgets, instead of speed at a load.")
    ] = "",
    cost: Annotated[str, typer.Option(help="With --task: usd, flops, s, J or tokens, per question; default usd.")] = "",
    gpu: Annotated[
        str,
        typer.Option(
            "--gpu", help="GPU name, see `advisor gpus`; default h100-sxm, with --task any that can be rented."
        ),
    ] = "",
    gpu_count: Annotated[int, typer.Option(help="GPUs of one replica of each; default: the fewest that hold it.")] = 0,
    precision: Annotated[str, typer.Option(help="bf16, fp8, fp4, int8 or int4; default: each checkpoint's own.")] = "",
    input_tokens: Annotated[
        list[int] | None, typer.Option(help="Context of a request; repeatable; default 1024, 8192 and 32768.")
    ] = None,
    output_tokens: Annotated[int | None, typer.Option(help="Generated tokens of a request; default 1024.")] = None,
    engine: EngineOption = "vllm",
    price: PriceOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two models side by side: speed, memory and USD over concurrency and context, or accuracy over budgets; and where one overtakes the other."""
    if task and (gpu_count or input_tokens or output_tokens is not None):
        raise AdvisorError(
            "come from the task's own answers",
            where="--gpu-count, --input-tokens, --output-tokens",
            hint="leave them out with --task",
        )
    if cost and not task:
        raise AdvisorError("is what accuracy is bought with", where="--cost", hint="give --task too")
    if task:
        from advisor.report import overtaking

        overtaking.show(
            (first, second),
            task,
            cost or "usd",
            [gpu] if gpu else None,
            precision,
            engine,
            price or [],
            workspace,
            as_json,
        )
        return
    from advisor.report import comparisons
    from advisor.report.estimates import Asked

    asked = Asked(
        first,
        gpu or "h100-sxm",
        gpu_count,
        "",
        precision,
        1,
        1024 if output_tokens is None else output_tokens,
        1,
        engine,
        tuple(price or ()),
    )
    comparisons.show((first, second), asked, input_tokens or comparisons.CONTEXTS, workspace, as_json)


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="samples, epoch or model; vllm-bench, guidellm or runs.")],
    path: Annotated[
        str, typer.Argument(help="The file to bring in; of a model its config.json or folder, of a sweep its folder.")
    ],
    model: Annotated[str, typer.Option(help="Model that was measured, where the report calls it otherwise.")] = "",
    gpu: Annotated[str, typer.Option(help="GPU it was measured on.")] = "",
    parallelism: Annotated[str, typer.Option(help="tp8, tp4pp2, dp8, …; default tp1.")] = "",
    precision: Annotated[str, typer.Option(help="Of the weights; default: the checkpoint's own.")] = "",
    kv_precision: Annotated[str, typer.Option(help="Of the KV cache: bf16 or fp8; default: not recorded.")] = "",
    engine: Annotated[str, typer.Option(help="vllm, sglang or trtllm; default vllm.")] = "",
    input_tokens: Annotated[
        int | None, typer.Option(help="Prompt tokens of a request, where the report does not say.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(help="Generated tokens of a request, where the report does not say.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests in flight, where the report does not say.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring real results into measurements; importing a file twice changes nothing."""
    from advisor.importers.serving_runs import Told
    from advisor.report import imports

    told = Told(model, gpu, parallelism, precision, kv_precision, engine, input_tokens, output_tokens, concurrency)
    imports.show(kind, path, told, workspace, as_json)


@app.command()
def calibrate(
    model: Annotated[str, typer.Argument(help="A model's name, a Hugging Face id, or a folder.")],
    task: Annotated[
        str,
        typer.Option(
            help="arithmetic, gsm8k, math500, aime24, aime25, hmmt-feb25, gpqa-diamond, or a .jsonl or .parquet file."
        ),
    ],
    strategy: Annotated[
        str,
        typer.Option(
            help="greedy, majority, weighted-majority, best-of-n, rebase, mcts, thinking-budget or adaptive-majority."
        ),
    ] = "majority",
    samples: Annotated[
        int, typer.Option(help="Samples; width of rebase, iterations of mcts, token cap of thinking-budget.")
    ] = 16,
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server; default: vLLM in process.")] = None,
    served_model: Annotated[str | None, typer.Option(help="The model's name on that server.")] = None,
    reward_model: Annotated[
        str | None, typer.Option(help="A process reward model: a name, an id, or a folder.")
    ] = None,
    reward_url: Annotated[str | None, typer.Option(help="A vLLM server of the reward model, --runner pooling.")] = None,
    step_mark: Annotated[
        str,
        typer.Option(help="Token that the reward model rates after a step, e.g. '<extra_0>'; default: the delimiter."),
    ] = "",
    reward: Annotated[
        str, typer.Option(help="Reward of an answer from its steps: last, min, mean or product.")
    ] = "last",
    questions: Annotated[int | None, typer.Option(help="Only the first so many.")] = None,
    answers: Annotated[
        str | None, typer.Option(help="How answers are read: math, choice, number, exact or arithmetic.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="Prompt with {question}.")] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Send the prompt as it is, not as a user's turn under the model's chat template."),
    ] = False,
    force: Annotated[
        str | None,
        typer.Option(help="What opens an answer where thinking is cut, e.g. '\\n</think>\\nFinal answer: '."),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What ends a step of a tree search.")] = "\\n",
    temperature: Annotated[float, typer.Option(help="Sampling temperature.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="Nucleus.")] = 1.0,
    frequency_penalty: Annotated[float, typer.Option(help="Against repetition loops, e.g. 0.05.")] = 0.0,
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 2048,
    seed: Annotated[int, typer.Option(help="Another seed draws other answers.")] = 0,
    in_flight: Annotated[int, typer.Option(help="Questions at once.")] = 256,
    engine_option: Annotated[
        list[str] | None, typer.Option(help="name=value for vLLM in process, e.g. max_model_len=8192; repeatable.")
    ] = None,
    usd_per_hour: Annotated[float | None, typer.Option(help="What the machine costs, to show USD so far.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw answers under a strategy, check them, store them; killed at any moment, the same command goes on."""
    from advisor.report import calibrations

    asked = calibrations.Asked(
        model,
        task,
        strategy,
        samples,
        url,
        served_model,
        reward_model,
        reward_url,
        step_mark,
        reward,
        questions,
        answers,
        template,
        plain,
        force,
        delimiter,
        temperature,
        top_p,
        frequency_penalty,
        max_tokens,
        seed,
        in_flight,
        tuple(engine_option or ()),
        usd_per_hour,
    )
    calibrations.show(asked, workspace, as_json)


@app.command()
def profile(
    model: Annotated[
        str,
        typer.Argument(
            help="A model's name, a Hugging Face id, or a folder; with --dummy-weights its config.json is enough."
        ),
    ],
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server; default: vLLM in process.")] = None,
    served_model: Annotated[str | None, typer.Option(help="The model's name on that server.")] = None,
    gpu: Annotated[str, typer.Option(help="What it runs on; default: this machine's GPU, or its processor.")] = "",
    parallelism: Annotated[str, typer.Option(help="tp8, tp4pp2, …; default tp1.")] = "",
    precision: Annotated[str, typer.Option(help="Of the weights; default: the checkpoint's own.")] = "",
    kv_precision: Annotated[
        str, typer.Option(help="Of the KV cache: bf16 or fp8; what a server was started with.")
    ] = "bf16",
    engine: Annotated[str, typer.Option(help="vllm, sglang or trtllm: what the server runs.")] = "vllm",
    dummy_weights: Annotated[
        bool, typer.Option("--dummy-weights", help="Random weights: only config.json is needed.")
    ] = False,
    routing: Annotated[
        str,
        typer.Option(help="First count the experts that answers to this task take: arithmetic, gsm8k, …, or a file."),
    ] = "",
    time: Annotated[str, typer.Option(help="Longest time to measure once the engine runs, e.g. 5min.")] = "5min",
    within: Annotated[
        float, typer.Option(help="Stop when nine tenths of all loads are predicted so closely: 0.1 is ±10 %.")
    ] = 0.1,
    engine_option: Annotated[
        list[str] | None, typer.Option(help="name=value for vLLM in process, e.g. max_model_len=8192; repeatable.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure speed, memory and power on this machine or behind a URL, the most telling loads first; killed, the same command goes on."""
    from advisor.report import profiles

    asked = profiles.Asked(
        model,
        url,
        served_model,
        gpu,
        parallelism,
        precision,
        kv_precision,
        engine,
        dummy_weights,
        routing,
        time,
        within,
        tuple(engine_option or ()),
    )
    profiles.show(asked, workspace, as_json)


@app.command()
def fit(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Derive strategy points and curves again from all measurements."""
    from advisor.report import fits

    fits.show(workspace, as_json)


def main() -> None:
    """Entry point: the only place where errors become words and exit codes.

    A command lives for half a second: collecting garbage and taking the libraries down would be a fifth of it.
    """
    gc.disable()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 0
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    from typer.exceptions import TyperException

    try:
        code = app(arguments, standalone_mode=False)
    except AdvisorError as error:
        print(f"advisor: {error}", file=sys.stderr)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("advisor: interrupted", file=sys.stderr)
        return 130
    except TyperException as error:
        print(_usage_line(error), file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("ADVISOR_DEBUG"):
            raise
        print(
            f"advisor: bug in advisor ({type(error).__name__}: {error}); ADVISOR_DEBUG=1 shows the traceback",
            file=sys.stderr,
        )
        return 70
    return code if isinstance(code, int) else 0


def _usage_line(error: Exception) -> str:
    """One line for a mistyped command line; the whole help where nothing was typed."""
    text = str(getattr(error, "format_message", error.__str__)())
    return text if text.startswith("Usage:") else f"advisor: {' '.join(text.split())}"
