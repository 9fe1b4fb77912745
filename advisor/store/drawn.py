"""How the user's own answers were drawn, as their rows record it."""

from __future__ import annotations

import duckdb

from advisor.errors import AdvisorError
from advisor.sampling import MeasuredRow
from advisor.store.measurements import MEND, Measurements

RECORDED = ("temperature", "top_p", "frequency_penalty", "max_tokens")


def drawn_with(samples: Measurements, runs: str) -> MeasuredRow | None:
    """The sampling parameters of the runs that `runs` lists, None where none of them is a file of the user's own.

    What is not recorded, or differs among the runs, is None. Raises AdvisorError for a damaged file.
    """
    names = {f"{run}.parquet" for run in runs.split()}
    files = [str(file) for file in samples.files if file.name in names and file.parent.parent.parent == samples.own]
    if not files:
        return None
    query = ", ".join(f"if(count(distinct {name}) = 1, any_value({name}), null)" for name in RECORDED)
    read = f"select {query} from read_parquet($files, union_by_name = true)"
    try:
        found = duckdb.connect().execute(read, {"files": files}).fetchone()
    except duckdb.Error as error:
        named = next((file for file in files if file in str(error)), files[0])
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=named, hint=MEND) from None
    values = dict(zip(RECORDED, found or (None,) * len(RECORDED), strict=True))
    return MeasuredRow(runs=runs, source="the rows of the runs themselves", **values)
