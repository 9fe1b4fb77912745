"""What is request of a recommendation, checked: names in full, budgets per question, durations in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.errors import AdvisorError, unknown
from advisor.fits.lengths import PERCENTILES
from advisor.gpus import PRECISIONS
from advisor.performance.deployment import ENGINES
from advisor.prices import Price, parse_prices
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import COSTS, Budget, checked_rate, parse_duration
from advisor.values import several


@dataclass(frozen=True, slots=True)
class Request:
    """Budgets are per question; names are full ids; None means no limit."""

    task: str = DEFAULT_TASK
    budgets: tuple[Budget, ...] = ()
    min_accuracy: float | None = None
    gpus: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    precision: str | None = None
    qps: float | None = None
    max_ttft_s: float | None = None
    max_tpot_s: float | None = None
    percentile: int = 95
    engine: str = "vllm"
    prices: tuple[Price, ...] = ()

    @property
    def cost(self) -> str:
        """The cost the frontier is drawn over: the first budget's, usd without one. Cheaper always means usd."""
        return self.budgets[0].cost if self.budgets else "usd"

    @property
    def limits(self) -> dict[str, float | None]:
        """Parameters of feasible.sql."""
        bounds: dict[str, float | None] = dict.fromkeys(COSTS)
        for budget in self.budgets:
            known = bounds[budget.cost]
            bounds[budget.cost] = budget.amount if known is None else min(known, budget.amount)
        return bounds | {"max_ttft": self.max_ttft_s, "max_tpot": self.max_tpot_s, "min_accuracy": self.min_accuracy}

    @property
    def constraints(self) -> tuple[str, ...]:
        """Every limit as it was understood."""
        limits = [
            f"{budget} for {self.percentile} % of the questions" if budget.cost == "s" else f"{budget} per question"
            for budget in self.budgets
        ]
        limits += [f"accuracy ≥ {self.min_accuracy:g}"] if self.min_accuracy is not None else []
        limits += [f"TTFT ≤ {self.max_ttft_s:g} s"] if self.max_ttft_s else []
        limits += [f"TPOT ≤ {self.max_tpot_s:g} s"] if self.max_tpot_s else []
        limits += [f"{self.qps:g} questions/s"] if self.qps else []
        limits += [f"GPU in {', '.join(self.gpus)}"] if self.gpus else []
        limits += [f"model in {', '.join(self.models)}"] if self.models else []
        limits += [f"weights in {self.precision}"] if self.precision else []
        limits += [f"engine {self.engine}"] if self.engine != "vllm" else []
        limits += [f"{price.gpu} at {price.usd_per_hour:g} usd/h" for price in self.prices]
        return tuple(limits)


def checked_request(
    workspace: Workspace,
    *,
    budget: str | Budget | Sequence[str | Budget] | None = None,
    task: str = DEFAULT_TASK,
    min_accuracy: float | None = None,
    gpu: str | Sequence[str] | None = None,
    model: str | Sequence[str] | None = None,
    precision: str | None = None,
    qps: float | None = None,
    max_ttft: str | float | None = None,
    max_tpot: str | float | None = None,
    percentile: int = 95,
    engine: str = "vllm",
    price: str | Price | Sequence[str | Price] | None = None,
) -> Request:
    """A checked Request from options as on the command line. Raises AdvisorError."""
    if min_accuracy is not None and not 0 < min_accuracy <= 1:
        hint = "give a fraction above 0 and up to 1, e.g. 0.8"
        raise AdvisorError(f"{min_accuracy:g} is no accuracy", where="--min-accuracy", hint=hint)
    checked_rate(qps, where="--qps")
    if percentile not in PERCENTILES:
        hint = f"accepted: {', '.join(map(str, PERCENTILES))}"
        raise AdvisorError(f"{percentile} is not a percentile that is known", where="--percentile", hint=hint)
    budgets = (each if isinstance(each, Budget) else Budget.parse(each) for each in several(budget))
    return Request(
        task=task.lower(),
        budgets=tuple(each.per_question(qps) for each in budgets),
        min_accuracy=min_accuracy,
        gpus=tuple(workspace.gpus.named(name).name for name in several(gpu)) or None,
        models=tuple(workspace.models.resolve(name, where="--model") for name in several(model)) or None,
        precision=checked_precision(precision),
        qps=qps,
        max_ttft_s=None if max_ttft is None else parse_duration(max_ttft, where="--max-ttft"),
        max_tpot_s=None if max_tpot is None else parse_duration(max_tpot, where="--max-tpot"),
        percentile=percentile,
        engine=checked_engine(engine),
        prices=parse_prices(several(price), workspace.gpus),
    )


def checked_precision(precision: str | None) -> str | None:
    """One of PRECISIONS, or None for the checkpoint's own. Raises AdvisorError."""
    if precision is not None and precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS, where="--precision")
    return precision


def checked_engine(engine: str) -> str:
    """One of ENGINES. Raises AdvisorError."""
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES, where="--engine")
    return engine
