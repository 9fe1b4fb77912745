"""Two models over loads, against single estimates."""

import pytest

import advisor

WS = advisor.Workspace()
PAIR = ("Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-8B")


@pytest.fixture(scope="module")
def found():
    return advisor.compare_speed(WS, models=PAIR, gpu="h200-sxm", output_tokens=512)


def test_each_load_is_what_estimate_says(found):
    for point in found.points[::5]:
        for contender, figures in zip(found.models, point.each, strict=True):
            e = advisor.estimate(
                WS,
                model=contender.model,
                gpu="h200-sxm",
                gpu_count=contender.gpu_count,
                input_tokens=point.context_tokens,
                output_tokens=512,
                concurrency=point.concurrency,
            )
            if figures is None:
                assert not e.fits
                continue
            assert (figures.tpot_s, figures.ttft_s, figures.output_tokens_per_s) == (
                e.tpot_s,
                e.ttft_s,
                e.output_tokens_per_s,
            )
            assert figures.usd_per_million_output_tokens == e.usd_per_million_output_tokens
            assert figures.total_bytes == e.memory.total_bytes
            assert figures.spread == e.spread
            assert contender.provenance == e.provenance


def test_three_contexts_and_concurrencies_to_512_unless_given(found):
    assert {p.context_tokens for p in found.points} == {1024, 8192, 32768}
    assert {p.concurrency for p in found.points if p.context_tokens == 1024} == {2**i for i in range(9)} | set(
        () if not any(p.concurrency == 512 for p in found.points) else (512,)
    )
    one = advisor.compare_speed(WS, models=PAIR, gpu="b300-sxm", input_tokens=2048, output_tokens=64)
    assert {p.context_tokens for p in one.points} == {2048}
    assert max(p.concurrency for p in one.points) == 512
    assert one.output_tokens == 64


@pytest.mark.parametrize("gpu", ["l40s", "h100-sxm"])
def test_each_stands_on_the_fewest_gpus_that_hold_sixty_four_requests(gpu):
    def held(model, count):
        try:
            return advisor.estimate(WS, model=model, gpu=gpu, gpu_count=count, concurrency=64).fits
        except advisor.NoAnswer:
            return False

    found = advisor.compare_speed(WS, models=("Qwen/Qwen3-32B", "Qwen/Qwen3-8B"), gpu=gpu, input_tokens=1024)
    for contender in found.models:
        assert held(contender.model, contender.gpu_count)
        assert contender.gpu_count == 1 or not held(contender.model, contender.gpu_count // 2)
    assert found.models[0].gpu_count > found.models[1].gpu_count


def test_a_given_count_is_taken_for_both():
    found = advisor.compare_speed(WS, models=PAIR, gpu="h200-sxm", gpu_count=4, input_tokens=1024)
    assert [c.gpu_count for c in found.models] == [4, 4]
    assert [c.parallelism for c in found.models] == ["tp4", "tp4"]


def test_without_a_price_nothing_is_cheaper_and_that_is_said():
    found = advisor.compare_speed(WS, models=("Qwen/Qwen3-4B", "Qwen/Qwen3-8B"), gpu="a30", input_tokens=1024)
    assert found.notes == ("no price is known for these GPUs: give --price",)
    assert all(f.usd_per_million_output_tokens is None for p in found.points for f in p.each if f)
    priced = {"gpu": "h200-sxm", "price": "h200-sxm=2usd/h", "input_tokens": 1024}
    assert advisor.compare_speed(WS, models=PAIR, **priced).notes == ()


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"input_tokens": [0]}, "--input-tokens"),
        ({"output_tokens": 0}, "--output-tokens"),
        ({"gpu_count": 0}, "--gpu-count"),
        ({"gpu": "h200"}, "--gpu"),
        ({"precision": "fp3"}, "--precision"),
        ({"engine": "x"}, "--engine"),
    ],
)
def test_bad_options_name_their_flag(options, flag):
    with pytest.raises(advisor.AdvisorError) as caught:
        advisor.compare_speed(WS, models=PAIR, **options)
    assert str(caught.value).startswith(flag)
