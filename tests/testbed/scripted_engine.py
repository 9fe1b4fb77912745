"""An engine of a Ray actor that follows a script: faults of a cluster are tested with it, since it starts at once.

python -m tests.testbed.scripted_engine calibrate …        the command line, with this engine on its actors
"""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from advisor.engines import hosted
from advisor.engines.protocol import EngineFailure, Served
from tests.strategies.scripted import Oracle, Policy

LOG = "ADVISOR_TEST_DRAWS"
"""Environment variable with the file that every draw is written to as it is answered, with the process that drew."""
DRAW_S = 0.15
AT_ONCE = 8


class Slow(Policy):
    """Takes its time, and answers so many at once."""

    def __init__(self, log):
        super().__init__(0.2)
        self.log, self.room = Path(log), asyncio.Semaphore(AT_ONCE)

    async def generate(self, prompt, partial, sampling):
        if not prompt.startswith("Q "):  # a question that a test gives
            raise EngineFailure("longer than the context")
        async with self.room:
            await asyncio.sleep(DRAW_S)
            drawn = await super().generate(prompt, partial, sampling)
            with self.log.open("a") as log:
                log.write(f"{os.getpid()} {prompt.strip()} {partial!r} {sampling.seed}\n")
            return drawn


@asynccontextmanager
async def policy(weights, settings, prompting):
    yield Slow(settings["log"]), Served("scripted", "1", "completions")


@asynccontextmanager
async def rewards(weights, marks, settings):
    yield Oracle(), None


def patch(setattr=setattr):
    """Have actors of this process's cluster run it."""
    setattr(hosted, "policy", policy)
    setattr(hosted, "rewards", rewards)


if __name__ == "__main__":
    from advisor.cli.main import main
    from tests.testbed import scripted_engine

    scripted_engine.patch()
    sys.argv[0] = "advisor"
    main()
