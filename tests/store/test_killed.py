"""A few of the kills of benchmarks/kill.py, and what is there after each."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import kill


@pytest.mark.slow
@pytest.mark.parametrize("work", kill.WORKS[:2], ids=lambda work: work.name)
def test_a_killed_command_loses_nothing_and_leaves_nothing(work, tmp_path):
    random.seed(1)
    done = kill.tally(work, 2, tmp_path)
    assert (done.faults, done.kills + done.ended) == ([], 2)
