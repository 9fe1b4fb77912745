"""Which seeds are run, and how their outcomes are counted."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.fuzz import command_lines, files, servers
from tests.fuzz.watched import Case, Outcome, scratch, watched


def _each(suite: str, make: Callable[..., Case], seeds: Iterable[int]) -> Iterator[Outcome]:
    """Each seed in an empty folder."""
    with scratch() as folder:
        for seed in seeds:
            for left in folder.iterdir():
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            yield watched(seed, make(random.Random(f"{suite}/{seed}"), folder))


SUITES: dict[str, Callable[[Iterable[int]], Iterator[Outcome]]] = {
    "command lines": partial(_each, "command lines", command_lines.case),
    **{kind: partial(_each, kind, partial(files.case, kind=kind)) for kind in files.KINDS},
    "servers": servers.outcomes,
}


@dataclass
class Counts:
    """Outcomes of a suite; `faults` are those that are not as they should be."""

    seeds: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    faults: list[Outcome] = field(default_factory=list)

    @property
    def tracebacks(self) -> int:
        """Outcomes that are bugs of ours by themselves."""
        return self.codes[70] + self.codes[-1]

    @property
    def not_one_line(self) -> int:
        """Failures that said more than one line, or nothing."""
        return sum("not one line" in each.problems for each in self.faults)


def counted(suite: str, seeds: Iterable[int]) -> Counts:
    """The outcomes of seeds."""
    counts = Counts()
    for outcome in SUITES[suite](seeds):
        counts.seeds += 1
        counts.codes[outcome.code] += 1
        counts.faults += [outcome] if outcome.problems else []
    return counts
