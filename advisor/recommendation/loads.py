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
    alike = np.ones(len(most))
    load = _load(math.inf, most, alike, state, state.watts / most)
    limited = {"limited_ttft_s": state.ttft_s, "limited_tpot_s": state.tpot_s}
    return deployments | load | seconds | limited | {"replicas_power": alike}


def capacities(points: Columns, deployments: Columns, request: Request, slower: Numbers | float = 1.0) -> Numbers:
    """Questions per second, coming at random, that one replica takes within the limits of a request; 0: none.

    Where tokens are imputed it is planned for answers at the upper end of their interval. `slower`: if all times were
    longer by a factor, which is as if time ran slower for the rate and the limits.
    """
    station = station_of(points, deployments)
    longer = points["tokens_spread"][deployments["point_id"] - 1]
    most = np.asarray(station.largest_rate(_objective(request, station, longer, slower)) / longer / slower)
    if request.max_num_seqs is None:
        return most
    number = deployments["deployment"]  # an engine whose limit is fixed takes in as many as that, whatever comes
    return np.asarray(np.where(np.diff(number, append=number[-1:] - 1) != 0, most, 0.0))


def roomiest(deployments: Columns, capacity: Numbers) -> Index:
    """Of each strategy point on so many GPUs of a kind the deployment with the largest capacity above zero.

    One for each interval of TTFT, which follows from that of TPOT and tells equals apart.
    """
    able = np.flatnonzero(capacity)
    keys = [deployments[name][able] for name in ("ttft_spread", "gpu_count", "gpu", "point_id")]
    order = np.lexsort((-capacity[able], *keys))
    changes = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    return able[order[np.concatenate([[True], changes])]] if len(able) else able


MOST_POWER = 20.0
"""Of replicas_power, where a replica that is as slow as its interval admits keeps no limit at any rate."""


def replicas_powers(points: Columns, deployments: Columns, request: Request, capacity: Numbers) -> Numbers:
    """Power of the factor by which times grow that the replicas grow by: 1 where no limit is near.

    From the capacity at the slow end of each deployment's interval.
    """
    slower = deployments["spread"]
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.log(capacity / capacities(points, deployments, request, slower)) / np.log(slower)
    return np.where((capacity > 0) & (slower > 1), np.clip(power, 1.0, MOST_POWER), 1.0)


def at_rate(
    points: Columns,
    deployments: Columns,
    capacity: Numbers,
    which: Index,
    rate: float,
    percentile: int,
    *,
    percentiles: Collection[int] = PERCENTILES,
) -> Columns:
    """Some of the deployments, with as many replicas as carry a rate of questions per second.

    Every question goes to any replica with the same chance. Limits are on TTFT and TPOT of the `percentile` of the
    questions. Other `percentiles` of the seconds are no numbers.
    """
    station, most = station_of(points, deployments).take(which), capacity[which]
    replicas = np.ceil(rate / most)
    each = rate / replicas
    state, crowd = station.state(each), station.limited(each, percentile / 100)
    busy = -np.expm1(-each * state.request_s * station.turns)  # share of the time with any question, coming at random
    unknown = np.full(len(most), math.nan)
    seconds = {f"s_p{p}": station.answer_s(each, p / 100) if p in percentiles else unknown for p in PERCENTILES}
    load = _load(rate, most, replicas, state, state.watts * busy / each)
    limited = {"limited_ttft_s": crowd[0], "limited_tpot_s": crowd[1]}
    return {name: column[which] for name, column in deployments.items()} | load | seconds | limited


def _load(rate: float, capacity: Numbers, replicas: Numbers, state: Figures, joules: Numbers) -> Columns:
    """`rate`: infinite where there is always one more question."""
    times = {"ttft_s": state.ttft_s, "tpot_s": state.tpot_s, "joules": joules}
    load = {"qps": np.full(len(replicas), rate), "questions_per_s": capacity, "replicas": replicas.astype(np.int64)}
    return load | times


def _objective(request: Request, station: Station, longer: Numbers, slower: Numbers | float) -> Objective:
    """The limits of a request, for its percentile of the questions.

    Answers that are `longer` by a factor take, and wait at a rate that is smaller by it, so much longer; where all
    times are longer, by `slower`, limits are shorter by it.
    """
    answer_s = (request.limits["s"] or math.inf) / longer / slower
    wait_s = (request.max_wait_s or math.inf) / longer / slower
    if request.limits["s"] is None and request.max_wait_s is None:
        wait_s = WAIT_SHARE * station.mean_answer_s
    ttft_s, tpot_s = ((limit or math.inf) / slower for limit in (request.max_ttft_s, request.max_tpot_s))
    return Objective(request.percentile / 100, wait_s, answer_s, ttft_s, tpot_s)


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
