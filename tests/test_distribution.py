"""The program runs from its source too, where nothing says its version or what it needs."""

from importlib.metadata import PackageNotFoundError

import pytest

from advisor import distribution
from advisor.distribution import own_requirements, own_version
from advisor.profiler.doctor import doctor
from advisor.store.workspace import Workspace


@pytest.fixture
def from_source(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(distribution, "version", absent)
    monkeypatch.setattr(distribution, "requires", absent)


def test_what_is_installed_is_known():
    assert own_version()[0].isdigit()
    assert any(text.startswith("duckdb") for text in own_requirements() or ())


def test_from_its_source_an_extra_lacks_the_program_itself(from_source):
    found = doctor(Workspace())
    assert found.advisor == "not installed"
    without = [each for each in found.abilities if each.found == "missing: frontier-advisor"]
    assert without
    assert all(each.command.startswith("pip install 'frontier-advisor[") for each in without)
