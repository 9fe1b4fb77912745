"""Accuracy of every question at every strategy point that stored answers support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.accuracy.endings import Answers
from advisor.accuracy.estimators import Array
from advisor.accuracy.vote_shares import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPoints:
    """P strategy points of one model, task, strategy and set-up over the same Q questions.

    setup                       its name (setup_labels.py)
    question_ids                (Q,) of the questions
    recorded                    its columns and those of what scored it, None where not recorded
    n_samples, token_budget     (P,) what each point is; None: the model's own end
    correct                     (Q, P) expected accuracy
    generated, depth            (P,) mean tokens of all samples, and of the longest chain; None: not recorded
    waits                       (P, 3) tokens of the longest chain that PERCENTILES of the questions stay within
    longest                     (P,) tokens that 99.9 % of single answers stay within; both None: not recorded
    scored                      (P,) mean tokens that `reward_model` passed; None: not recorded, or no reward model
    search_prompt               (P,) mean prompt tokens that the whole search computed; None: no search, not recorded
    finished                    (Q, P) share of answers that ended within the cap; only under caps
    answers                     the single answers that caps stop, with their lengths; only under caps
    tallies                     (Q,) the answers that the largest vote counts; only for majority votes
    simulation_error            (P,) standard error of the mean accuracy by Monte Carlo; None: exact
    any_right                   (Q, P) chance that at least one of n_samples answers is right (pass@k); only for votes
    limit                       (Q,) what unlimited votes would be right in, by `voting_limit`; only for votes
    right_tokens, wrong_tokens  mean tokens of a right and of a wrong answer, uncapped; None: not recorded or none
    """

    model: str
    task: str
    strategy: str
    setup: str
    recorded: Mapping[str, Any]
    runs: str
    question_ids: tuple[str, ...]
    prompt_tokens: float | None
    n_samples: tuple[int, ...]
    token_budget: tuple[int | None, ...]
    correct: Array
    generated: Array | None
    depth: Array | None
    waits: Array | None = None
    longest: Array | None = None
    finished: Array | None = None
    answers: Answers | None = None
    tallies: tuple[Tally, ...] | None = None
    any_right: Array | None = None
    simulation_error: Array | None = None
    limit: Array | None = None
    right_tokens: float | None = None
    wrong_tokens: float | None = None
    reward_model: str | None = None
    scored: Array | None = None
    search_prompt: Array | None = None
