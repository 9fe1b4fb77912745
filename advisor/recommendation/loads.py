"""What deployments give at a load: kept busy, with so many requests always in flight, or with questions at random."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import fields

import numpy as np

from advisor.performance.queueing import Lengths, Objective, Station
from advisor.performance.steady_states import Figures, Index, SteadyStates
from advisor.recommendation.deployments import Columns, Numbers
from advisor.recommendation.request import Request

WAIT_SHARE = 0.1
"""Share of an answer's mean time that may be waited, where neither waiting nor the time to an answer has a limit."""
PERCENTILES = (50, 95, 99)


def kept_busy(points: Columns, deployments: Columns) -> Columns:
    """The deployments with as many requests always in flight as each may have, one replica each."""
    station = station_of(points, deployments)
    most, state = station.queue.most_per_s, station.steady.full
    seconds = {f"s_p{p}": station.service_s(state, station.lengths.at(p / 100)) for p in PERCENTILES}
    return deployments | _load(math.inf, most, np.ones(len(most)), state, state.watts / most, seconds)


def capacities(points: Columns, deployments: Columns, request: Request) -> Numbers:
    """Questions per second, coming at random, that one replica takes within the limits of a request; 0: none.

    Where tokens are imputed it is planned for answers at the upper end of their interval.
    """
    station = station_of(points, deployments)
    longer = points["tokens_spread"][deployments["point_id"] - 1]
    most = np.asarray(station.largest_rate(_objective(request, station, longer)) / longer)
    if request.max_num_seqs is None:
        return most
    number = deployments["deployment"]  # an engine whose limit is fixed takes in as many as that, whatever comes
    return np.asarray(np.where(np.diff(number, append=number[-1:] - 1) != 0, most, 0.0))


def roomiest(deployments: Columns, capacity: Numbers) -> Index:
    """Of each strategy point on so many GPUs of a kind the deployment with the largest capacity above zero.

    One for each spread, which tells equals apart.
    """
    able = np.flatnonzero(capacity)
    keys = [deployments[name][able] for name in ("spread", "gpu_count", "gpu", "point_id")]
    order = np.lexsort((-capacity[able], *keys))
    changes = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    return able[order[np.concatenate([[True], changes])]] if len(able) else able


def at_rate(
    points: Columns,
    deployments: Columns,
    capacity: Numbers,
    which: Index,
    rate: float,
    percentiles: Collection[int] = PERCENTILES,
) -> Columns:
    """Some of the deployments, with as many replicas as carry a rate of questions per second.

    Every question goes to any replica with the same chance. Other `percentiles` of the seconds are no numbers.
    """
    station, most = station_of(points, deployments).take(which), capacity[which]
    replicas = np.ceil(rate / most)
    each = rate / replicas
    state = station.state(each)
    busy = -np.expm1(-each * state.request_s * station.turns)  # share of the time with any question, coming at random
    unknown = np.full(len(most), math.nan)
    seconds = {f"s_p{p}": station.answer_s(each, p / 100) if p in percentiles else unknown for p in PERCENTILES}
    load = _load(rate, most, replicas, state, state.watts * busy / each, seconds)
    return {name: column[which] for name, column in deployments.items()} | load


def _load(
    rate: float, capacity: Numbers, replicas: Numbers, state: Figures, joules: Numbers, seconds: Columns
) -> Columns:
    """`rate`: infinite where there is always one more question."""
    times = {"ttft_s": state.ttft_s, "tpot_s": state.tpot_s, "joules": joules}
    load = {"qps": np.full(len(replicas), rate), "questions_per_s": capacity, "replicas": replicas.astype(np.int64)}
    return load | times | seconds


def _objective(request: Request, station: Station, longer: Numbers) -> Objective:
    """The limits of a request, for its percentile of the questions; answers that are
    `longer` by a factor take, and wait at a rate that is smaller by it, so much longer."""
    answer_s = (request.limits["s"] or math.inf) / longer
    wait_s = (request.max_wait_s or math.inf) / longer
    if request.limits["s"] is None and request.max_wait_s is None:
        wait_s = WAIT_SHARE * station.mean_answer_s
    return Objective(
        request.percentile / 100, wait_s, answer_s, request.max_ttft_s or math.inf, request.max_tpot_s or math.inf
    )


def station_of(points: Columns, deployments: Columns) -> Station:
    """The deployments as stations for the questions of their points."""
    of = {name: points[name][deployments["point_id"] - 1] for name in ("n_samples", "wait_p50", "wait_p95", "wait_p99")}
    in_flight = deployments["concurrency"].astype(float)
    figures = Figures(*(deployments[field.name] for field in fields(Figures)))
    return Station(
        steady=SteadyStates.of(deployments["deployment"], in_flight, figures),
        n_samples=of["n_samples"].astype(float),
        turns=np.ceil(of["n_samples"] / in_flight),
        score_s=deployments["score_s"],
        lengths=Lengths(of["wait_p50"], of["wait_p95"], of["wait_p99"]),
    )
