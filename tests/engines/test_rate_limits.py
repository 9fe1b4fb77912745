"""Limits by the minute: headers as servers send them, and those that no server should; a user's own."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.engines.rate_limits import LONGEST_PAUSE_S, Bucket, Rates, spent_s, stated_wait_s
from advisor.errors import AdvisorError

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:45 GMT"}, 45),
        ({"retry-after": "Sun, 01 Mar 2026 11:59:00 GMT"}, 0),
        ({"retry-after": "Sun, 01 Mar 2037 12:00:45 GMT"}, 0),
        ({"retry-after": "7200"}, LONGEST_PAUSE_S),
        ({"retry-after": "1000000000"}, 0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, 0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "17"}, 17),
        ({"retry-after": "3", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "17"}, 3),
    ],
)
def test_what_a_server_states(headers, expected):
    assert stated_wait_s(headers, NOW) == pytest.approx(expected)


@given(st.text(max_size=40) | st.sampled_from(["nan", "-inf", "-5", "1e999", "1_000", "٣", "9" * 5000, "1s" * 4000]))
def test_whatever_a_server_states_is_a_wait(text):
    for headers in (
        {"retry-after": text},
        {"retry-after-ms": text},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text},
    ):
        assert 0 <= stated_wait_s(headers, NOW) <= LONGEST_PAUSE_S
        assert 0 <= spent_s(headers) <= LONGEST_PAUSE_S


@given(st.integers(2, 5000), st.lists(st.floats(0, 30), max_size=60))
def test_no_minute_has_more_than_the_limit(a_minute, pauses):
    bucket, now_s, sent = Bucket(a_minute), 0.0, []
    for pause_s in pauses:
        now_s += pause_s
        while bucket.wait_s(now_s, 1) == 0 and len(sent) < 20_000:
            bucket.take(now_s, 1)
            sent.append(now_s)
    for i, begins_s in enumerate(sent):
        assert sum(at < begins_s + 60 for at in sent[i:]) <= a_minute + 1e-6
        if i > 50:
            break


def test_requests_and_tokens_are_both_kept():
    rates = Rates.of("60requests/minute, 6000tokens/min")
    assert rates.expected_tokens(500) == 500
    rates.begun(0.0, 500)
    assert rates.wait_s(0.0, 500) == pytest.approx(400 / 90)  # 600 at once, 5 400 a minute
    rates.answered(0.0, 500, 50)
    assert rates.expected_tokens(500) == 50
    assert rates.wait_s(0.0, 50) == 0
    for _ in range(5):
        rates.begun(0.0, 50)
    assert rates.wait_s(0.0, 50) == pytest.approx(1 / 0.9)  # six requests at once, 54 a minute


def test_a_request_larger_than_a_burst_is_sent_and_paid_for_later():
    rates = Rates.of("1000tokens/minute")
    assert rates.wait_s(0.0, 5000) == 0
    rates.begun(0.0, 5000)
    assert rates.wait_s(0.0, 10) == pytest.approx((10 + 4900) / 15)


@pytest.mark.parametrize(
    "text", ["", "60", "60requests", "0requests/minute", "-1tokens/minute", "5requests/minute," * 2]
)
def test_what_is_no_limit(text):
    with pytest.raises(AdvisorError, match=r"^--rate-limit: .* is no limit by the minute; give 500requests/minute"):
        Rates.of(text)
