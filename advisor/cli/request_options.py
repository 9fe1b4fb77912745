"""The options of a request for a recommendation, stated once for every command that takes them.

@takes_request
def report(*, output: …, request: RequestOptions, workspace: …) -> None: ...

has the options of `recommend` in the place of `request`, which holds their values as arguments of that verb.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from advisor.cli import options
from advisor.cli.output import write
from advisor.errors import NoAnswer
from advisor.tasks import DEFAULT_TASK
from advisor.values import to_json

if TYPE_CHECKING:
    from advisor.recommendation.pick import Recommendation
    from advisor.store.workspace import Workspace

RequestOptions = dict[str, Any]


def _options(
    budget: options.BudgetList = None,
    task: options.TaskList = None,
    min_accuracy: options.MinAccuracy = None,
    confidence: options.Confidence = 0.9,
    evidence: options.Evidence = "published",
    gpu: options.GpuList = None,
    model: options.ModelList = None,
    precision: options.Precision = None,
    qps: options.Qps = None,
    traffic: options.Traffic = None,
    max_wait: options.MaxWait = None,
    max_ttft: options.MaxTtft = None,
    max_tpot: options.MaxTpot = None,
    percentile: options.Percentile = 95,
    engine: options.Engine = "vllm",
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
    running: options.Running = None,
    hosted: options.Hosted = None,
    kv_precision: options.KvPrecision = "bf16",
    speculative_tokens: options.SpeculativeTokens = None,
    acceptance: options.Acceptance = None,
    max_num_seqs: options.MaxNumSeqs = None,
    max_num_batched_tokens: options.MaxNumBatchedTokens = None,
    prefill_parallelism: options.PrefillLayouts = None,
) -> None:
    """Every option, with its default."""


_REQUEST = inspect.signature(_options, eval_str=True).parameters


def takes_request(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of a request in the place of its argument `request`."""
    own = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        each = _REQUEST.values() if name == "request" else (parameter,)
        parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in each]

    def run(**given: Any) -> None:
        request = {name: given.pop(name) for name in _REQUEST}
        command(request=request | {"task": request["task"] or DEFAULT_TASK}, **given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def answered(workspace: Workspace, request: RequestOptions, as_json: bool) -> Recommendation:
    """The recommendation. Raises NoAnswer, whose JSON is printed where it is wanted."""
    from advisor.recommendation import pick

    try:
        return pick.recommend(workspace, **request)
    except NoAnswer as none:
        if as_json and none.answer:
            write(to_json(none.answer))
        raise
