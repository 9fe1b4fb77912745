"""Steps made with a known skew give that skew back."""

import numpy as np
import pytest

from advisor.engines.routing import Tally
from advisor.errors import AdvisorError
from advisor.performance.roofline import distinct_expert_share
from advisor.profiler.routing import routing_of


@pytest.mark.parametrize("skew", [0.05, 0.8, 6.0])
def test_the_skew_is_found(skew):
    tokens = (1, 2, 3, 8, 17, 64, 300)
    shares = {t: float(distinct_expert_share(8 / 128, t, skew)) for t in tokens}
    found = routing_of({t: (1000, round(1000 * 128 * share)) for t, share in shares.items()}, 128, 8)
    assert found.skew == pytest.approx(skew, rel=0.05)
    assert dict(found.share_by_tokens) == pytest.approx(shares, rel=0.01)
    uniform = {t: 1 - (1 - 8 / 128) ** t for t in tokens}
    assert dict(found.uniform_share_by_tokens) == pytest.approx(uniform, rel=1e-6)


def test_drawn_from_unequal_popularity():
    rng = np.random.default_rng(0)
    steps = {}
    for tokens in (2, 4, 8, 16, 32):
        distinct = 0
        for _ in range(400):
            popularity = rng.gamma(1 / 1.5, 1.5, 64)
            distinct += len(
                {int(e) for _ in range(tokens) for e in np.argsort(rng.gumbel(size=64) + np.log(popularity))[-2:]}
            )
        steps[tokens] = (400, distinct)
    assert 0.8 < routing_of(steps, 64, 2).skew < 2.2


def test_steps_of_one_token_show_nothing():
    with pytest.raises(AdvisorError, match="--routing: every step had one token"):
        routing_of({1: (5, 10)}, 16, 2)


def test_a_tally_counts_by_tokens():
    torch = pytest.importorskip("torch")
    tally = Tally()
    tally.capture(0, torch.tensor([[0, 1], [1, 2]]))
    tally.capture(1, torch.tensor([[3, 4], [5, 6]]))
    tally.capture(0, torch.tensor([[7, 1]]))
    assert dict(tally.passes) == {2: 2, 1: 1}
    assert dict(tally.distinct) == {2: 7, 1: 2}
