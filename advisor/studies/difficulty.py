"""How saturation moves with difficulty: questions binned by how often other models solve them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from advisor.accuracy.curve_fits import fit_caps
from advisor.accuracy.endings import Answers, Endings, per_question
from advisor.accuracy.estimators import Array, Interval, over_questions, within_cap
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.accuracy.shapes import Claim
from advisor.fits.costs import policy_flops
from advisor.fits.draws import Z90
from advisor.fits.votes import CAP_MATTERS, CAPS
from advisor.models.catalog import Catalog
from advisor.studies.answer_sets import AnswerSet, solved_by_others
from advisor.studies.intervals import over_pairs, weightings
from advisor.studies.saturated import Limit, limit_of

OTHERS_NEEDED = 3
"""Other models that answered a question: of fewer their mean says too little of its difficulty."""
QUESTIONS_NEEDED = 10
"""In a bin, for a curve of its own."""
SUBSETS, FEW_DRAWS = 20, 20
"""Random subsets of a bin, and draws of the curve of each."""


class Difficulty(StrEnum):
    """Of a question, by the share of other models' answers that are right."""

    HARD = "hard, under 10 % solved"
    MIDDLE = "10 to 50 % solved"
    EASY = "easy, 50 % solved or more"


UPPER_ENDS = {Difficulty.HARD: 0.1, Difficulty.MIDDLE: 0.5, Difficulty.EASY: np.inf}
"""Shares that other models' answers stay below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinPoint:
    """Accuracy of one answer under a cap on its tokens, on the questions of a bin; `token_cap` None: its own end."""

    model: str
    task: str
    setup: str
    difficulty: Difficulty
    token_cap: int | None
    tokens: float
    accuracy: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One model on the questions of one difficulty.

    n_models    other models whose answers the difficulty comes from
    saturation  in tokens, the cap past which a doubling gains less than epsilon of the accuracy without a cap; None:
                too few questions for a curve
    flops       of a question there; None: as above, or a model without a config
    tokens      mean length of an answer without a cap
    accuracy    of one answer without a cap
    """

    model: str
    task: str
    setup: str
    difficulty: Difficulty
    n_models: int
    n_questions: int
    n_answers: int
    saturation: Limit | None
    tokens: float
    accuracy: Interval
    flops: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How the hardest bin with a curve differs from the easiest one of a model and a benchmark, as doublings.

    saturation  by which its cap lies above; the easier bin is cut at random to as many questions, since of more answers
                the longest is longer, and with it the last gain
    lengths     by which its answers are longer
    Means over `n_pairs` of a model and a benchmark, None without one; `tasks` are the benchmarks.
    """

    n_pairs: int
    tasks: tuple[str, ...]
    saturation: Interval | None
    lengths: Interval | None


@dataclass(frozen=True, slots=True)
class _OfBin:
    """A bin with its questions and answers."""

    row: Bin
    ids: tuple[str, ...]
    answers: Answers

    def mean_tokens(self) -> Array:
        """(1 + DRAWS,) draws of the mean length of an answer."""
        weights = weightings(self.row.task, self.ids)
        return np.asarray(weights @ per_question(self.answers, self.answers.tokens) / weights.sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDifficulty:
    """Every bin, its accuracy under each cap, and how saturation moves."""

    bins: tuple[Bin, ...]
    points: tuple[BinPoint, ...]
    shift: Shift


def by_difficulty(sets: Sequence[AnswerSet], endings: Endings, epsilon: float, models: Catalog) -> ByDifficulty:
    """Of every set of plain samples with lengths whose questions at least OTHERS_NEEDED other models answered."""
    found: list[tuple[Bin, Answers]] = []
    names: list[tuple[str, str]] = []
    later: list[Array] = []
    longer: list[Array] = []
    for of in sets:
        timed = of.timed() if of.strategy == "sampling" else None
        own = list(_bins_of(of, timed, sets, endings, epsilon)) if timed else []
        found += [(_with_flops(one.row, one.answers, of.prompt_tokens, models), one.answers) for one in own]
        known = [(one, limit) for one in own if (limit := _doublings(one.row.saturation)) is not None]
        if len(known) > 1:
            (hard, of_hard), (easy, _) = known[0], known[-1]
            of_easy = _matched(easy.answers, hard.row.n_questions, endings, epsilon)
            if of_easy is not None:
                names.append((of.model, of.task))
                later.append(_drawn(hard.row, of_hard) - _drawn(easy.row, of_easy))
                longer.append(np.log2(hard.mean_tokens() / easy.mean_tokens()))
    return ByDifficulty(
        bins=tuple(one for one, _ in found),
        points=tuple(point for one, answers in found for point in _points(one, answers)),
        shift=Shift(
            n_pairs=len(names),
            tasks=tuple(sorted({task for _, task in names})),
            saturation=over_pairs(np.array(later), names),
            lengths=over_pairs(np.array(longer), names),
        ),
    )


def _bins_of(
    of: AnswerSet, timed: tuple[tuple[str, ...], Answers], sets: Sequence[AnswerSet], endings: Endings, epsilon: float
) -> Iterator[_OfBin]:
    solved, n_models = solved_by_others(of, sets)
    if n_models < OTHERS_NEEDED:
        return
    ids, answers = timed
    places = {question: at for at, question in enumerate(of.questions)}
    shares = solved[[places[question] for question in ids]]
    low = -np.inf
    for difficulty, high in UPPER_ENDS.items():
        chosen = np.flatnonzero((shares >= low) & (shares < high))
        low = high
        if not len(chosen):
            continue
        own = answers.of_questions(chosen)
        enough = len(chosen) >= QUESTIONS_NEEDED and own.right.any()
        curve = fit_caps(own, endings, epsilon=_of_own(own, epsilon)) if enough else None
        yield _OfBin(
            Bin(
                model=of.model,
                task=of.task,
                setup=of.setup,
                difficulty=difficulty,
                n_models=n_models,
                n_questions=len(chosen),
                n_answers=len(own.tokens),
                saturation=None if curve is None else limit_of(curve.saturation, curve),
                tokens=float(per_question(own, own.tokens).mean()),
                accuracy=over_questions(per_question(own, own.right)),
            ),
            tuple(ids[at] for at in chosen),
            own,
        )


def _with_flops(of: Bin, answers: Answers, prompt_tokens: float | None, models: Catalog) -> Bin:
    """The bin with the FLOPs of a question where it saturates: at the mean tokens under that cap."""
    if of.saturation is None or of.model not in models:
        return of

    def flops(cap: float) -> float:
        tokens = float(per_question(answers, np.minimum(answers.tokens, cap)).mean())
        return policy_flops(models, of.model, prompt_tokens, tokens, 1)

    return replace(of, flops=of.saturation.at(flops))


def _points(of: Bin, answers: Answers) -> Iterator[BinPoint]:
    """Under each cap that lets some answers end and stops some, then without one."""

    def point(cap: int | None, tokens: float, right: Array) -> BinPoint:
        accuracy = over_questions(per_question(answers, right))
        return BinPoint(
            model=of.model,
            task=of.task,
            setup=of.setup,
            difficulty=of.difficulty,
            token_cap=cap,
            tokens=tokens,
            accuracy=accuracy,
        )

    for cap in CAPS:
        ended = float((answers.ends <= cap).mean())
        if ended > CAP_MATTERS and (answers.tokens > cap).any():
            right, _ = within_cap(answers.right, answers.ends, cap)
            yield point(int(cap), float(per_question(answers, np.minimum(answers.tokens, cap)).mean()), right)
    yield point(None, of.tokens, answers.right)


def _doublings(limit: Limit | Claim | None) -> Interval | None:
    """Base-2 logarithm of where a curve saturates; None where that is not known."""
    if limit is None or limit.value is None or not limit.low or not limit.high:
        return None
    return Interval(*(float(np.log2(each)) for each in (limit.value, limit.low, limit.high)))


def _of_own(answers: Answers, epsilon: float) -> float:
    """The gain that counts as none: of the accuracy that the questions have without a cap.

    By an absolute one every bin that is hardly ever solved would saturate early, whatever its answers are like.
    """
    return epsilon * float(per_question(answers, answers.right).mean())


def _matched(answers: Answers, n_questions: int, endings: Endings, epsilon: float) -> Interval | None:
    """Mean base-2 logarithm of where random subsets of the questions saturate, of those that tell it, with the mean
    interval of one of them: that of as many questions.
    """
    rng = np.random.default_rng(0)
    n = int(answers.question.max()) + 1
    size = min(n_questions, n)
    subsets = (answers.of_questions(np.sort(rng.choice(n, size, replace=False))) for _ in range(SUBSETS))
    fitted = (
        _doublings(fit_caps(each, endings, draws=FEW_DRAWS, epsilon=_of_own(each, epsilon)).saturation)
        for each in subsets
        if each.right.any()
    )
    known = [(each.value, each.low, each.high) for each in fitted if each is not None]
    return Interval(*(float(each) for each in np.mean(known, axis=0))) if known else None


def _drawn(of: Bin, limit: Interval) -> Array:
    """(1 + DRAWS,) draws of where a bin saturates, which err as the interval says."""
    rng = np.random.default_rng(seed_of(repr((of.model, of.task, of.setup, of.difficulty.value))))
    errors = np.append(0.0, rng.standard_normal(DRAWS))
    return np.asarray(limit.value + (limit.high - limit.low) / (2 * Z90) * errors)
