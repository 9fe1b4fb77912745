"""Set-ups beside each other: from stored answers to curves, picks and requests; over tasks; in what runs today."""

import json
import random

import pytest

import advisor as package
from advisor.fits.curve import lines
from advisor.fits.speeds import Speeds
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import prefill_s
from advisor.provenance import Provenance
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.mixture import Part, mixes
from advisor.recommendation.request import checked_request
from advisor.recommendation.task_weights import TaskWeight
from advisor.recommendation.waiting import Waiting
from advisor.store.measurements import seal_rows
from advisor.store.samples import Sample
from advisor.store.workspace import Workspace
from advisor.work import pass_flops
from tests.known import load_gpu, spec_of
from tests.recommendation.made import MODEL, point, workspace

GPU = "h100-sxm"
WAITS = Waiting(800.0, 2000.0, 3000.0, 4000.0)


# from stored answers to the request


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Answers at two temperatures under two templates; the colder and the longer template are the better ones."""
    folder = tmp_path_factory.mktemp("ours")
    for number, (temperature, template, share) in enumerate(
        [(0.2, "Q: {question}", 0.4), (0.2, "Think: {question}", 0.9), (1.0, "Q: {question}", 0.2),
         (1.0, "Think: {question}", 0.6)]
    ):  # fmt: skip
        rng = random.Random(number)
        drawn = [
            {"model": MODEL, "task": "mine", "question_id": f"q{q}", "sample_index": i, "strategy": "sampling"}
            | {"answer": "right" if (right := rng.random() < share) else f"wrong{rng.randrange(9)}", "correct": right}
            | {
                "generated_tokens": 200 if template.startswith("Q") else 900,
                "prompt_tokens": 60,
                "run_id": f"r{number}",
            }
            | {"temperature": temperature, "template": template, "top_k": 20, "seed": 0, "finish_reason": "stop"}
            for q in range(40)
            for i in range(8)
        ]
        seal_rows(Sample, drawn, folder / "measurements" / "samples" / f"r{number}.parquet")
    return folder


NAMES = [f"temperature {t}, template “{w}:”" for t in ("0.2", "1") for w in ("Q", "Think")]


def test_from_fit_over_curves_to_the_pick(ours, advisor):
    code, _, err = advisor("fit", "--workspace", ours)
    assert (code, err) == (0, "")
    code, out, _ = advisor(
        "curve", "qwen3-8b", "--task", "mine", "--workspace", ours, "--strategy", "majority", "--json"
    )
    found = json.loads(out)
    assert sorted({each["setup"] for each in (found, *found["others"])}) == NAMES
    shown = advisor("curve", "qwen3-8b", "--task", "mine", "--workspace", ours)[1]
    for name in NAMES:
        assert f"majority, {name} (40 questions, measured)" in " ".join(shown.split())
    options = ("--task", "mine", "--workspace", ours, "--gpu", GPU)
    pick = json.loads(advisor("recommend", *options, "--json")[1])
    best = pick["recommended"]
    assert best["setup"] == "temperature 0.2, template “Think:”"
    assert (best["ask"]["body"]["temperature"], best["ask"]["body"]["top_k"]) == (0.2, 20)
    assert best["ask"]["messages"] == [{"role": "user", "content": "Think: {question}"}]
    assert {each["setup"] for each in pick["frontier"]} >= {"temperature 0.2, template “Q:”", best["setup"]}
    assert all(each["ask"]["body"]["temperature"] == 0.2 for each in pick["frontier"])
    for each in (*pick["models"], *pick["at_rates"]):
        assert each["setup"] in NAMES
    screen = " ".join(advisor("recommend", *options)[1].split())
    assert f"Qwen/Qwen3-8B · majority of {best['n_samples']}, {best['setup']} ·" in screen
    assert '"messages": [{"role": "user", "content": "Think: {question}"}]' in screen


def test_every_set_up_is_a_candidate_and_none_hides_another(ours):
    ws = Workspace(ours)
    package.fit(ws)
    request = checked_request(ws, task="mine", gpu=GPU)
    found = candidates(ws, request).execute("select distinct setup, strategy, n_samples from candidates").fetchall()
    for name in NAMES:
        assert {(s, n) for setup, s, n in found if setup == name} >= {("majority", 1), ("majority", 4), ("majority", 8)}


def test_the_report_names_them_within_its_legend(ours, tmp_path):
    pytest.importorskip("matplotlib")
    from advisor.reports.plots import LEGEND_SIGNS, curve_figure

    ws = Workspace(ours)
    package.fit(ws)
    found = package.recommend(ws, task="mine", gpu=GPU)
    written = package.report(ws, recommendation=found, output=tmp_path / "report.md")
    page = (tmp_path / "report.md").read_text()
    for name in NAMES:
        assert f"- majority, {name}: asymptote" in page
    assert page.startswith(f"# {MODEL}, majority of {written.recommended.n_samples}, {found.recommended.setup}, on ")
    figure = curve_figure(lines(ws, MODEL, "mine"), found.recommended)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(set(texts)) == len(texts)
    assert max(len(line) for text in texts for line in text.split("\n")) <= LEGEND_SIGNS
    inside = legend.get_window_extent()
    assert 0 <= inside.x0 < inside.x1 <= figure.bbox.width


def test_other_choices_and_steps_name_their_set_up(tmp_path):
    hot = point(setup="temperature 1", accuracy=0.6, low=0.58, high=0.62, generated_tokens=9000.0, depth_tokens=9000.0)
    ws = workspace(tmp_path, point(setup="temperature 0.2"), hot)
    found = package.recommend(ws, task="mine", gpu=GPU, budget="1500tokens")
    assert found.recommended.setup == "temperature 0.2"
    assert found.step_up.setup == "temperature 1"
    compared = package.compare(workspace(tmp_path, point(setup="a"), hot, point(model="Qwen/Qwen3-4B")),
                               models=["qwen3-8b", "qwen3-4b"], task="mine", gpu=GPU)  # fmt: skip
    assert {s.each[0].setup for s in compared.budgets if s.each[0]} == {"a", "temperature 1"}


# several tasks

COLD, HOT = {"temperature": 0.2, "top_k": 20}, {"temperature": 1.0, "top_k": 20}
TASKS = (TaskWeight("easy", 0.5), TaskWeight("hard", 0.5))


def part(task, setup="", recorded=(), **changed):
    return Part(0.5, point(task=task, setup=setup, runs=f"{task} {setup}", **changed), WAITS, recorded=dict(recorded))


def joined(*parts):
    return {mix.point.setup: [each.point.runs for each in mix.parts] for mix in mixes(parts, TASKS)}


def test_set_ups_are_joined_with_what_was_drawn_alike():
    parts = [part("easy", "cold", COLD), part("easy", "hot", HOT), part("hard", "hot", HOT), part("hard", "cold", COLD)]
    assert joined(*parts) == {"cold": ["easy cold", "hard cold"], "hot": ["easy hot", "hard hot"]}


def test_names_may_differ_where_the_columns_agree():
    parts = [part("easy", "cold", COLD), part("easy", "hot", HOT), part("hard", "", HOT)]
    assert joined(*parts) == {"easy: hot": ["easy hot", "hard "]}


def test_a_name_alone_is_no_agreement():
    parts = [part("easy", "x", COLD), part("easy", "y", HOT), part("hard", "x", HOT), part("hard", "y", COLD)]
    assert joined(*parts) == {"easy: x; hard: y": ["easy x", "hard y"], "easy: y; hard: x": ["easy y", "hard x"]}


def test_rewards_made_one_in_another_way_are_no_agreement():
    parts = [part("easy", f"reward {r}", {"reward": r}) for r in ("last", "min")] + [
        part("hard", "", {"reward": "min"})
    ]
    assert joined(*parts) == {"easy: reward min": ["easy reward min", "hard "]}


def test_prompts_are_a_tasks_own():
    """Templates differ between tasks; of several drawn alike on a task the one with the same name is taken, or none."""
    one, other = COLD | {"template": "a"}, COLD | {"template": "b"}
    parts = [part("easy", "a", one), part("easy", "b", other), part("hard", "", COLD | {"template": "c"})]
    assert joined(*parts) == {"easy: a": ["easy a", "hard "], "easy: b": ["easy b", "hard "]}
    parts = [part("easy", "a", one), part("easy", "b", other), part("hard", "b", one), part("hard", "c", other)]
    assert joined(*parts) == {"b": ["easy b", "hard b"]}


def test_what_is_not_recorded_agrees_with_everything():
    parts = [part("easy", "cold", COLD), part("easy", "hot", HOT), part("hard")]
    assert joined(*parts) == {"easy: cold": ["easy cold", "hard "], "easy: hot": ["easy hot", "hard "]}


def test_one_set_up_each_is_joined_and_said_where_it_differs():
    (same,) = mixes([part("easy", "", COLD), part("hard", "", COLD | {"max_tokens": 9})], TASKS)
    (differs,) = mixes([part("easy", "", COLD), part("hard", "", HOT)], TASKS)
    assert not same.drawn_otherwise
    assert differs.drawn_otherwise


def test_a_prompt_that_one_task_lacks_is_assumed_of_the_mean():
    assumed = Part(0.5, point(task="hard"), WAITS, Provenance.IMPUTED)
    (found,) = mixes([part("easy"), assumed], TASKS)
    assert found.prompt is Provenance.IMPUTED


# what runs today


def two_set_ups(folder, questions=200):
    hot = {"setup": "temperature 1", "accuracy": 0.7, "low": 0.66, "high": 0.74, "n_questions": questions}
    return workspace(folder, point(setup="temperature 0.2"), point(**hot))


def test_what_runs_names_its_set_up(tmp_path):
    ws = two_set_ups(tmp_path)
    for name, accuracy in (("temperature 0.2", 0.5), ("Temperature 1", 0.7)):
        found = package.recommend(ws, task="mine", gpu=GPU, running=f"qwen3-8b with {name} on 1x{GPU} at 8").running
        assert (found.accuracy.value, found.candidate.setup) == (accuracy, name.lower())
        assert not any("set-ups" in note for note in found.notes)


def test_without_a_name_it_is_the_one_on_most_questions_which_is_said(tmp_path):
    found = package.recommend(two_set_ups(tmp_path), task="mine", gpu=GPU, running=f"qwen3-8b on 1x{GPU} at 8").running
    assert found.candidate.setup == "temperature 1"
    note = "measured with several set-ups: temperature 1 is taken; name another: with temperature 0.2"
    assert note in found.notes


def test_a_set_up_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(
        package.AdvisorError, match=r"no set-up 'hot' of Qwen/Qwen3-8B is known; known: temperature 0\.2; "
    ):
        package.recommend(two_set_ups(tmp_path), task="mine", gpu=GPU, running=f"qwen3-8b with hot on 1x{GPU}")
    ws = workspace(tmp_path / "one", point())
    with pytest.raises(package.AdvisorError, match="leave it out"):
        package.recommend(ws, task="mine", gpu=GPU, running=f"qwen3-8b with hot on 1x{GPU}")


# prompts: recorded, read again, assumed


def costed(ws, **options):
    request = checked_request(ws, task="mine", gpu=GPU, model=MODEL, price=f"{GPU}=2usd/h", **options)
    found = rows(candidates(ws, request).execute("from candidates where gpu_count = 1 and concurrency = 16"))
    return [candidate(row, ws) for row in found]


def searching(**changed):
    usual = {"strategy": "mcts", "n_samples": 4, "generated_tokens": 4000.0, "reward_model": "Qwen/Qwen3-4B"}
    return point(**(usual | {"scored_tokens": 100.0, "prompt_tokens": 200.0} | changed))


def test_prefixes_that_a_search_reads_again_cost_time_and_flops(tmp_path):
    """Beyond the prompts of its four answers they are prefills of their own, in passes of a prompt and an answer."""
    (plain,) = costed(workspace(tmp_path / "a", searching(search_prompt_tokens=800.0)))
    (again,) = costed(workspace(ws_folder := tmp_path / "b", searching(search_prompt_tokens=20_800.0)))
    efficiency = Speeds.read(Workspace(ws_folder)).of(GPU, "vllm", "bf16").efficiency
    d = demand(spec_of(MODEL), "bf16", 1200, 1)
    read_s = 20_000 / 1200 * float(prefill_s(d, hardware(load_gpu(GPU), Parallelism(), "bf16"), efficiency))
    assert again.latency_s == pytest.approx(plain.latency_s + read_s)
    assert 1 / again.questions_per_s == pytest.approx(1 / plain.questions_per_s + read_s)
    assert again.policy_flops - plain.policy_flops == pytest.approx(pass_flops(spec_of(MODEL), 20_000, 1200))
    assert again.tokens == plain.tokens


def test_a_search_whose_prompt_lay_in_the_cache_is_faster_than_answers_that_each_read_it(tmp_path):
    (once,) = costed(workspace(tmp_path / "a", searching(prompt_tokens=8000.0, search_prompt_tokens=8000.0)))
    (each,) = costed(workspace(tmp_path / "b", searching(prompt_tokens=8000.0, search_prompt_tokens=32_000.0)))
    (unknown,) = costed(workspace(tmp_path / "c", searching(prompt_tokens=8000.0)))
    assert once.usd < each.usd
    assert each.usd == pytest.approx(unknown.usd)
    assert once.policy_flops == unknown.policy_flops
    assert once.context_tokens == each.context_tokens  # what is read again takes no more room


def test_own_lengths_move_what_is_read_again(tmp_path):
    ws = workspace(tmp_path, searching(search_prompt_tokens=200.0 + 5000.0))
    (found,) = costed(ws, input_tokens=1400)
    expected = pass_flops(spec_of(MODEL), 5000 * (1400 + 1000) / (200 + 1000), 2400)
    (without,) = costed(workspace(tmp_path / "none", searching()), input_tokens=1400)
    assert found.policy_flops - without.policy_flops == pytest.approx(expected)


@pytest.mark.parametrize(
    ("prompt", "options", "origin", "words"),
    [
        (60.0, {}, "measured", "tokens measured, lengths"),
        (None, {}, "imputed", "tokens measured, prompts assumed to have 200 tokens, lengths"),
        (None, {"input_tokens": 900}, "measured", "tokens prompts of 900 tokens, as given, lengths"),
        (
            None,
            {"output_tokens": 900},
            "imputed",
            "answers of 900 tokens, as given, prompts assumed to have 200 tokens,",
        ),
    ],
)
def test_a_prompt_that_nobody_recorded_is_said_to_be_assumed(tmp_path, prompt, options, origin, words):
    from advisor.reports.recommendations import facts, known_text

    found = package.recommend(workspace(tmp_path, point(prompt_tokens=prompt)), task="mine", gpu=GPU, **options)
    assert json.loads(found.to_json())["recommended"]["provenance"]["prompt"] == origin
    assert words in known_text(found)
    (origin_cell,) = (row[2] for row in facts(found).rows if row[0] == "tokens per question")
    assert f"{origin_cell}, lengths" in known_text(found)


def test_hosted_offers_and_what_runs_say_it_too(tmp_path):
    from advisor.reports.baselines import origins_text

    prices = tmp_path / "prices.csv"
    prices.write_text(
        f"model,provider,usd_per_million_input_tokens,usd_per_million_output_tokens,source\n{MODEL},cloud,1,2,a list\n"
    )
    for prompt, said in ((None, True), (60.0, False)):
        ws = workspace(tmp_path / str(said), point(prompt_tokens=prompt))
        running = f"qwen3-8b on 1x{GPU} at 8"
        found = package.recommend(ws, task="mine", gpu=GPU, hosted=str(prices), running=running)
        assert ("prompts assumed to have 200 tokens" in found.hosted[0].provenance) == said
        assert ("prompts assumed" in origins_text(found.running.candidate)) == said
