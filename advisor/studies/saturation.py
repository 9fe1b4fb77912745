"""The study `saturation`: past which compute more thinking gains nothing, and what no amount of it solves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from advisor.accuracy.shapes import EPSILON
from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.fits.curve import lines
from advisor.fits.curve_priors import read_learned
from advisor.fits.curves import measured_curve, published_curves
from advisor.fits.line import Line, curve_of
from advisor.fits.measured import drawn_apart, points_of
from advisor.provenance import Provenance
from advisor.store.beliefs import CurveRow
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import answer_sets
from advisor.studies.difficulty import Bin, BinPoint, Shift, by_difficulty
from advisor.studies.saturated import Limit, limit_of
from advisor.studies.saturation_claims import claims
from advisor.studies.study import Basis, Study
from advisor.studies.unsolved import Unsolved, UnsolvedByAll, unsolved
from advisor.values import Rows

SMALLEST, LARGEST = 0.0005, 0.1
"""Gains of a doubling that can be asked for: below, curves are drawn too coarsely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSaturation:
    """Where one curve saturates, per question.

    unit          what its compute counts: samples, token cap or tokens
    compute       in that unit; `tokens` generated and `flops` of the policy say what it costs, None where not known
    measured_to   the largest measured compute, and its FLOPs
    asymptote_high  upper end of the accuracy at unlimited compute; None: the measured range cannot tell
    """

    model: str
    task: str
    strategy: str
    reward_model: str | None
    setup: str
    unit: str
    n_questions: int
    compute: Limit
    tokens: Limit
    flops: Limit
    measured_to: float
    measured_to_flops: float | None
    asymptote: float | None
    asymptote_high: float | None
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation(Study):
    """Where a doubling of the compute gains less than `epsilon`, by model, benchmark and strategy, and by difficulty.

    `shift` is how far harder questions saturate later; intervals are 90 %.
    """

    epsilon: float
    curves: Rows[CurveSaturation]
    bins: Rows[Bin]
    points: Rows[BinPoint]
    shift: Shift
    unsolved: Rows[Unsolved]
    unsolved_by_all: Rows[UnsolvedByAll]


@checked_arguments
def saturation(workspace: Workspace, *, epsilon: float = EPSILON) -> Saturation:
    """Past which compute a doubling gains less than `epsilon` of accuracy, what moves that, and what is never solved.

    epsilon  gain of a doubling, a fraction: 0.005 is half a point; another one fits every curve anew, which takes
             longer

    Raises AdvisorError for an `epsilon` out of range or a damaged file.
    """
    if not SMALLEST <= epsilon <= LARGEST:
        hint = f"give a fraction from {SMALLEST:g} to {LARGEST:g}, e.g. 0.005 for half a point"
        raise AdvisorError(f"{epsilon:g} is out of range", where="epsilon", hint=hint)
    curves = [_saturation(each) for each in _lines(workspace, epsilon)]
    sets = answer_sets(workspace)
    binned = by_difficulty(sets, read_learned(workspace).endings, epsilon, workspace.models)
    own, by_all = unsolved(sets)
    return Saturation(
        basis=BASIS,
        claims=Rows(claims(curves, binned.shift, own)),
        notes=_notes(curves, binned.bins, own),
        epsilon=epsilon,
        curves=Rows(curves, CurveSaturation),
        bins=Rows(binned.bins, Bin),
        points=Rows(binned.points, BinPoint),
        shift=binned.shift,
        unsolved=Rows(own, Unsolved),
        unsolved_by_all=Rows(by_all, UnsolvedByAll),
    )


def _lines(workspace: Workspace, epsilon: float) -> list[Line]:
    """Every fitted curve, by task and model; at another gain than the stored one fitted anew."""
    stored = workspace.fits.curves
    pairs = sorted({(row.task, row.model) for row in stored}, key=lambda pair: (pair[0], pair[1].lower()))
    known = [each for task, model in pairs for each in lines(workspace, model, task)]
    if epsilon == EPSILON:
        return known
    anew = {_key(row): row for row in _fitted_anew(workspace, epsilon)}
    return [replace(each, curve=curve_of(anew[_key(each)])) for each in known if _key(each) in anew]


def _key(of: CurveRow | Line) -> Hashable:
    return (of.model, of.task, of.strategy, of.reward_model, of.setup, of.unit)


def _fitted_anew(workspace: Workspace, epsilon: float) -> Iterable[CurveRow]:
    learned = read_learned(workspace)
    connection = workspace.samples.connect()
    drawn, _ = drawn_apart(connection)
    groups = (points for each in drawn for points in points_of(connection, each))
    fitted = [row for points in groups if (row := measured_curve(points, learned, epsilon))]
    return [*published_curves(workspace.fits.points, learned, epsilon), *fitted]


def _saturation(of: Line) -> CurveSaturation:
    limit, asymptote = limit_of(of.curve.saturation, of.curve), of.curve.asymptote
    return CurveSaturation(
        model=of.model,
        task=of.task,
        strategy=of.strategy,
        reward_model=of.reward_model,
        setup=of.setup,
        unit=of.unit,
        n_questions=of.n_questions,
        compute=limit,
        tokens=limit.at(of.tokens_at),
        flops=limit.at(of.flops_at),
        measured_to=of.curve.x_max,
        measured_to_flops=of.flops_at(of.curve.x_max),
        asymptote=asymptote.value,
        asymptote_high=None if asymptote.value is None else asymptote.high,
        provenance=of.provenance,
    )


BASIS = Basis(
    data=(
        "The fitted curves of accuracy against compute (profiles/curves.csv): one answer under every cap on its tokens,"
        " thinking held to several lengths, votes of several answers; and the stored answers behind them"
    ),
    method=(
        "A curve saturates at the smallest compute past which no doubling gains as much as the given points; its 90 %"
        " interval is by bootstrap over questions. It counts as known only where nine of ten draws saturate within the"
        " measured range. A question is hard, middling or easy by the mean share of right answers of all other models,"
        " the model itself left out; each bin has a curve of its own"
    ),
    would_change=(
        "answers that are made longer than a model makes them by itself (a cap only stops answers earlier), more"
        " answers of each question, and models that answered the easier benchmarks with their lengths recorded"
    ),
)


def _notes(curves: Sequence[CurveSaturation], found: Sequence[Bin], own: Sequence[Unsolved]) -> tuple[str, ...]:
    notes = []
    if not curves:
        notes.append("no curve is fitted here: answers with their lengths, or votes, and `advisor fit` give some")
    if any(each.unit == "token cap" for each in curves):
        notes.append(
            "a cap stops answers and never lengthens them: a curve over caps flattens where the model's longest right"
            " answers end by themselves, at the accuracy without a cap, whatever more thinking would do; claims of more"
            " thinking are judged by curves of its length alone"
        )
        notes.append(
            "the last gain rests on the longest right answers: of more answers the longest is longer, so saturation"
            " points of benchmarks with many questions, or many answers of each, lie higher by that alone"
        )
    if not found:
        notes.append(
            "difficulty is not known: it takes answers with their lengths, and three other models on their questions"
        )
    if any(each.fewest == 1 for each in own):
        notes.append(
            "with one answer of a question, that it was not solved says little; what more answers would solve is known"
            " only where each question has two or more"
        )
    if any(each.to_halve for each in own):
        notes.append(
            "of multiple choice lucky guesses count as solved, so more answers seem to solve more than they do; and"
            " more answers solve a question only for who can tell the right one"
        )
    return tuple(notes)
