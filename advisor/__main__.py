"""`python -m advisor`, and the command `advisor`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line; until it can say that it was interrupted, Ctrl-C ends the process without a word."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from advisor.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
