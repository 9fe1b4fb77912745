import pytest

from advisor.cli import main


@pytest.fixture
def advisor(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str):
        code = main.run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
