"""The queueing model of `recommend --qps` against the step-by-step simulation, on random deployments and loads.

    python benchmarks/queueing.py [--cases 200]

Writes its part of docs/validation.md. Lengths are those of stored answers, drawn question by question, where the model
only knows three percentiles and the mean; step times are those of the simulation behind `advisor estimate --rate`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from validation_page import put, table

from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import steps
from advisor.performance.queueing import Objective, Station
from advisor.performance.simulation import StepTimes, poisson, simulate
from advisor.recommendation.candidates import points_and_deployments
from advisor.recommendation.loads import WAIT_SHARE, station_of
from advisor.recommendation.request import checked_request, rents_of
from advisor.store.workspace import Workspace

TASKS = ("gpqa-diamond", "math500", "aime24", "otis-mock-aime")
QUESTIONS = 12000
MOST_VOTES = 16
SHARE = 0.95
LOADS = (0.3, 0.5, 0.7, 0.85)
"""Of the most that can be answered with every place taken."""


@dataclass
class Case:
    """A deployment of one strategy point, with the same one at fewer requests in flight in the rows before it, and the
    stored lengths of its model's answers, a question an array."""

    workspace: Workspace
    lengths: list[np.ndarray]
    point: dict[str, Any]
    group: dict[str, Any]

    @cached_property
    def station(self) -> Station:
        return station_of(self.point, self.group)

    @property
    def n_samples(self) -> int:
        return int(self.point["n_samples"][0])

    @property
    def most(self) -> float:
        """Questions per second with every place taken."""
        return self.of(self.station.queue.most_per_s)

    def of(self, values: np.ndarray) -> float:
        """The value of the deployment itself."""
        return float(values[-1])

    def answer_s(self, load: float) -> float:
        """The model's seconds at a load."""
        rate = np.full(len(self.group["point_id"]), load * self.most)
        return self.of(self.station.answer_s(rate, SHARE))

    def simulated(self, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Seconds to the answer of each question, and those until its first answer had a place."""
        draw = np.random.default_rng(seed)
        cap = self.point["token_budget"][0]
        most = int(cap) if not math.isnan(cap) else 10**9
        drawn = [draw.choice(self.lengths[draw.integers(len(self.lengths))], self.n_samples) for _ in range(QUESTIONS)]
        generated = np.minimum(np.maximum(np.concatenate(drawn), 1), most)
        arrivals = np.repeat(poisson(rate, QUESTIONS, seed), self.n_samples)
        times, factor = self._steps()
        found = simulate(times, arrivals, 0, round(float(self.point["prompt_tokens"][0])), generated, len(arrivals))
        alone = found.ttft_s - found.place_s
        here = factor[min(max(round(found.in_flight), 1), len(factor)) - 1]
        whole = found.request_s + alone * (here - 1)
        by_question = (-1, self.n_samples)
        skip = QUESTIONS // 10
        return whole.reshape(by_question).max(axis=1)[skip:], found.place_s.reshape(by_question).min(axis=1)[skip:]

    def _steps(self) -> tuple[StepTimes, np.ndarray]:
        model, gpu = str(self.point["model"][0]), self.workspace.gpus[str(self.group["gpu"][-1])]
        layout, precision = Parallelism.parse(str(self.group["parallelism"][-1])), str(self.group["precision"][-1])
        deployment = Deployment(self.workspace.models.spec(model), gpu, layout, precision)
        prompt = round(float(self.point["prompt_tokens"][0]))
        mean = round(float(self.point["generated_tokens"][0]) / self.n_samples)
        speeds, shape = Speeds.read(self.workspace), self.workspace.models.shape(model)
        speed = speeds.of(gpu.name, "vllm", precision, shape, data_parallel=layout.dp > 1)
        known = steps(deployment.demand(prompt, mean), deployment.hardware, speed, int(self.group["concurrency"][-1]))
        decode_s = np.concatenate([[0.0], known.decode_s])
        alone = float(known.prefill_s[0])
        share = known.prefill_s / alone
        times = StepTimes(decode_s, alone / prompt, known.wait_steps, known.delay_s, prompt_share=share)
        return times, known.ttft_factor


def cases(workspace: Workspace, n: int, seed: int) -> Iterator[Case]:
    """Random rows; every task, number of answers and number of requests in flight is as likely as the others."""
    draw, tables = np.random.default_rng(seed), {}
    for task in TASKS:
        request = checked_request(workspace, task=task)
        found, deployed = points_and_deployments(workspace, request, rents_of(workspace, request))
        points = found.columns
        lengths = stored_lengths(workspace, task)
        known = np.isin(points["model"], list(lengths)) & (points["reward_model"] == "")
        votes = np.where(known & (points["n_samples"] <= MOST_VOTES), points["n_samples"], 0)[deployed["point_id"] - 1]
        tables[task] = points, deployed, lengths, votes
    for _ in range(n):
        points, deployed, lengths, votes = tables[TASKS[draw.integers(len(TASKS))]]
        of_votes = votes == draw.choice(np.unique(votes[votes > 0]))
        level = draw.choice(np.unique(deployed["concurrency"][of_votes]))
        row = int(draw.choice(np.flatnonzero(of_votes & (deployed["concurrency"] == level))))
        up_to_row = np.flatnonzero(deployed["deployment"][: row + 1] == deployed["deployment"][row])
        at = int(deployed["point_id"][row]) - 1
        yield Case(
            workspace,
            lengths[str(points["model"][at])],
            {name: column[at : at + 1] for name, column in points.items()},
            {name: column[up_to_row] for name, column in deployed.items()} | {"point_id": np.ones(len(up_to_row), int)},
        )


def stored_lengths(workspace: Workspace, task: str) -> dict[str, list[np.ndarray]]:
    """Tokens of the stored answers of each model, a question an array."""
    query = """
        select model, list(generated_tokens) from read_parquet($files, union_by_name = true)
        where task = $task and generated_tokens is not null and strategy = 'sampling' group by model, question_id
        order by model, question_id
    """
    found: dict[str, list[np.ndarray]] = {}
    files = [str(file) for file in workspace.samples.files]
    for model, tokens in duckdb.connect().execute(query, {"files": files, "task": task}).fetchall():
        found.setdefault(model, []).append(np.array(tokens))
    return found


def objective_of(case: Case, draw: np.random.Generator) -> Objective:
    """The limit that counts without any, one on waiting, or one on the time to an answer; each as likely."""
    mean_s, kind = case.of(case.station.mean_answer_s), draw.integers(3)
    if kind == 0:
        return Objective(SHARE, wait_s=WAIT_SHARE * mean_s)
    if kind == 1:
        return Objective(SHARE, wait_s=draw.uniform(0, 2) * mean_s)
    return Objective(SHARE, answer_s=case.answer_s(0.3) * draw.uniform(1, 2))


def seen_over_limit(case: Case, objective: Objective, rate: float, seed: int) -> float:
    """What the simulated 95th percentile of what is limited is, over its limit."""
    answers, places = case.simulated(rate, seed)
    if math.isfinite(objective.answer_s):
        return float(np.quantile(answers, SHARE) / objective.answer_s)
    return float(np.quantile(places, SHARE) / objective.wait_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=17)
    given = parser.parse_args()
    draw = np.random.default_rng(given.seed)
    seen, ratios = [], {load: [] for load in LOADS}
    for number, case in enumerate(cases(Workspace(None), given.cases, given.seed)):
        objective, load = objective_of(case, draw), LOADS[number % len(LOADS)]
        if rate := case.of(case.station.largest_rate(objective)):
            seen.append(seen_over_limit(case, objective, rate, number))
        answers, _ = case.simulated(load * case.most, given.cases + number)
        ratios[load].append(case.answer_s(load) / float(np.quantile(answers, SHARE)))
    rows = [
        [
            f"{load:.0%}",
            f"{len(each)}",
            f"{np.mean([0.8 <= r <= 1.2 for r in each]):.0%}",
            *(f"{q:.2f}" for q in np.quantile(each, (0, 0.05, 0.5, 0.95, 1))),
        ]
        for load, each in ratios.items()
    ]
    columns = ["load", "cases", "within 20 %", "lowest", "5 %", "median", "95 %", "highest"]
    put(
        "Waiting, against the simulation",
        "The seconds that 95 % of the questions stay within, waiting included, as `recommend --qps` computes them\n"
        f"over those of the step-by-step simulation of {QUESTIONS:,} questions at random, on {given.cases} random\n"
        "deployments of the shipped models (one answer or a vote, 1 to 512 requests in flight) by load: the share of\n"
        "what can be answered with every place taken. Lengths are those of stored answers, of which the model knows\n"
        f"three percentiles and a mean. `python benchmarks/queueing.py`.\n\n{table(rows, columns)}\n"
        f"Capacity: of {len(seen)} deployments with a random limit on waiting or on the time to an answer, run at the\n"
        f"rate that is planned for, the simulation kept the limit in {sum(s <= 1 for s in seen)}; the limited\n"
        f"percentile was {np.median(seen):.2f} of its limit in the median and {max(seen):.2f} at most.",
    )


if __name__ == "__main__":
    main()
