"""Every command that can be printed for an engine: models × precisions × layouts."""

import shlex
from functools import cache

from advisor.gpus import PRECISIONS
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.launch import launch_command, loading
from tests.known import SHIPPED
from tests.recommendation.made import candidate

LAYOUTS = ("tp1", "tp8", "tp4pp2", "dp8", "tp2dp4")


@cache
def every_command(engine):
    """(candidate, words of its command) of every model, every precision that the engine loads, every layout."""
    found = []
    for model in SHIPPED.models:
        for precision in PRECISIONS:
            if loading(SHIPPED, engine, model, precision) is None:
                continue
            for text in LAYOUTS:
                layout = Parallelism.parse(text)
                if layout.dp > 1 and not SHIPPED.models.spec(model).is_moe:
                    continue
                c = candidate(
                    model=model,
                    precision=precision,
                    parallelism=text,
                    gpu_count=layout.gpu_count,
                    concurrency=100,
                    context_tokens=9216,
                )
                found.append((c, words(launch_command(c, engine, SHIPPED))))
    return found


def words(command):
    """Of the engine's own command, without what is written before it."""
    return shlex.split(command.split(" && ")[-1])


def flags(command):
    """Each word of a command with the word after it."""
    parts = words(command)
    return dict(zip(parts, [*parts[1:], ""], strict=True))
