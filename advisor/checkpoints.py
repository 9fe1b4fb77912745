"""Which weights an engine loads for a model in a precision, and the flags that this takes.

Rows of checkpoints.csv (published quantised weights), checkpoint_formats.csv (what each engine loads, or makes while
loading) and launch_flags.csv (what a model needs to start).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor.tables import column, read_rows

ONLINE = "online"
"""The format of 16-bit weights that an engine quantises while it loads them."""
UNVERIFIED = "unverified"
HINT = "delete it: what ships is read without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """Weights of a model in another precision than its own checkpoint. The first that the engine loads is taken."""

    model: str = column("Hugging Face id of the model, as in models.csv")
    precision: str = column("of the weights: bf16, fp8, fp4, int8 or int4")
    checkpoint: str = column("Hugging Face id of these weights, or a folder")
    format: str = column("how they are stored: bf16, fp8, compressed-tensors, modelopt, quark, awq or gptq")
    source: str = column("where the name was seen")
    source_url: str = column("their page", default="")
    as_of: str = column("when it was seen, ISO date", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """A format that an engine loads."""

    engine: str = column("vllm, sglang or trtllm")
    format: str = column(f"as in checkpoints.csv; `{ONLINE}`: 16-bit weights that it quantises while loading")
    precision: str = column("it is about this one alone; empty: any", default="")
    vendor: str = column("NVIDIA or AMD: on these GPUs alone it runs as support.csv says; empty: both", default="")
    flags: str = column("that tell the engine", default="")
    source: str = column("where it was seen")
    as_of: str = column("when it was seen, ISO date", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRow:
    """Flags without which an engine does not start a model, or not as it was meant."""

    engine: str = column("vllm, sglang or trtllm")
    model: str = column("Hugging Face id")
    flags: str = column("added to the command, in whatever precision")
    note: str = column("why", default="")
    source: str = column(f"where it was seen; `{UNVERIFIED}`: believed, not found")
    as_of: str = column("when it was seen, ISO date", default="")


@dataclass(frozen=True, slots=True)
class Loading:
    """How weights come about: `flags` tell the engine; `format` is empty for the model's own checkpoint."""

    format: str = ""
    checkpoint: str = ""
    flags: tuple[str, ...] = ()


class Checkpoints:
    """Rows of the three tables; a workspace's own checkpoints come before what ships."""

    def __init__(
        self,
        checkpoints: Iterable[CheckpointRow] = (),
        formats: Iterable[FormatRow] = (),
        launches: Iterable[LaunchRow] = (),
    ) -> None:
        self.checkpoints, self.formats, self.launches = tuple(checkpoints), tuple(formats), tuple(launches)

    @classmethod
    def read(cls, folders: Iterable[Path]) -> Checkpoints:
        """The tables of each folder, later folders first. Raises AdvisorError."""
        own_first = tuple(folders)[::-1]
        return cls(
            [row for folder in own_first for row in read_rows(folder / "checkpoints.csv", CheckpointRow, hint=HINT)],
            [row for folder in own_first for row in read_rows(folder / "checkpoint_formats.csv", FormatRow, hint=HINT)],
            [row for folder in own_first for row in read_rows(folder / "launch_flags.csv", LaunchRow, hint=HINT)],
        )

    def loading(self, engine: str, model: str, own_precision: str, precision: str, vendor: str = "") -> Loading | None:
        """How an engine gets a model's weights in a precision on a vendor's GPUs; None where no way is known.

        Its own checkpoint where that has the precision, else a published one, else 16-bit weights quantised while
        loading. Without a vendor, on those of any.
        """
        if precision == own_precision:
            return Loading()
        known = [row for row in self.checkpoints if (row.model, row.precision) == (model, precision)]
        for row in known:
            if (loads := self._format(engine, row.format, precision, vendor)) is not None:
                return Loading(row.format, row.checkpoint, tuple(loads.flags.split()))
        online = self._format(engine, ONLINE, precision, vendor) if own_precision == "bf16" else None
        return Loading(ONLINE, flags=tuple(online.flags.split())) if online and online.precision else None

    def _format(self, engine: str, format_: str, precision: str, vendor: str) -> FormatRow | None:
        of_engine = [row for row in self.formats if (row.engine, row.format) == (engine, format_)]
        there = [row for row in of_engine if not vendor or row.vendor in {"", vendor}]
        return next((row for row in there if row.precision in {"", precision}), None)

    def launches_of(self, engine: str, model: str) -> tuple[LaunchRow, ...]:
        """What a model needs to start on an engine."""
        return tuple(row for row in self.launches if (row.engine, row.model) == (engine, model))
