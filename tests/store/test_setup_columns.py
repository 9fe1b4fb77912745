"""Queries that list the columns of a set-up list all of them: one that is left out would pool different answers."""

import re

import pytest

from advisor.store.samples import SETUP
from advisor.store.sql import statement


@pytest.mark.parametrize(
    ("package", "name", "times"),
    [
        ("advisor.fits", "answers", 2),
        ("advisor.store", "recorded_answers", 1),
        ("advisor.calibration", "reuse", 2),
    ],
)
def test_every_column_of_a_set_up_is_there(package, name, times):
    text = statement(package, name)
    counts = {column: len(re.findall(rf"\b{column}\b", text)) for column in SETUP}
    assert min(counts.values()) >= times, counts
