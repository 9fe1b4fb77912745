"""The verb `check`: every file of a workspace read as the program reads it, each damaged one named, in one go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.fits.curve_priors import TABLE as LEARNED
from advisor.fits.curve_priors import read_learned_file
from advisor.fits.line import curve_of
from advisor.fits.prior import TABLE as PRIOR
from advisor.fits.prior import read_prior_file
from advisor.fits.speeds import Speeds
from advisor.gpus import Gpus
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.models.families import read_config
from advisor.store.beliefs import Fits
from advisor.store.folders import entries, visible
from advisor.store.measurements import MEND, sealed_table
from advisor.store.readers import REPORTED, TABLES, Reader
from advisor.store.recorded import journals
from advisor.store.runs import Run, fault_of_load
from advisor.store.sample_rules import ANY_BROKEN, fault
from advisor.store.samples import Sample
from advisor.store.texts import Text
from advisor.store.workspace import Workspace
from advisor.tables import columns
from advisor.values import Rows, Value

RESUME = "run the command that began it again: it sets such lines aside and goes on"
BRING = "put a copy of it back, or bring it in again"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file, or the line of it, that cannot be read as what it should be: what is wrong, and what to do."""

    where: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Checked(Value):
    """How many files were read in the folder, and the damaged ones."""

    folder: str
    files: int
    damaged: Rows[Damaged]


@checked_arguments
def check(workspace: Workspace) -> Checked:
    """Read every file of the workspace, of what ships where it has no folder; what is damaged is returned."""
    root = workspace.roots[-1]
    files = list(_files(root))
    faults = (_fault(file, reader) for file, reader in files)
    damaged = dict.fromkeys(fault for fault in faults if fault)  # a table that another one needs is named once
    return Checked(str(root), len(files), Rows(damaged, Damaged))


def _fault(file: Path, reader: Reader) -> Damaged | None:
    try:
        reader(file)
    except AdvisorError as error:
        return Damaged(error.where or str(file), error.what, error.hint or BRING)
    return None


def _files(root: Path) -> Iterator[tuple[Path, Reader]]:
    """Every file that the program would read, and folders that it cannot look into."""
    measurements, profiles = root / "measurements", root / "profiles"
    for name, reader in SEALED.items():
        yield from _in(measurements / name, reader, ".parquet")
    for name, reader in REPORTED.items():
        yield from _in(measurements / name, reader, ".csv")
    for name in ("samples", "runs"):
        if _is_readable(measurements / name):
            yield from ((file, _read_journal) for file in journals(measurements / name))
    yield from (
        (profiles / name, reader) for name, reader in {**TABLES, **DERIVED}.items() if _is_there(profiles / name)
    )
    yield from _in(profiles / "models", lambda folder: read_config(folder / "config.json"), "")
    if not _is_readable(profiles):
        yield profiles, entries


def _in(folder: Path, reader: Reader, ending: str) -> Iterator[tuple[Path, Reader]]:
    if _is_readable(folder):
        yield from ((file, reader) for file in visible(folder, ending))
    else:
        yield folder, entries


def _is_readable(folder: Path) -> bool:
    try:
        entries(folder)
    except AdvisorError:
        return False
    return True


def _is_there(file: Path) -> bool:
    return file.is_symlink() or file.exists()


def _read_samples(file: Path) -> None:
    names = [column.name for column in columns(Sample)]
    connection = sealed_table(file, "samples", Sample)
    # recorded before such rows were refused, and counted all the same
    broken = f"({ANY_BROKEN}) and not (coalesce(correct, false) and answer is null)"
    for values in connection.execute(f"select {', '.join(names)} from samples where {broken} limit 1").fetchall():
        row = dict(zip(names, values, strict=True))
        if found := fault(row):
            where = f"{file}, question {row['question_id']!r}, sample {row['sample_index']}"
            raise AdvisorError(found.what, where=where, hint=f"{found.hint}; {MEND}")
    key = "run_id, model, task, question_id, sample_index"
    doubled = f"select question_id, sample_index from samples group by {key} having count(*) > 1 order by all limit 1"
    for question, index in connection.execute(doubled).fetchall():
        raise AdvisorError(f"has sample {index} of question {question!r} twice", where=str(file), hint=MEND)


def _read_runs(file: Path) -> None:
    names = [column.name for column in columns(Run)]
    rows = sealed_table(file, "runs", Run).execute(f"select {', '.join(names)} from runs").fetchall()
    for number, values in enumerate(rows, 1):
        if reason := fault_of_load("", [dict(zip(names, values, strict=True))]):
            raise AdvisorError(reason, where=f"{file}, row {number}", hint=MEND)


def _read_texts(file: Path) -> None:
    sealed_table(file, "texts", Text)


def _read_journal(file: Path) -> None:
    """A last line that was cut short is what a killed run leaves: it is drawn again."""
    checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise AdvisorError(f"cannot be read ({error.strerror})", where=str(file), hint=MEND) from None
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\n") and not _is_entry(line):
            raise AdvisorError("is no line of a journal", where=f"{file}, line {number}", hint=RESUME)


def _is_entry(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _read_curves(file: Path) -> None:
    for row in Fits([file.parent]).curves:
        curve_of(row)


SEALED: Mapping[str, Reader] = {"samples": _read_samples, "runs": _read_runs, "texts": _read_texts}
"""How the files in each folder of measurements/ are read, rows that no answer and no load can be named too."""
DERIVED: Mapping[str, Reader] = {
    "points.csv": lambda file: Fits([file.parent]).points,
    "curves.csv": _read_curves,
    "setups.csv": lambda file: Fits([file.parent]).setups,
    "performance.csv": lambda file: Fits([file.parent]).speeds,
    "corrections.csv": lambda file: Speeds.of_tables(Fits([file.parent]), Gpus(())),
    PRIOR: read_prior_file,
    LEARNED: read_learned_file,
}
"""How each table of profiles/ that the program makes is read."""
