"""Which files of a workspace are shared, what they are called in a store, and what is to be done about each.

A store holds every file once, under the name that it has in a folder: `measurements/samples/RUN.parquet`. Nothing in it
is overwritten. A file that changes after all (answers regraded, a table that people maintain) is there anew as
`NAME.v2`, `NAME.v3`, …, of which the highest counts and the others stay. Derived tables, journals and locks stay here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DERIVED = ("points.csv", "curves.csv", "setups.csv", "performance.csv", "corrections.csv")
"""Tables of profiles/ that `fit` makes of the measurements."""
FOLDERS = ("measurements", "profiles")
SAMPLES, TEXTS = "measurements/samples/", "measurements/texts/"
_NAME = r"[^./\s\\\x00-\x1f][^/\\\x00-\x1f]{0,199}"
_SHARED = re.compile(
    rf"measurements/(samples|texts|runs)/{_NAME}\.parquet"
    rf"|measurements/(published|lengths|counts|strategies)/{_NAME}\.csv"
    rf"|profiles/{_NAME}\.csv"
    rf"|profiles/models/{_NAME}/config\.json"
)
_VERSIONED = re.compile(r"(.+)\.v([1-9][0-9]{0,5})")

Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its bytes."""


def is_shared(name: str) -> bool:
    """Whether a file of this name below a workspace is one that a store holds."""
    return _SHARED.fullmatch(name) is not None and name.removeprefix("profiles/") not in DERIVED


def versioned(name: str, version: int) -> str:
    """What a version of a file is called in a store.

    >>> versioned("profiles/prices.csv", 1), versioned("profiles/prices.csv", 2)
    ('profiles/prices.csv', 'profiles/prices.csv.v2')
    """
    return name if version == 1 else f"{name}.v{version}"


def version_of(object_name: str) -> tuple[str, int] | None:
    """The file that an object is, and its version; None for an object that is none of ours."""
    if is_shared(object_name):
        return object_name, 1
    found = _VERSIONED.fullmatch(object_name)
    if found is None or int(found[2]) < 2 or not is_shared(found[1]):
        return None
    return found[1], int(found[2])


def order(name: str) -> tuple[bool, bool, str]:
    """Where a file comes among those that are made in a store, each before what rests on it.

    Samples come before their texts, since who made the samples made the run; a model's config before `models.csv`.
    """
    return not name.startswith(SAMPLES), not name.startswith("profiles/models/"), name


def run_of(name: str) -> str:
    """The run whose samples or texts a file holds."""
    return name.rpartition("/")[2].removesuffix(".parquet")


def samples_of(text: str) -> str:
    """The file with the samples that a file of texts belongs to."""
    return f"{SAMPLES}{run_of(text)}.parquet"


@dataclass(frozen=True, slots=True)
class There:
    """The highest version of a file in the store."""

    version: int
    mark: str
    size: int
    made_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """What was the same here and there last; `newer` are columns for which it is left out here."""

    version: int
    mark: str
    stamp: Stamp | None
    newer: tuple[str, ...] = ()


def step(there: There | None, here: Stamp | None, known: Known | None) -> str:
    """What is to be done about a file.

    fetch    it is there and not here, or there anew
    push     it is here and not there, or changed here
    compare  it is in both places, and nobody knows whether it is the same; where it is not, what is there counts
    aside    it was taken away there
    forget   it is in neither place
    nothing  it is the same
    """
    changed_here = here is not None and (known is None or here != known.stamp)
    if there is None:
        return "push" if changed_here else "aside" if here is not None else "forget" if known else "nothing"
    is_new = known is None or (there.version, there.mark) != (known.version, known.mark)
    if changed_here:
        return "compare" if is_new else "push"
    gone_here = here is None and known is not None and known.stamp is not None
    return "fetch" if is_new or gone_here else "nothing"


def highest(objects: Iterable[tuple[str, int, str, float]]) -> dict[str, There]:
    """Of each file the highest version among objects: name, size, mark, when it was made."""
    found: dict[str, There] = {}
    for object_name, size, mark, made_s in objects:
        if (of := version_of(object_name)) is None:
            continue
        name, version = of
        if name not in found or found[name].version < version:
            found[name] = There(version, mark, size, made_s)
    return found
