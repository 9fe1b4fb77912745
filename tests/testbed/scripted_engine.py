"""An engine of a Ray actor that follows a script: faults of a cluster are tested with it, since it starts at once.

python -m tests.testbed.scripted_engine calibrate …        the command line, with this engine on its actors
"""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from advisor.engines import hosted
from advisor.engines.protocol import EngineFailure, Served
from advisor.profiler import fan_out
from advisor.profiler.bench import BenchHere
from advisor.profiler.device import Meter
from advisor.profiler.station import Station
from tests.profiler.test_loop import FACTS, Steady
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


class ScriptedStation(Station):
    """Measures loads on an engine that only waits, and writes each to the log; the weights' name is the log's."""

    async def processor(self):
        from tests.known import load_gpu

        return replace(load_gpu("l4"), gpu="cpu", aliases="")

    async def open(self, setup):
        self._setup, self._bench = setup, BenchHere(Steady(), FACTS, Meter(None, 1))
        return FACTS

    async def measure(self, setup, load, repeat):
        columns = await super().measure(setup, load, repeat)
        with Path(setup.settings["log"]).open("a") as log:
            log.write(f"{os.getpid()} {setup.weights} {load} {repeat}\n")
        await asyncio.sleep(DRAW_S)
        return columns


@asynccontextmanager
async def station():
    yield ScriptedStation(), None


@asynccontextmanager
async def rewards(weights, marks, settings):
    yield Oracle(), None


def patch(setattr=setattr):
    """Have actors of this process's cluster run it."""
    setattr(hosted, "policy", policy)
    setattr(hosted, "rewards", rewards)
    setattr(fan_out, "station", station)


if __name__ == "__main__":
    from advisor.cli.main import main
    from tests.testbed import scripted_engine

    scripted_engine.patch()
    sys.argv[0] = "advisor"
    main()
