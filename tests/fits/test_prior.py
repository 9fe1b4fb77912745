"""The table of how far models stray from the physics."""

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.fits.prior import read_prior, read_prior_file, write_prior
from advisor.performance.groups import COEFFICIENTS, LEVELS, Prior
from advisor.store.workspace import Workspace
from tests.known import SHIPPED


def test_what_is_written_is_read(tmp_path):
    variances = np.arange(1.0, 1 + len(LEVELS) * len(COEFFICIENTS)).reshape(len(LEVELS), -1) / 7
    write_prior(tmp_path / "pooling.csv", Prior(variances, np.array([0.0123, 0.456])))
    found = read_prior_file(tmp_path / "pooling.csv")
    assert found.variances == pytest.approx(variances, rel=1e-5)
    assert found.noise.tolist() == [0.0123, 0.456]


def test_what_ships(tmp_path):
    prior = read_prior(SHIPPED)
    assert prior.variances.shape == (len(LEVELS), len(COEFFICIENTS))
    assert (prior.variances > 0).all()
    assert (prior.noise > 0).all()
    own = tmp_path / "profiles"
    own.mkdir()
    (own / "pooling.csv").write_text("not used")  # the prior is learned from what ships, not from a user's few runs
    assert (read_prior(Workspace(tmp_path)).variances == prior.variances).all()


@pytest.mark.parametrize("text", ["", "level\ngroup\n", "level,a\ngroup,x\nengine,1\nprecision,1\nnoise,1\n"])
def test_a_damaged_table_is_named(tmp_path, text):
    (tmp_path / "pooling.csv").write_text(text)
    with pytest.raises(AdvisorError, match=r"pooling.csv: is damaged .*install the program again"):
        read_prior_file(tmp_path / "pooling.csv")


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(AdvisorError, match=r"pooling\.csv"):
        read_prior_file(tmp_path / "pooling.csv")
