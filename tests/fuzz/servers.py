"""A server whose every reply a seed may spoil: its status, its JSON, its bytes."""

from __future__ import annotations

import json
import random
import shutil
from unittest import mock

from advisor.engines import server as engine_server
from advisor.store.sample_rules import fault
from tests.calibration.serving import Handler, journaled, serving
from tests.fuzz.hostile import as_json, spoiled, warped
from tests.fuzz.watched import Case, Outcome, scratch, watched

STATUSES = [204, 206, 301, 400, 401, 404, 413, 422, 429, 500, 503]


class Hostile(Handler):
    """Replies go through the server's `warp`."""

    def reply(self, content, status=200):
        super().reply(*self.server.warp(content, status))


def warper(rng):
    """What a seed makes of replies: from some reply on, or of some alone."""
    first, often = rng.randrange(5), rng.choice([0.3, 1.0])
    seen = 0

    def warp(content, status):
        nonlocal seen
        seen += 1
        if seen <= first or rng.random() > often:
            return content, status
        if rng.random() < 0.15:
            return content, rng.choice(STATUSES)
        if rng.random() < 0.2:
            return spoiled(rng, json.dumps(content).encode()), status
        return as_json(warped(rng, content)), status

    return warp


def outcomes(seeds):
    """Two questions asked of a hostile server; nothing impossible stands in the journal or file."""
    with scratch() as folder, serving() as server, mock.patch.object(engine_server, "FIRST_WAIT_S", 0.0001):
        server.RequestHandlerClass = Hostile
        for seed in seeds:
            shutil.rmtree(folder / "ws", ignore_errors=True)
            server.warp = warper(random.Random(f"server/{seed}"))
            arguments = ("calibrate", "qwen3-0.6b", "--task", "arithmetic", "--questions", "2", "--samples", "1")
            arguments += ("--in-flight", "1", "--url", server.url, "--workspace", str(folder / "ws"))
            outcome = watched(seed, Case(arguments, (server.url,)))
            problems = (*outcome.problems, *(str(each) for each in impossible(folder)))
            yield Outcome(seed, outcome.case, outcome.code, outcome.err, problems)


def impossible(folder):
    """Faults of the rows of journals."""
    for journal in folder.rglob(".*.jsonl"):
        for entry in journaled(journal):
            rows = [{k: v for k, v in row.items() if k != "reason"} for row in entry["rows"]]
            yield from (found for row in rows if (found := fault(row)))
