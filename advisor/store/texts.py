"""What models wrote, word for word: the columns of measurements/texts/*.parquet, a file a run beside its samples.

Answers are derived from texts, so that they can be checked again when their reading is mended, scored by a reward model
later, and drawn on by a run of more samples. The fit never reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.tables import column, columns

BATCH = 1000
"""Rows that are in memory at once while they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of one row of the run's samples."""

    run_id: str = column("as in the samples, where the other columns of this answer are")
    question_id: str = column("as in the samples")
    sample_index: int = column("as in the samples")
    prompt: str | None = column(
        "what the model was given, without system prompt and examples; null: not kept", free_text=True
    )
    text: str = column("what it wrote, thinking included where it is part of the text", free_text=True)
    reasoning: str | None = column(
        "thinking that the server hands out apart from the answer", default=None, free_text=True
    )
    reference: str | None = column(
        "the right answer, as the task has it; null: not known", default=None, free_text=True
    )
    kind: str | None = column("how answers are read: math, choice, number, exact or arithmetic", default=None)
    rewards: str | None = column("JSON list of the rewards of its steps", default=None, free_text=True)


WRITTEN = ("prompt", "text", "reasoning", "reference", "kind")
"""The columns that say what was written, without those that name the answer."""


def texts_writer(rows: Iterable[dict[str, Any]]) -> Callable[[Path], None]:
    """A function that writes the rows, whose keys are columns of Text, to a path, a batch at a time."""

    def write(path: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        kinds = {str: pyarrow.string(), int: pyarrow.int64()}
        schema = pyarrow.schema([(c.name, kinds[c.kind]) for c in columns(Text)])
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in _batches(rows):
                writer.write_table(pyarrow.Table.from_pylist(batch, schema))

    return write


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
