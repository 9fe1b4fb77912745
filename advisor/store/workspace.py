"""An explicit handle on what is known: the files that ship, overlaid by a folder of the user's own.

    ws = Workspace("ours")   # a path, not yet there or full; without one, only what ships

Nothing is global: two workspaces open at once answer independently. A table that changed on disk is read anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from advisor.checkpoints import Checkpoints
from advisor.errors import AdvisorError
from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.prices import Prices
from advisor.printable import command_line
from advisor.sampling import Sampling
from advisor.store.beliefs import Fits
from advisor.store.folders import visible
from advisor.store.measurements import Measurements
from advisor.store.remote import is_url
from advisor.store.runs import Run
from advisor.store.samples import Sample
from advisor.store.shared_names import DERIVED
from advisor.store.shipped import is_installed, shipped_root
from advisor.support import SupportTable

if TYPE_CHECKING:
    from advisor.store.mirror import Mirror

Table = TypeVar("Table")

MEASURED = ("samples", "runs", "published", "lengths")


class Workspace:
    """What ships alone, or with the user's own measurements and profiles over it. Raises AdvisorError for a file.

    At a URL (s3://bucket/folder) it is a store that several share: `own` is its copy here, brought up to date now, and
    `push` makes in the store what was recorded since. Raises MissingAbility where it cannot be reached.

    With `own_answers` the answers and accuracies of the folder alone count, and what follows from them; models, GPUs,
    prices and speeds that ship stay known.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        today: date | None = None,
        own_answers: bool = False,
    ) -> None:
        self._today = today
        self.shared = _mirror(str(folder)) if folder and is_url(str(folder)) else None
        self.own = self.shared.folder if self.shared else Path(folder).expanduser() if folder else None
        if self.own is not None and self.own.exists() and not self.own.is_dir():
            raise AdvisorError("is not a folder", where=f"--workspace {self.own}")
        if own_answers and self.own is None:
            raise AdvisorError("a folder is missing whose answers count", where="--workspace", hint="name yours")
        every = (shipped_root(), self.own) if self.own else (shipped_root(),)
        self.roots = every[-1:] if own_answers else every
        """Folders with measurements/, what ships first."""
        self.profiles = tuple(root / "profiles" for root in every)
        """Folders of profiles, what ships first."""
        self._read: dict[str, tuple[object, Any]] = {}

    def __repr__(self) -> str:
        return f"Workspace({self.name!r})" if self.own else "Workspace()"

    @property
    def name(self) -> str:
        """What `--workspace` has to be for it: a folder or a URL; empty for what ships alone."""
        return self.shared.url if self.shared else str(self.own or "")

    @property
    def is_new(self) -> bool:
        """Whether nothing of the user's own is there yet."""
        return self.shared.is_empty if self.shared else self.own is not None and not self.own.exists()

    def push(self) -> None:
        """Make in a shared store what was recorded here. Raises MissingAbility where that fails; it is kept then."""
        if self.shared:
            self.shared.push()
            if self.shared.unpushed:
                raise self.shared.unpushed

    @property
    def alone(self) -> str:
        """The folder whose answers count and no others; empty where those that ship count, too."""
        return self.name if len(self.roots) < len(self.profiles) else ""

    @property
    def today(self) -> date:
        """The day that the age of prices is counted to."""
        return self._today or date.today()

    @property
    def writable(self) -> Path:
        """Where new rows go: the user's folder, or the checkout itself.

        Raises AdvisorError for an installed package without a folder.
        """
        if self.own is None and is_installed():
            what = "choose where to keep it: files inside an installed package are lost with its next version"
            raise AdvisorError(what, where="--workspace", hint="give a folder, or set ADVISOR_WORKSPACE")
        return self.own or shipped_root()

    @property
    def fit_command(self) -> str:
        """The command that derives this workspace's profiles anew."""
        return command_line(["advisor", "fit", "--workspace", self.name]) if self.own else "advisor fit"

    @property
    def models(self) -> Catalog:
        """Models by id."""
        return self._current("models", Catalog.read, ("models.csv", "checkpoints.csv"))

    @property
    def gpus(self) -> Gpus:
        """GPUs by name."""
        return self._current("gpus.csv", Gpus.read)

    @property
    def support(self) -> SupportTable:
        """Which precision an engine runs on which GPUs."""
        return self._current("support", SupportTable.read, ("support.csv", "families.csv"))

    @property
    def checkpoints(self) -> Checkpoints:
        """Which weights an engine loads for a model, and the flags that this takes."""
        files = ("checkpoints.csv", "checkpoint_formats.csv", "launch_flags.csv")
        return self._current("checkpoints", Checkpoints.read, files)

    @property
    def sampling(self) -> Sampling:
        """What requests to a model state: recommended by its publisher, and where its accuracy was measured."""
        return self._current("sampling", Sampling.read, ("sampling.csv", "measured_with.csv"))

    @property
    def prices(self) -> Prices:
        """The machines that are offered."""
        return self._current("prices.csv", lambda folders: Prices.read(folders, self.gpus))

    @property
    def fits(self) -> Fits:
        """Strategy points, curves, efficiencies and corrections."""
        return self._current("fits", lambda folders: Fits(folders, folders[-1:] if self.alone else folders), DERIVED)

    @property
    def samples(self) -> Measurements:
        """Every stored answer."""
        return self._measurements("samples", Sample)

    @property
    def runs(self) -> Measurements:
        """Every measured load."""
        return self._measurements("runs", Run)

    def published(self) -> tuple[Path, ...]:
        """Tables of published accuracies of the writable folder's root."""
        return visible(self.writable / "measurements" / "published", ".csv")

    @property
    def unfitted(self) -> bool:
        """Whether the user's own measurements are newer than their fits."""
        if self.own is None:
            return False
        folders = (self.own / "measurements" / kind for kind in MEASURED)
        measured = [at[0] for folder in folders for file in visible(folder, "") if (at := _stamp(file))]
        fitted = [at[0] for name in DERIVED if (at := _stamp(self.own / "profiles" / name))]
        return bool(measured) and (not fitted or max(measured) > min(fitted))

    def _measurements(self, table: str, row: type) -> Measurements:
        folders = tuple(root / "measurements" / table for root in self.roots)
        return Measurements(table, row, folders, self.own)

    def _current(self, name: str, read: Callable[[tuple[Path, ...]], Table], files: Sequence[str] = ()) -> Table:
        """What `read` makes of the profiles/ folders, kept until one of the files changes."""
        stamp = tuple(_stamp(folder / file) for folder in self.profiles for file in files or (name,))
        if name not in self._read or self._read[name][0] != stamp:
            self._read[name] = (stamp, read(self.profiles))
        found: Table = self._read[name][1]
        return found


def _mirror(url: str) -> Mirror:
    from advisor.store.mirror import Mirror

    return Mirror(url)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
