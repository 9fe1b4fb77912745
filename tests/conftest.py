import pytest

from advisor import cli
from advisor.shipped import overlay


@pytest.fixture(autouse=True)
def only_shipped_models():
    """What one test's workspace knows is not known to the next."""
    yield
    overlay(None)


@pytest.fixture
def advisor(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str):
        code = cli.run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
