"""No command line, file or reply, however hostile, ends otherwise than in an answer or one line; fixed seeds.

python -m tests.fuzz --seeds 20000 runs more of them.
"""

import pytest

from tests.fuzz import files
from tests.fuzz.seeds import SUITES, counted

SEEDS = {suite: -(-500 // len(files.KINDS)) if suite in files.KINDS else 500 for suite in SUITES}
"""Of all kinds of files together five hundred."""


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_every_seed_ends_as_it_should(suite):
    counts = counted(suite, range(SEEDS[suite]))
    assert not counts.faults, "\n".join(map(str, counts.faults[:5]))
    assert set(counts.codes) - {0}, "no seed was hostile"
    assert counts.codes[2 if suite != "servers" else 0], counts.codes
