"""The table `incoming`: rows of answers on their way into files, checked all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from advisor.errors import AdvisorError, unknown
from advisor.store.sample_rules import ANY_BROKEN, OF_A_SEARCH, fault
from advisor.store.samples import SETUP, Sample
from advisor.store.texts import WRITTEN
from advisor.tables import columns
from advisor.tasks.answers import KINDS

Locate = Callable[[int], str]
"""From the place of a row to the words for it: "file, line 7"."""

KEY = ("run_id", "model", "task", "question_id", "sample_index")
"""What names one answer."""
DRAWN = ("model", "task", "strategy", "budget", *SETUP, "seed")
"""How answers were drawn: what differs in these is another run."""
NAMES = tuple(c.name for c in columns(Sample))
WAYS = f"""
create or replace temp table ways as
select *, row_number() over (order by {", ".join(DRAWN)}) as number
from (select distinct {", ".join(DRAWN)} from incoming where coalesce(run_id, '') = '')
"""
NAME_ONE_RUN = "update incoming set run_id = $name where coalesce(run_id, '') = ''"
NAME_RUNS = f"""
update incoming set run_id = concat($name, '-', ways.number)
from ways
where coalesce(incoming.run_id, '') = ''
    and {" and ".join(f"incoming.{name} is not distinct from ways.{name}" for name in DRAWN)}
"""
SUSPECT = f"""
create or replace temp table suspect as
select hash({", ".join(KEY)}) as digest from incoming group by digest having count(*) > 1
"""
"""Digests of answers that may be there twice: eight bytes an answer take less room and time than names."""
REPEATED = f"""
create or replace temp table repeated as
select {", ".join(KEY)}, min(rowid) as first from incoming
where hash({", ".join(KEY)}) in (from suspect)
group by {", ".join(KEY)} having count(*) > 1
"""
DISAGREEMENT = f"""
select max(place), {", ".join(KEY)}, list_filter(
    [{
    ", ".join(
        f"case when count(distinct coalesce({n}::varchar, '')) > 1 then '{n}' end"
        for n in (*NAMES, *(f"texts.{name}" for name in WRITTEN))
    )
}],
    lambda name: name is not null
) as differing
from incoming join repeated using ({", ".join(KEY)}) left join texts using (place)
group by {", ".join(KEY)} having len(differing) > 0 order by 1 limit 1
"""
DROP_COPIES = f"""
delete from incoming using repeated
where {" and ".join(f"incoming.{name} = repeated.{name}" for name in KEY)} and incoming.rowid > repeated.first
"""
OF_ONE_SEARCH = f"""
select max(place), run_id, question_id,
    case {" ".join(f"when count(distinct {name}) > 1 then '{name}'" for name in OF_A_SEARCH)} end as differing
from incoming where coalesce({", ".join(OF_A_SEARCH)}) is not null
group by run_id, model, task, question_id having differing is not null order by 1 limit 1
"""


def name_runs(connection: duckdb.DuckDBPyConnection, unnamed: Callable[[], str]) -> None:
    """Rows without a run_id become the run that `unnamed` names, or NAME-1, NAME-2 … where drawn in several ways."""
    connection.execute(WAYS)
    (n_ways,) = connection.execute("select count(*) from ways").fetchall()[0]
    if n_ways:
        connection.execute(NAME_ONE_RUN if n_ways == 1 else NAME_RUNS, {"name": unnamed()})


def check_rows(connection: duckdb.DuckDBPyConnection, path: Path, locate: Locate) -> None:
    """Drop copies of rows. Raises AdvisorError for what no answer can be, and for rows that contradict each other."""
    query = f"select *, rowid from incoming where {ANY_BROKEN} order by rowid limit 1"
    found = connection.execute(query)
    names = [str(column[0]) for column in found.description or ()]
    if values := found.fetchone():
        row = dict(zip(names, values, strict=True))
        known = fault({name: row[name] for name in NAMES})
        assert known is not None, "a rule says one thing in SQL and another in Python"
        what = f"question {row['question_id']!r}, sample {row['sample_index']}"
        raise AdvisorError(known.what, where=_where(path, row["place"], what, locate), hint=known.hint)
    connection.execute(SUSPECT)
    connection.execute(REPEATED)
    if connection.execute("select count(*) from repeated").fetchone() != (0,):
        if row_ := connection.execute(DISAGREEMENT).fetchone():
            place, run, model, task, question, sample, differing = row_
            what = f"holds rows that disagree about sample {sample} of question {question!r}, model {model!r}"
            what += f", task {task!r}, run {run!r}: {', '.join(differing)}"
            hint = "give every answer a sample_index of its own, and every way of drawing a run_id"
            raise AdvisorError(what, where=_where(path, place, "", locate), hint=hint)
        connection.execute(DROP_COPIES)
    if row_ := connection.execute(OF_ONE_SEARCH).fetchone():
        what = f"{row_[3]} differs between the rows of question {row_[2]!r}, run {row_[1]!r}"
        hint = f"{row_[3]} counts the whole search of a question: the same in all its rows"
        raise AdvisorError(what, where=_where(path, row_[0], "", locate), hint=hint)


def check_texts(connection: duckdb.DuckDBPyConnection, locate: Locate) -> None:
    """Raises AdvisorError for a kind of answer that is not known."""
    query = f"select place, kind from texts where kind not in {tuple(KINDS)!r} order by place limit 1"
    if row := connection.execute(query).fetchone():
        raise unknown("kind of answer", str(row[1]), KINDS, where=locate(row[0]))


def _where(path: Path, place: int | None, otherwise: str, locate: Locate) -> str:
    """The line or row where the file has such, else what else names the answer."""
    return locate(place) if place is not None else f"{path}, {otherwise}".removesuffix(", ")
