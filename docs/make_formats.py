"""Write docs/formats.md from the row types that the program reads and writes.

python docs/make_formats.py
"""

from __future__ import annotations

import inspect
from pathlib import Path

from advisor.checkpoints import CheckpointRow, FormatRow, LaunchRow
from advisor.fits.curve_priors import LearnedRow
from advisor.gpus import GpuSpec
from advisor.models.catalog import ModelEntry
from advisor.prices import Price
from advisor.recommendation.hosted_prices import TokenPrice
from advisor.sampling import MeasuredRow, SamplingRow
from advisor.store.beliefs import CorrectionRow, CurveRow, Point, SetupRow, SpeedRow
from advisor.store.published import PublishedRow
from advisor.store.reported_counts import CountRow
from advisor.store.reported_lengths import LengthRow
from advisor.store.reported_strategies import StrategyRow
from advisor.store.runs import Run
from advisor.store.sample_rules import MOST_TOKENS
from advisor.store.samples import Sample
from advisor.store.texts import WRITTEN, Text
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
(`select * exclude (response)` in DuckDB). Columns without *required* may be absent, or begin at any line. Rows without
a run_id become one run a file, or one for each model, task, strategy and setting of drawing that the file has. The
columns {written} may stand beside those below: they become the run's file of texts, unless `--no-texts` is given.

### answers of other tools

`advisor import inspect`, `lm-eval`, `lighteval` and `evalscope` read the logs of these tools, a file or a folder, one
run for each task of each model; `advisor import epoch` reads Epoch AI's table of answers. Each is mapped by definition.

- Inspect AI: .eval (Deflate or Zstandard) and .json. An epoch is a sample_index; C, I and N of a scorer are the
  verdict; samples of several calls (agents) are left out.
- lm-eval: the output of `--log_samples`. Repeats are samples; a metric under a filter is the verdict, of those that
  judge every answer the strictest, then the task's first. It records no tokens. Tasks that compare likelihoods are
  refused.
- lighteval: the output of `--save-details`. Of a mean over several answers the verdicts are known where all or none are
  right, or where our own reading of a known task agrees with it. Padding of its transformers backend is no token.
- EvalScope 1.x: reviews with the predictions of the same names, and configs/task_config.yaml.

Where several metrics judge, the strictest decides and the notes say which (`--metric` takes another); partial scores,
likelihoods and votes are no verdicts, and a task without a verdict for every answer is left out whole, because what
is left of it would be another task. Where the log keeps no answers, right ones are `correct` and wrong ones null.
Tokens that the log lacks are counted with the model's tokenizer where transformers and the tokenizer are on this
machine (tokens_from says so), else null. A set-up column is what the log says; null where it does not.

Models are found by their names in the catalogue, without the name of a provider before it; any Hugging Face id is
taken, and any name of your own with `--model`. Without a config in the catalogue a model's answers are in, but it
cannot be costed until `advisor import model FOLDER`. What is left out is named on stderr, in `notes` of the JSON.

While `advisor calibrate` runs, completions, rewards and answers lie in a hidden journal `.RUN.jsonl` beside the sealed
files, a JSON line each; the same command takes it up and seals it when no question is missing. One process at a time
writes it. A question whose requests failed, or were answered with what no answer can be, is a row with finish_reason
`error`, and is tried again; with `--skip-failed` it is sealed as that. A line of the journal that is damaged or
impossible is moved to `.RUN.set-aside` beside it and named, and what it held is drawn again.

`advisor regrade` reads the texts of a run again; rows that change are sealed anew, and the former ones kept as the
hidden `.RUN.former-1.parquet`, which nothing counts.

A **set-up** is how an answer was drawn: the columns from `endpoint` to `max_tokens`. Every set-up of a model, task and
strategy has points and curves of its own, so fill in what you know of them. Runs of which nothing is recorded, and runs
of one set-up by several engines or versions, are counted together only while they differ by no more than chance; else
each is a set-up named by its run_id, and `advisor fit` says which. Answers with the same set-up, seed, question and
sample_index from one engine are the same draw, in however many runs and files they lie, and count once; without a seed
every run has draws of its own. Votes are weighted by one reward model, aggregation (`reward`) and `step_delimiter` at a
time."""

TEXTS = """## measurements/texts/RUN.parquet

Beside the samples of the same name, for runs whose texts were kept. Nobody's answers depend on it: without the file a
run counts just the same."""

RUNS = """## measurements/runs/RUN.parquet

What was seen, never rewritten. Written by `advisor profile`, `advisor import vllm-bench`, `advisor import guidellm`
and `advisor import runs FILE`, the last from CSV or Parquet in these columns; what a file leaves out can be given as
flags. One of tpot_s, request_s and output_tokens_per_s must be there."""

PUBLISHED = """## measurements/published/NAME.csv

Accuracies that others report, without their answers. What is measured on the same model, task and strategy replaces
them."""

LENGTHS = """## measurements/lengths/NAME.csv

Mean lengths of answers without their accuracy: `advisor fit` learns from them how wordy models are, beside what is
measured, and imputes tokens that nobody counted (docs/method.md). A workspace may have tables of its own. A model that
thinks before it answers needs a row in sampling.csv that says so, the mode without a switch first."""

COUNTS = """## measurements/counts/NAME.csv

Right answers of up to thousands counted by question, which others report without the answers. `inference_scaling`
learns from them which size of a family is best for a budget; they are no points and no tasks of `recommend`. A
workspace may have tables of its own; models need a config in the catalogue."""

STRATEGIES = """## measurements/strategies/NAME.csv

What strategies got right of each question and what they cost, for `inference_scaling` to compare at equal FLOPs beside
the stored answers. testbed.csv is made by `benchmarks/testbed.py`: tiny models of this project, no evidence about large
ones, never recommended."""

TASKS = """## Task files

`advisor calibrate --task FILE` reads JSONL or Parquet with the columns question, answer and optionally id."""

HOSTED = """## Price lists of hosted APIs

`advisor recommend --hosted FILE.csv` reads token prices that the pick is set beside. None ship; `--hosted genai-prices`
takes those of the package of that name (`pip install 'frontier-advisor[hosted]'`). Models that are not known here are
left out and named."""

MAINTAINED = """## profiles/: maintained specs

Kept by hand or by the scripts beside them, a source in every row. Own models are added to the workspace's tables by
`advisor import model FOLDER`, and by `advisor calibrate FOLDER`; a machine without a GPU adds its own row to gpus.csv
when it is profiled. Own prices: `--price h200-sxm=2.10usd/h`, or a CSV with at least `gpu,usd_per_hour`.
learned_curves.csv is made from published data sets by `benchmarks/learn_curves.py`."""

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
        SAMPLES.format(tokens=f"{MOST_TOKENS:,}", written=", ".join(WRITTEN)),
        section("columns", Sample),
        TEXTS,
        section("columns of texts", Text),
        RUNS,
        section("columns", Run),
        PUBLISHED,
        section("columns of published accuracies", PublishedRow),
        LENGTHS,
        section("columns of lengths", LengthRow),
        COUNTS,
        section("columns of counts", CountRow),
        STRATEGIES,
        section("columns of strategies", StrategyRow),
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
        section("learned_curves.csv", LearnedRow),
        DERIVED,
        section("points.csv", Point),
        section("curves.csv", CurveRow),
        section("setups.csv", SetupRow),
        section("performance.csv", SpeedRow),
        section("corrections.csv", CorrectionRow),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
