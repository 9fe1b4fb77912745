"""Write docs/formats.md from the row types that the program reads and writes.

python docs/make_formats.py
"""

from __future__ import annotations

import inspect
from pathlib import Path

from advisor.checkpoints import CheckpointRow, FormatRow, LaunchRow
from advisor.gpus import GpuSpec
from advisor.models.catalog import ModelEntry
from advisor.prices import Price
from advisor.recommendation.hosted_prices import TokenPrice
from advisor.sampling import MeasuredRow, SamplingRow
from advisor.store.beliefs import CorrectionRow, CurveRow, Point, SpeedRow
from advisor.store.runs import Run
from advisor.store.sample_rules import MOST_TOKENS
from advisor.store.samples import Sample
from advisor.store.texts import Text
from advisor.support import FamilyRow, SupportRow
from advisor.tables import columns

PAGE = Path(__file__).parent / "formats.md"

TOP = """# Files

Made by `python docs/make_formats.py`.

Everything is a file; DuckDB queries them in memory. A workspace (`--workspace DIR`) has the same folders and overlays
what ships. Files are written under a temporary name and renamed, so none is ever half written. A table may have its
columns in any order; a column that is not listed here is ignored in CSV tables and refused in files that are imported.
A column without *required* may be absent or empty.

Names are texts of at most 500 characters; they and all texts of CSV tables have no line breaks, control characters,
marks of direction or invisible characters, which answers, prompts and notes alone may have. Files that are named are
regular ones: tables, tasks and reports of at most 100 MB, answers of at most 20 GB and 20 million rows. Numbers are in
the digits 0 to 9, without underscores."""

SAMPLES = """## measurements/samples/RUN.parquet

What was seen, never rewritten. `advisor import samples FILE` reads the same columns from JSONL or Parquet.

Nothing impossible is recorded: every answer, drawn or imported, passes the same rules first. Counts are whole and not
negative ({tokens} tokens an answer at most), scores are numbers and not NaN, `correct` is true or false (or 1 or 0),
an answer that is correct has a text (any that stands for it, as `correct`), finish_reason and strategy are among those
below. One row is one answer: rows of one run, model, task, question and sample_index that differ are refused, copies
count once. The search_ columns are the same in all rows of a question. An error names file, line (of Parquet the row)
and column, and nothing of the file is imported.

A column that is not listed is refused, so that a misspelt one does not pass for an absent one: leave other columns out
(`select * exclude (prompt, response)` in DuckDB). Columns without *required* may be absent, or begin at any line. Rows
without a run_id become one run a file, or one for each model, task, strategy and setting of drawing that the file has.
`advisor import epoch` finds models by their names in the catalogue, and takes any Hugging Face id.

While `advisor calibrate` runs, answers lie in a hidden journal beside the sealed files, one JSON line a question, on
disk before the next; the same command takes it up and seals it when no question is missing. A question whose requests
failed, or were answered with what no answer can be, is a row with finish_reason `error`, and is tried again. A line
of the journal that is damaged or impossible is moved to `.RUN.set-aside` beside it and named, and its question asked
again.

Of several settings of one strategy the user's own come first, then the one with most answers; `advisor fit` names the
others."""

TEXTS = """## measurements/texts/RUN.parquet

Beside the samples of the same name, for runs whose texts were kept. Nobody's answers depend on it: without the file a
run counts just the same."""

RUNS = """## measurements/runs/RUN.parquet

What was seen, never rewritten. Written by `advisor profile`, `advisor import vllm-bench`, `advisor import guidellm`
and `advisor import runs FILE`, the last from CSV or Parquet in these columns; what a file leaves out can be given as
flags. One of tpot_s, request_s and output_tokens_per_s must be there."""

TASKS = """## Task files

`advisor calibrate --task FILE` reads JSONL or Parquet with the columns question, answer and optionally id."""

HOSTED = """## Price lists of hosted APIs

`advisor recommend --hosted FILE.csv` reads token prices that the pick is set beside. None ship; `--hosted genai-prices`
takes those of the package of that name (`pip install 'frontier-advisor[hosted]'`). Models that are not known here are
left out and named."""

MAINTAINED = """## profiles/: maintained specs

Kept by hand or by the scripts beside them, a source in every row. Own models are added to the workspace's tables by
`advisor import model FOLDER`, and by `advisor calibrate FOLDER`; a machine without a GPU adds its own row to gpus.csv
when it is profiled. Own prices: `--price h200-sxm=2.10usd/h`, or a CSV with at least `gpu,usd_per_hour`."""

DERIVED = """## profiles/: derived tables

Made again at any time by `advisor fit` (what ships: `profiles/make_performance.py` for performance.csv,
corrections.csv and pooling.csv). Deleting them loses nothing. pooling.csv holds how far models deviate from the
physics: variances of every coefficient at each level of docs/method.md."""


def section(heading: str, row: type) -> str:
    """A heading, what a row is, and its columns."""
    lines = [f"| {c.name} | {c.words}{', required' if c.required else ''} | {c.doc} |" for c in columns(row)]
    head = [f"### {heading}", "", inspect.getdoc(row) or "", "", "| column | type | meaning |", "|---|---|---|"]
    return "\n".join([*head, *lines])


def page() -> str:
    """The whole page."""
    parts = [
        TOP,
        SAMPLES.format(tokens=f"{MOST_TOKENS:,}"),
        section("columns", Sample),
        TEXTS,
        section("columns of texts", Text),
        RUNS,
        section("columns", Run),
        TASKS,
        HOSTED,
        section("columns of a price list", TokenPrice),
        MAINTAINED,
        section("models.csv, with models/CONFIG/config.json", ModelEntry),
        section("gpus.csv", GpuSpec),
        section("prices.csv", Price),
        section("support.csv", SupportRow),
        section("families.csv", FamilyRow),
        section("checkpoints.csv", CheckpointRow),
        section("checkpoint_formats.csv", FormatRow),
        section("launch_flags.csv", LaunchRow),
        section("sampling.csv", SamplingRow),
        section("measured_with.csv", MeasuredRow),
        DERIVED,
        section("points.csv", Point),
        section("curves.csv", CurveRow),
        section("performance.csv", SpeedRow),
        section("corrections.csv", CorrectionRow),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
