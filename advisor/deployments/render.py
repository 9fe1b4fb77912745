"""Templates filled in: the texts of a deployment's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from advisor.deployments.alerts import METRICS, alerts_of
from advisor.deployments.files import DeployedFile
from advisor.deployments.machines import PRODUCT_LABEL
from advisor.deployments.plan import PORT, REWARD_PORT, Plan
from advisor.deployments.quoting import command, doubled, label, literal, quoted, shell, untemplated
from advisor.deployments.readme import about
from advisor.distribution import own_version
from advisor.errors import MissingAbility, install
from advisor.recommendation.launch import TRTLLM_FILE
from advisor.recommendation.pick import Recommendation
from advisor.reports.markdown_text import escaped, fenced
from advisor.units import counted, significant

if TYPE_CHECKING:
    from jinja2 import Environment

SHM_GIB = 32
"""Shared memory at most: that of SGLang's documentation, the largest that an engine's names."""
PASSED_ON = {"--trust-remote-code": 1, "--tokenizer-mode": 2}
"""Options of the server that whoever reads its tokenizer needs too, with the words that each takes."""
FILTERS: Mapping[str, Callable[..., str]] = {
    "quoted": quoted,
    "shell": shell,
    "command": command,
    "doubled": doubled,
    "untemplated": untemplated,
    "literal": literal,
    "label": label,
    "figure": significant,
    "number": "{:.6g}".format,
    "markdown": escaped,
    "fenced": fenced,
}


def check_installed() -> None:
    """Raises MissingAbility where what fills in templates is not installed."""
    if find_spec("jinja2") is None:
        what = "the files of a deployment take jinja2, not installed here"
        raise MissingAbility(what, where="deploy", hint=install("deploy"))


def rendered(
    plan: Plan, found: Recommendation, again: str, files: list[DeployedFile], left_out: tuple[str, ...]
) -> dict[str, str]:
    """The texts of the files, by name; `found` has the plan's candidate as its pick."""
    made = f"Made by advisor {own_version()} on {date.today().isoformat()}"
    environment = _environment()
    known = {
        "plan": plan,
        "load": plan.load,
        "head": f"{made}: {again}",
        "made": made,
        "again": again,
        "replicas": counted(plan.candidate.replicas, "replica"),
        "port": PORT,
        "reward_port": REWARD_PORT,
        "product_label": PRODUCT_LABEL,
        "shm_gib": SHM_GIB,
        "trtllm_file": TRTLLM_FILE,
        "bench": bench_words(plan),
        "alerts": alerts_of(plan),
        "has_alerts": plan.engine in METRICS,
        "files": files,
        "left_out": left_out,
        **about(plan, found, files),
    }
    environment.globals.update(known)
    environment.globals["script"] = partial(_script, environment)
    return {file.name: environment.get_template(f"{file.name}.j2").render() for file in files}


def bench_words(plan: Plan) -> list[str]:
    """The load of a plan as a command, without the server and where the result goes."""
    load = plan.load
    words = ["vllm", "bench", "serve", "--backend", "openai", "--endpoint", "/v1/completions", "--model", plan.served]
    words += ["--dataset-name", "random", "--random-input-len", str(load.input_tokens - load.cached_tokens)]
    words += ["--random-prefix-len", str(load.cached_tokens)] if load.cached_tokens else []
    words += ["--random-output-len", str(load.output_tokens), "--ignore-eos", "--seed", "0"]
    if load.rate_per_s is None:
        words += ["--max-concurrency", str(load.concurrency)]
    else:
        words += ["--request-rate", f"{load.rate_per_s:.6g}"]
    for flag, count in PASSED_ON.items():
        if flag in plan.policy:
            at = plan.policy.index(flag)
            words += plan.policy[at : at + count]
    return [*words, "--percentile-metrics", "ttft,tpot,e2el", "--metric-percentiles", "50,95,99"]


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("advisor.deployments"),
        undefined=StrictUndefined,
        autoescape=False,  # every text goes through a filter of its file's own format
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment


def _script(environment: Environment, in_container: bool) -> str:
    return environment.get_template("script.sh.j2").render(in_container=in_container)
