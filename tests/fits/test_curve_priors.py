"""The table of how curves go on."""

import numpy as np
import pytest

from advisor.accuracy.curve_fits import Learned
from advisor.accuracy.growth import Growth
from advisor.errors import AdvisorError
from advisor.fits.check import check
from advisor.fits.curve_priors import TABLE, read_learned, read_learned_file, write_learned
from advisor.store.workspace import Workspace
from tests.accuracy.learned import endings, even_shares
from tests.known import SHIPPED


def made():
    growth = Growth(np.array([0.5, 0.9]), np.array([0.01, 0.02]), np.array([0.7, 0.3]))
    figures = {"level": -0.1, "carried": 0.7, "share": 0.05, "spread": 0.3, "decline": 0.6, "decline_spread": 0.4}
    never = {"never": np.array([0.0, 1.0]), "never_weight": np.array([0.9, 0.1])}
    return Learned(growth, endings(**figures, **never), even_shares())


def test_what_is_written_is_read(tmp_path):
    write_learned(tmp_path / TABLE, made(), lambda figure: f"made for {figure}")
    found, expected = read_learned_file(tmp_path / TABLE), made()
    for part in ("growth", "endings", "shares"):
        for name in getattr(found, part).__dataclass_fields__:
            assert getattr(getattr(found, part), name) == pytest.approx(
                getattr(getattr(expected, part), name), abs=1e-4
            )


def test_what_ships(tmp_path):
    found = read_learned(SHIPPED)
    for weight in (found.growth.weight, found.endings.never_weight, found.shares.weight, found.shares.rivals_weight):
        assert weight.sum() == pytest.approx(1)
        assert (weight > 0).all()
    assert 0 < found.endings.decline < 1.5  # late answers are right less often
    assert ((found.growth.damping > 0) & (found.growth.damping <= 1)).all()
    own = tmp_path / "profiles"
    own.mkdir()
    (own / TABLE).write_text("not used")  # learned from many data sets, not from a user's few
    assert read_learned(Workspace(tmp_path)).endings.decline == found.endings.decline


def test_a_table_that_is_damaged_or_not_there(tmp_path):
    with pytest.raises(AdvisorError, match="no sound rows of 'ending level'; install the program again"):
        read_learned_file(tmp_path / TABLE)
    write_learned(tmp_path / TABLE, made(), lambda figure: "a test")
    text = (tmp_path / TABLE).read_text()
    (tmp_path / TABLE).write_text(text.replace("never ends,0,0,0.9", "never ends,0,0,0"))
    with pytest.raises(AdvisorError, match="no sound rows of 'never ends'"):
        read_learned_file(tmp_path / TABLE)
    (tmp_path / TABLE).write_text(text.replace("late decline,0.6", "late decline,much"))
    with pytest.raises(AdvisorError, match="first"):
        read_learned_file(tmp_path / TABLE)


def test_check_reads_it(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / TABLE).write_text("figure,first\n")
    (damaged,) = check(Workspace(tmp_path)).damaged
    assert damaged.where.endswith(TABLE)
