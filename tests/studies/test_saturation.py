"""The study of saturation on made answers, and verdicts that turn with the data."""

from dataclasses import replace

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.errors import AdvisorError
from advisor.fits.curve import lines
from advisor.provenance import Provenance
from advisor.studies.difficulty import Shift
from advisor.studies.saturated import Limit, Status
from advisor.studies.saturation import CurveSaturation, saturation
from advisor.studies.saturation_claims import claims, most
from advisor.studies.study import Verdict
from advisor.studies.unsolved import Unsolved
from tests.studies.stored_answers import MODELS, alone, answer

NO_SHIFT = Shift(n_pairs=0, tasks=(), saturation=None, lengths=None)
NOT_TOLD = Limit(status=Status.CANNOT_TELL, value=None, low=10.0, high=None)


def reached(value, spread=1.1):
    return Limit(status=Status.REACHED, value=value, low=value / spread, high=value * spread)


def curve(model="a/b", task="mine", compute=NOT_TOLD, flops=None, asymptote_high=None, unit="tokens"):
    return CurveSaturation(
        model=model,
        task=task,
        strategy="thinking-budget",
        reward_model=None,
        setup="",
        unit=unit,
        n_questions=30,
        compute=compute,
        tokens=compute,
        flops=flops or compute,
        measured_to=1e5,
        measured_to_flops=1e15,
        asymptote=None if asymptote_high is None else asymptote_high - 0.1,
        asymptote_high=asymptote_high,
        provenance=Provenance.MEASURED,
    )


def verdicts(curves, shift=NO_SHIFT):
    return [each.verdict for each in claims(curves, shift, [])]


def test_of_nothing_every_claim_stays_open_and_none_of_them_counts_nothing():
    found = claims([], NO_SHIFT, [])
    assert {each.verdict for each in found} == {Verdict.OPEN}
    assert not any("0 of 0" in each.ours for each in found)


@pytest.mark.parametrize(
    ("yes", "n", "verdict"),
    [(9, 10, Verdict.CONFIRMED), (1, 10, Verdict.CONTRADICTED), (6, 10, Verdict.OPEN), (1, 1, Verdict.OPEN)],
)
def test_most_is_told_by_an_interval(yes, n, verdict):
    assert most(yes, n) is verdict


def test_gains_shrink_where_most_curves_saturate_and_at_levels_of_their_tasks():
    models = [f"a/{n}" for n in range(8)]
    apart = [curve(m, t, reached(at)) for m in models for t, at in (("easy", 1e3), ("hard", 1e4))]
    alike = [curve(m, t, reached(1e3)) for m in models for t in ("easy", "hard")]
    never = Limit(status=Status.NOT_REACHED, value=None, low=1e5, high=None)
    assert verdicts(apart)[0] is Verdict.CONFIRMED
    assert verdicts(alike)[0] is Verdict.REFINED
    assert verdicts([curve(m, compute=never) for m in models])[0] is Verdict.CONTRADICTED
    assert verdicts([curve(m) for m in models])[0] is Verdict.OPEN
    assert verdicts([replace(each, unit="samples") for each in apart])[0] is Verdict.OPEN  # votes are no thinking
    assert verdicts([replace(each, strategy="majority") for each in apart])[0] is Verdict.OPEN
    assert verdicts([replace(each, unit="token cap") for each in apart])[0] is Verdict.OPEN


def left(share=0.4, fewest=4, again=None, by_others=0.5):
    """Questions that a model leaves unsolved, of which as many answers again would solve so many at most."""
    return Unsolved(
        model="a/b",
        task="mine",
        n_questions=9,
        fewest=fewest,
        most=8,
        share=Interval(share, 0, 1),
        solved_by_other=by_others,
        next_answer=None,
        again=again,
        to_halve=None,
    )


def test_limits_of_their_own_are_ends_of_lengths_below_full_marks_that_more_answers_leave_too():
    below, full = ([curve(compute=reached(1e3), asymptote_high=high)] * 8 for high in (0.9, 1.0))
    stuck, moving = ([left(again=Interval(high - 0.1, 0, high))] * 8 for high in (0.2, 0.9))
    found = {
        name: claims(curves, NO_SHIFT, own)[1]
        for name, curves, own in (("stuck", below, stuck), ("moving", below, moving), ("full", full, stuck))
    }
    assert found["stuck"].verdict is Verdict.CONFIRMED
    assert "at most 10.0 %; surely less than half in 8 of them" in found["stuck"].ours
    assert found["moving"].verdict is verdicts(below)[1] is Verdict.REFINED
    assert found["full"].verdict is Verdict.CONTRADICTED
    for told_nothing in (
        [curve(asymptote_high=0.9)] * 8,  # still gains, or cannot tell
        [replace(each, unit="token cap") for each in below],
        below[:2],
    ):
        assert claims(told_nothing, NO_SHIFT, stuck)[1].verdict is Verdict.OPEN


def test_a_world_where_length_says_nothing_confirms_nothing(tmp_path):
    rng = np.random.default_rng(0)
    answers = [
        answer(q, i, rng.random() < 0.2 + 0.6 * q / 30, int(rng.integers(300, 3000)), model=model, task=task)
        for model in MODELS[:3]
        for task in ("mine", "other")
        for q in range(30)
        for i in range(3)
    ]
    made = alone(tmp_path, answers)
    advisor.fit(made)
    found = saturation(made)
    own = [each for each in found.curves if each.task in ("mine", "other") and each.unit == "token cap"]
    assert len(own) == 6
    assert sum(each.compute.status is Status.REACHED for each in own) >= 4  # answers end, and the curves with them
    assert [each.verdict for each in claims(own, found.shift, found.unsolved)[:2]] == [Verdict.OPEN] * 2
    assert "say nothing of it" in found.claims[0].ours


def test_the_threshold_is_told_on_the_easier_sets_by_several_models():
    below = [curve(model, "math500", flops=reached(1e14)) for model in ("a/b", "c/d")]
    harder_above, harder_below = (curve("a/b", "hmmt-feb25", flops=reached(at)) for at in (1e17, 1e15))
    assert verdicts([*below, harder_above])[2] is Verdict.CONFIRMED
    assert verdicts([*below, harder_below])[2] is Verdict.REFINED
    assert verdicts([below[0], harder_above])[2] is Verdict.OPEN
    assert verdicts([*below, curve("e/f", "gsm8k", flops=reached(2e16))])[2] is Verdict.CONTRADICTED
    assert verdicts([*below, curve("e/f", "gsm8k", flops=reached(1.05e16, 1.2))])[2] is not Verdict.CONTRADICTED


@pytest.mark.parametrize(
    ("interval", "n", "verdict"),
    [
        (Interval(1.0, 0.4, 1.6), 5, Verdict.REFINED),
        (Interval(-1.0, -1.6, -0.4), 5, Verdict.CONTRADICTED),
        (Interval(0.5, -0.2, 1.2), 5, Verdict.OPEN),
        (Interval(0.1, -0.3, 0.45), 5, Verdict.CONTRADICTED),
        (Interval(1.0, 0.4, 1.6), 4, Verdict.OPEN),
    ],
)
def test_difficulty_moves_saturation_where_several_pairs_say_so(interval, n, verdict):
    shift = Shift(n_pairs=n, tasks=("mine",), saturation=interval, lengths=Interval(1.0, 0.5, 1.5))
    assert verdicts([curve()], shift)[3] is verdict
    ours = claims([curve()], replace(shift, saturation=Interval(1.0, 1.0, 1.0)), [])[3].ours
    assert ("2.00 times" in ours) is (n >= 5)
    assert ("too few" in ours) is (n < 5)


def test_what_is_left_unsolved_is_said_of_pairs_with_several_answers_alone():
    ours = claims([curve()], NO_SHIFT, [left(0.4, 2), left(0.0, 4), left(0.9, 1)])[1].ours
    assert "2 to 8 answers of each leave in the median 20.0 % of the questions unsolved (2 pairs)" in ours


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    answers = [answer(q, i, q % 4, 400 + 100 * q + i) for q in range(40) for i in range(3)]
    made = alone(tmp_path_factory.mktemp("own"), answers)
    advisor.fit(made)
    return made


def of_own(value):
    return next(each for each in value.curves if (each.task, each.unit) == ("mine", "token cap"))


def test_a_curve_is_told_as_the_program_fits_it(own):
    [line] = lines(own, MODELS[0], "mine", "thinking-budget")
    found = of_own(saturation(own))
    claim = line.curve.saturation
    assert (found.compute.value, found.compute.low, found.compute.high) == (claim.value, claim.low, claim.high)
    assert found.compute.status is Status.REACHED
    assert found.tokens.value == pytest.approx(line.tokens_at(claim.value))
    assert found.flops.value == pytest.approx(line.flops_at(claim.value))
    assert found.flops.low < found.flops.value <= found.measured_to_flops
    assert (found.asymptote, found.asymptote_high) == (line.curve.asymptote.value, line.curve.asymptote.high)


def test_a_larger_gain_that_is_asked_for_is_reached_earlier(own):
    half, ten = (of_own(saturation(own, epsilon=e)) for e in (0.005, 0.1))
    assert ten.compute.value < half.compute.value
    assert ten.asymptote == pytest.approx(half.asymptote)


def test_the_same_workspace_always_gives_the_same_answer(own):
    assert saturation(own).to_json() == saturation(own).to_json()


@pytest.mark.parametrize("epsilon", [0.0, 0.5, float("nan")])
def test_a_gain_that_no_curve_can_tell_is_refused_with_what_is_accepted(own, epsilon):
    with pytest.raises(AdvisorError, match=r"epsilon.*out of range") as refused:
        saturation(own, epsilon=epsilon)
    assert "from 0.0005 to 0.1" in str(refused.value)


def test_without_answers_and_fits_it_says_what_is_missing(tmp_path):
    empty = alone(tmp_path / "empty", [])
    shipped = empty.profiles[0]
    for file in shipped.iterdir():
        if file.name not in ("points.csv", "curves.csv", "setups.csv"):
            (tmp_path / "empty" / "profiles").mkdir(parents=True, exist_ok=True)
            (tmp_path / "empty" / "profiles" / file.name).symlink_to(file)
    empty.profiles = (tmp_path / "empty" / "profiles",)
    found = saturation(empty)
    assert (len(found.curves), len(found.bins), len(found.unsolved)) == (0, 0, 0)
    assert any("no curve is fitted here" in note for note in found.notes)
    assert "compute.value" in found.curves.to_frame().columns
