import os

import pytest

from advisor.cli import main
from advisor.reports.terminal import PIPED_WIDTH

os.environ["COLUMNS"] = str(PIPED_WIDTH)  # tests on several processors have a terminal of another width


@pytest.fixture
def advisor(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str):
        code = main.run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
