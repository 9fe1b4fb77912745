"""A day of traffic, hour by hour, against sums by hand; and the picks at other rates against those of --qps."""

import pytest

import advisor
from advisor.errors import AdvisorError
from advisor.recommendation.at_rates import RATES
from advisor.recommendation.traffic import day_of
from advisor.units import HOURS_PER_MONTH
from tests.known import SHIPPED
from tests.recommendation.made import machine, point, workspace

GPU = "h100-sxm"
DAY = (*(0.0,) * 8, *(20.0,) * 4, *(60.0,) * 8, *(0.5,) * 4)


def written(folder, rows):
    file = folder / "day.csv"
    file.write_text("hour,questions_per_second\n" + "\n".join(rows) + "\n")
    return file


def test_a_day_is_read_by_its_hours_in_any_order(tmp_path):
    file = written(tmp_path, [f"{hour},{rate}" for hour, rate in reversed(list(enumerate(DAY)))])
    assert day_of(str(file)) == DAY == day_of(DAY) == day_of(", ".join(map(str, DAY)))


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([f"{h},1" for h in range(23)], "lacks the hours 23"),
        ([f"{h},1" for h in range(24)] + ["5,1"], "has the hour 5 twice"),
        (["24,1"], "has the hour 24 which is none"),
        ([f"{h},-1" for h in range(24)], "-1 is out of range"),
        ([f"{h},nan" for h in range(24)], "nan is out of range"),
        ([f"{h},0" for h in range(24)], "has no question in any hour"),
        (["one,1"], "line 2: hour is 'one', not a whole number"),
    ],
)
def test_a_day_that_is_none_is_refused_in_one_line(tmp_path, rows, what):
    with pytest.raises(AdvisorError, match=what):
        day_of(str(written(tmp_path, rows)))


def test_no_file_and_too_few_numbers_are_refused(tmp_path):
    with pytest.raises(AdvisorError, match="is no file"):
        day_of(str(tmp_path / "none.csv"))
    with pytest.raises(AdvisorError, match="or those 24 numbers"):
        day_of("1,2,three")
    for two in ([1.0, 2.0], "1,2"):
        with pytest.raises(AdvisorError, match="has 2 hours, not 24"):
            day_of(two)
    with pytest.raises(AdvisorError, match=r"--traffic: cannot be combined with --qps"):
        advisor.recommend(SHIPPED, qps=1.0, traffic=DAY)
    with pytest.raises(AdvisorError, match="--max-wait: nothing waits where every replica is kept busy"):
        advisor.recommend(SHIPPED, max_wait="1s")


def test_every_hour_has_the_replicas_that_it_needs_and_a_month_is_their_rent(tmp_path):
    ws = workspace(tmp_path, point(), prices=[machine(3.0, 1)])
    found = advisor.recommend(ws, task="mine", gpu=f"{GPU}:40", traffic=DAY)
    pick, day = found.recommended, found.day
    needed = [max(-int(-rate // pick.questions_per_s), 1) for rate in DAY]
    assert [hour.replicas for hour in day.hours] == needed
    assert pick.replicas == max(needed)
    assert max(needed) > min(needed) == 1
    rent = [3.0 * pick.gpu_count * n for n in needed]
    assert [hour.usd_per_hour for hour in day.hours] == pytest.approx(rent)
    assert day.usd_per_month_at_peak == pytest.approx(max(rent) * HOURS_PER_MONTH)
    assert day.usd_per_month_by_hour == pytest.approx(sum(rent) / 24 * HOURS_PER_MONTH)
    assert (day.peak_questions_per_s, day.mean_questions_per_s) == (60.0, pytest.approx(sum(DAY) / 24))
    # the fleet of the peak is paid all day, over the questions of the whole day
    assert pick.usd == pytest.approx(max(rent) / 3600 / (sum(DAY) / 24))
    assert pick.usd_per_month == pytest.approx(day.usd_per_month_at_peak)


def test_a_steady_day_is_its_rate(tmp_path):
    ws = workspace(tmp_path, point())
    steady = advisor.recommend(ws, task="mine", gpu=GPU, traffic=[2.0] * 24)
    rate = advisor.recommend(ws, task="mine", gpu=GPU, qps=2.0)
    assert steady.recommended == rate.recommended
    assert steady.day.usd_per_month_at_peak == pytest.approx(steady.day.usd_per_month_by_hour)
    assert rate.day is None


def test_a_monthly_budget_is_of_the_whole_day(tmp_path):
    ws = workspace(tmp_path, point(), prices=[machine(3.0, 1)])
    options = {"task": "mine", "gpu": GPU, "traffic": DAY}
    needed = advisor.recommend(ws, **options).recommended.usd_per_month
    assert advisor.recommend(ws, **options, budget=f"{needed * 1.01}usd/month").recommended.usd_per_month <= needed
    with pytest.raises(advisor.NoAnswer, match="usd/month"):
        advisor.recommend(ws, **options, budget="10usd/month")


@pytest.mark.parametrize("options", [{"budget": "0.02usd"}, {"min_accuracy": 0.7}, {"budget": ["200s", "0.1usd"]}])
def test_the_picks_at_rates_are_those_of_qps(options):
    table = advisor.recommend(SHIPPED, **options).at_rates
    assert {row.questions_per_s for row in table} <= set(RATES)
    for row in table:
        pick = advisor.recommend(SHIPPED, **options, qps=row.questions_per_s)
        assert len(pick.at_rates) == 0
        one = pick.recommended
        assert (row.model, row.gpu) == (one.model, one.gpu)
        assert (row.usd, row.accuracy) == (pytest.approx(one.usd), one.accuracy.value)


def test_what_owned_gpus_do_not_carry_has_no_row(tmp_path):
    ws = workspace(tmp_path, point())
    found = advisor.recommend(ws, task="mine", have=f"1x{GPU}")
    most = max(row.questions_per_s for row in found.at_rates)
    assert most < max(RATES)
    with pytest.raises(advisor.NoAnswer, match="carry at most"):
        advisor.recommend(ws, task="mine", have=f"1x{GPU}", qps=next(rate for rate in RATES if rate > most))


@pytest.mark.parametrize(
    ("limits", "option"),
    [
        ({"budget": "1ms"}, "--budget"),
        ({"max_ttft": "1ms"}, "--max-ttft"),
        ({"max_tpot": "0.1ms"}, "--max-tpot"),
        ({"max_wait": "1ms", "gpu": f"{GPU}:1", "qps": 300.0}, "--qps"),
    ],
)
def test_a_limit_that_no_rate_keeps_has_a_nearest_one_that_does(tmp_path, limits, option):
    ws = workspace(tmp_path, point())
    options = {"task": "mine", "gpu": GPU, "qps": 1.0} | limits
    with pytest.raises(advisor.NoAnswer) as none:
        advisor.recommend(ws, **options)
    assert option in str(none.value)
    if option != "--qps":
        nearest = str(none.value).split(f"{option} ")[1].split(" or ")[0]
        name = option.removeprefix("--").replace("-", "_")
        assert advisor.recommend(ws, **(options | {name: nearest})).recommended.gpu == GPU
