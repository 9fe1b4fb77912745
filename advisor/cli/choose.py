"""Commands that choose: recommend, report, deploy, frontier, compare, estimate."""

from __future__ import annotations

from typing import Annotated

import typer

from advisor.cli import options
from advisor.cli.findings import FINDINGS, RECOMMENDATION, checked_kind, no_others, report_findings
from advisor.cli.output import emit, write
from advisor.cli.request_options import RequestOptions, answered, takes_request
from advisor.errors import AdvisorError, NoAnswer
from advisor.tasks import DEFAULT_TASK
from advisor.values import to_json


@takes_request
def recommend(
    *, request: RequestOptions, workspace: options.WorkspaceFolder = None, as_json: options.Json = False
) -> None:
    """Pick model, strategy, GPU and configuration for a budget.

    Prints the pick with what it gives and costs, where each number comes from, the command that deploys it, and the
    runners-up.
    """
    from advisor.reports import recommendations

    emit(answered(options.known_workspace(workspace), request, as_json), recommendations.blocks, as_json)


@takes_request
def report(
    context: typer.Context,
    *,
    kind: Annotated[
        str, typer.Option("--kind", help="recommendation, or findings: what two papers found, from what is stored.")
    ] = RECOMMENDATION,
    own_answers: Annotated[
        bool,
        typer.Option("--own-answers", help="Findings of the answers in --workspace alone, without what ships."),
    ] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Markdown file to write; pictures go beside it.")
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", help="HTML file to write: one page for a browser, with charts to filter.")
    ] = None,
    request: RequestOptions,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Write a recommendation, or the findings, as a report.

    As Markdown, as one page, or both: with pictures of all models around the frontier and of the pick's accuracy curve,
    assumptions, sources, and how to make it again. The page needs no network; its charts can be filtered by task, cost,
    GPU, kind of model and evidence.
    """
    from advisor.recommendation import pick
    from advisor.reports import report as written

    opened = options.open_workspace(workspace) if own_answers else options.known_workspace(workspace)
    written.checked_paths(output, html)
    if checked_kind(kind) == FINDINGS:
        no_others(context, {"kind", "own_answers", "output", "html", "workspace", "as_json"})
        report_findings(opened, output, html, own_answers=own_answers, as_json=as_json)
        return
    if own_answers:
        raise AdvisorError("requires --kind findings", where="--own-answers")
    found = pick.recommend(opened, **request)
    emit(written.report(opened, recommendation=found, output=output, html=html), written.blocks, as_json)


@takes_request
def deploy(
    *,
    output: Annotated[str, typer.Option("--output", "-o", help="Folder to write; it is replaced as a whole.")],
    choice: Annotated[
        int | None, typer.Option("--choice", help="Number of one of the other choices, instead of the pick.")
    ] = None,
    request: RequestOptions,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Write a recommendation as the files that start it.

    A script, files for Docker Compose, Kubernetes, KServe, LeaderWorkerSet and SkyPilot, a load test that judges it by
    what was predicted, alerts for Prometheus, and a README with the order of commands. Nothing is started.
    """
    from advisor.deployments import deploy as verb

    opened = options.known_workspace(workspace)
    verb.checked_output(output)
    found = answered(opened, request, as_json)
    emit(verb.deploy(opened, recommendation=found, output=output, choice=choice), verb.blocks, as_json)


def frontier(
    task: options.TaskList = None,
    cost: options.Cost = None,
    gpu: options.GpuList = None,
    model: options.ModelList = None,
    evidence: options.Evidence = "published",
    price: options.PriceList = None,
    price_kind: options.PriceKind = None,
    have: options.Have = None,
    usd_per_kwh: options.UsdPerKwh = None,
    license: options.LicenseList = None,
    exclude_model: options.ExcludedModels = None,
    exclude_gpu: options.ExcludedGpus = None,
    input_tokens: options.InputTokens = None,
    output_tokens: options.OutputTokens = None,
    cached_prompt_tokens: options.CachedPromptTokens = None,
    precision: options.Precision = None,
    engine: options.Engine = "vllm",
    kv_precision: options.KvPrecision = "bf16",
    speculative_tokens: options.SpeculativeTokens = None,
    acceptance: options.Acceptance = None,
    max_num_seqs: options.MaxNumSeqs = None,
    max_num_batched_tokens: options.MaxNumBatchedTokens = None,
    prefill_parallelism: options.PrefillLayouts = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Show the frontier of accuracy against a cost.

    Candidates that no other known one beats on both, as a table, and a picture of them and of every other model.
    """
    from advisor.recommendation import frontier as verb
    from advisor.reports import frontiers

    opened = options.known_workspace(workspace)
    found = verb.frontier(
        opened,
        task=task or DEFAULT_TASK,
        cost=cost,
        gpu=gpu,
        model=model,
        evidence=evidence,
        price=price,
        price_kind=price_kind,
        have=have,
        usd_per_kwh=usd_per_kwh,
        license=license,
        exclude_model=exclude_model,
        exclude_gpu=exclude_gpu,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_prompt_tokens=cached_prompt_tokens,
        precision=precision,
        engine=engine,
        kv_precision=kv_precision,
        speculative_tokens=speculative_tokens,
        acceptance=acceptance,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        prefill_parallelism=prefill_parallelism,
    )
    emit(found, frontiers.blocks, as_json)


def compare(
    first: options.Model,
    second: options.Model,
    task: Annotated[
        str | None, typer.Option("--task", help="Compare accuracy on this task across budgets, not speed at a load.")
    ] = None,
    cost: Annotated[
        str | None, typer.Option("--cost", help="With --task: usd (default), flops, s, J or tokens, per question.")
    ] = None,
    gpu: Annotated[
        str | None, typer.Option("--gpu", help="GPU name; default h100-sxm, with --task any that can be rented.")
    ] = None,
    gpu_count: options.GpuCount = None,
    precision: options.Precision = None,
    evidence: Annotated[
        str | None, typer.Option(help="With --task: accuracies to count: measured, published (default) or any.")
    ] = None,
    input_tokens: Annotated[
        list[int] | None, typer.Option(help="Prompt tokens of a request; repeatable; default 1024, 8192 and 32768.")
    ] = None,
    output_tokens: Annotated[int | None, typer.Option(help="Generated tokens of a request; default 1024.")] = None,
    engine: options.Engine = "vllm",
    price: options.PriceList = None,
    price_kind: options.PriceKind = None,
    have: options.Have = None,
    usd_per_kwh: options.UsdPerKwh = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Compare two models by speed, or with --task by accuracy.

    Without --task speed, memory and USD over concurrency and context; with it accuracy across budgets. Says where
    one overtakes the other.
    """
    from advisor.reports import comparisons

    opened = options.known_workspace(workspace)
    loads = {"--gpu-count": gpu_count, "--input-tokens": input_tokens, "--output-tokens": output_tokens}
    if task is not None:
        from advisor.recommendation import compare as verb

        if given := [flag for flag, value in loads.items() if value is not None]:
            hint = "the load of a task follows from its recorded answers: leave it out"
            raise AdvisorError("cannot be combined with --task", where=given[0], hint=hint)
        found = verb.compare(
            opened,
            models=(first, second),
            task=task,
            cost=cost,
            evidence=evidence or "published",
            gpu=gpu,
            precision=precision,
            engine=engine,
            price=price,
            price_kind=price_kind,
            have=have,
            usd_per_kwh=usd_per_kwh,
        )
        emit(found, comparisons.accuracy_blocks, as_json)
        return
    for flag, value in (("--cost", cost), ("--evidence", evidence), ("--have", have), ("--usd-per-kwh", usd_per_kwh)):
        if value is not None:
            raise AdvisorError("requires --task", where=flag, hint="e.g. --task gpqa-diamond --cost flops")
    from advisor.recommendation.compare_speed import compare_speed

    by_speed = compare_speed(
        opened,
        models=(first, second),
        gpu=gpu or "h100-sxm",
        gpu_count=gpu_count,
        precision=precision,
        input_tokens=input_tokens,
        output_tokens=1024 if output_tokens is None else output_tokens,
        engine=engine,
        price=price,
        price_kind=price_kind,
    )
    emit(by_speed, comparisons.speed_blocks, as_json)


def estimate(
    model: options.Model,
    gpu: options.Gpu,
    gpu_count: options.GpuCount = None,
    parallelism: options.Layout = None,
    precision: options.Precision = None,
    input_tokens: Annotated[int, typer.Option(help="Prompt tokens of a request.")] = 1024,
    output_tokens: Annotated[int, typer.Option(help="Generated tokens of a request.")] = 1024,
    concurrency: Annotated[int, typer.Option(help="Requests in flight.")] = 1,
    kv_precision: options.KvPrecision = "bf16",
    engine: options.Engine = "vllm",
    rate: Annotated[
        float | None, typer.Option(help="Percentiles at this many requests per second, arriving at random.")
    ] = None,
    max_ttft: Annotated[
        str | None, typer.Option(help="Find the most load with 90 % of the first tokens within this, e.g. 1s.")
    ] = None,
    max_tpot: Annotated[str | None, typer.Option(help="The same for the time per output token, e.g. 50ms.")] = None,
    qps: Annotated[
        float | None, typer.Option(help="Count the replicas for this many requests per second within those limits.")
    ] = None,
    max_num_seqs: options.MaxNumSeqs = None,
    max_num_batched_tokens: options.MaxNumBatchedTokens = None,
    speculative_tokens: options.SpeculativeTokens = None,
    acceptance: options.Acceptance = None,
    draft_model: options.DraftModel = None,
    disk_gb_per_s: options.DiskGbPerS = None,
    replicas: options.Replicas = None,
    prefill_parallelism: options.PrefillLayout = None,
    prefill_replicas: options.PrefillReplicas = None,
    cached_prompt_tokens: options.CachedPromptTokens = None,
    price: options.PriceList = None,
    price_kind: options.PriceKind = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Estimate memory, speed and cost of a deployment.

    Memory fit, TTFT, TPOT, tokens/s and USD per million tokens; with --rate, --qps or a limit also percentiles under
    traffic. Needs no GPU.
    """
    from advisor.recommendation import estimate as verb
    from advisor.reports import estimates

    try:
        found = verb.estimate(
            options.known_workspace(workspace),
            model=model,
            gpu=gpu,
            gpu_count=gpu_count,
            parallelism=parallelism,
            precision=precision,
            kv_precision=kv_precision,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            concurrency=concurrency,
            engine=engine,
            rate=rate,
            max_ttft=max_ttft,
            max_tpot=max_tpot,
            qps=qps,
            max_num_seqs=max_num_seqs,
            max_num_batched_tokens=max_num_batched_tokens,
            speculative_tokens=speculative_tokens,
            acceptance=acceptance,
            draft_model=draft_model,
            disk_gb_per_s=disk_gb_per_s,
            replicas=replicas,
            prefill_parallelism=prefill_parallelism,
            prefill_replicas=prefill_replicas,
            cached_prompt_tokens=cached_prompt_tokens,
            price=price,
            price_kind=price_kind,
        )
    except NoAnswer as none:
        _show_refused(none.answer, as_json)
        raise
    emit(found, estimates.blocks, as_json)


def _show_refused(answer: object, as_json: bool) -> None:
    """The JSON of what cannot start, or its memory where that is the reason; why stands in the error's line."""
    from advisor.recommendation.estimate_values import CannotStart
    from advisor.reports import estimates
    from advisor.reports.terminal import show

    if as_json:
        write(to_json(answer))
    elif isinstance(answer, CannotStart):
        show(estimates.refused_blocks(answer))
