import pytest

from advisor import cli


@pytest.fixture
def advisor(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str):
        code = cli.run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
