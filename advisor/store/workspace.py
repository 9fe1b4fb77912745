"""Where measurements lie, and a DuckDB connection over those that ship and the user's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from advisor.errors import AdvisorError
from advisor.shipped import is_installed, overlay, shipped_root
from advisor.store.sql import statement


@dataclass(frozen=True, slots=True)
class Workspace:
    """Shipped files, overlaid by the user's own folder where one is given."""

    own: Path | None

    @classmethod
    def open(cls, folder: str | None) -> Workspace:
        """From `--workspace` or ADVISOR_WORKSPACE; neither: what ships alone. Its models are known from now on. Raises AdvisorError."""
        chosen = folder or os.environ.get("ADVISOR_WORKSPACE")
        if not chosen:
            overlay(None)
            return cls(None)
        path = Path(chosen).expanduser()
        if path.exists() and not path.is_dir():
            raise AdvisorError("is not a folder", where=f"--workspace {path}")
        overlay(path / "profiles")
        return cls(path)

    @property
    def roots(self) -> list[Path]:
        """Lowest priority first."""
        return [shipped_root(), self.own] if self.own else [shipped_root()]

    @property
    def writable_root(self) -> Path:
        """Where new measurements go: the workspace, or the checkout itself. Raises AdvisorError for an installed package without one."""
        if self.own is None and is_installed():
            what = "say where to keep it: an installed package is replaced by the next"
            raise AdvisorError(what, where="--workspace", hint="give a folder, or set ADVISOR_WORKSPACE")
        return self.own or shipped_root()

    def files(self, pattern: str) -> list[str]:
        """Files of all roots that match, sorted, hidden ones apart."""
        return sorted(str(f) for root in self.roots for f in root.glob(pattern) if not f.name.startswith("."))

    @property
    def unfitted(self) -> bool:
        """Whether the user's own measurements are newer than their fits."""
        if self.own is None:
            return False
        measured = [f.stat().st_mtime for f in self.own.glob("measurements/*/*") if not f.name.startswith(".")]
        derived = [self.own / "profiles" / f"{name}.csv" for name in ("points", "curves", "performance", "corrections")]
        fitted = [f.stat().st_mtime for f in derived if f.exists()]
        return bool(measured) and (not fitted or max(measured) > max(fitted))

    def connect(self, table: str) -> duckdb.DuckDBPyConnection:
        """An in-memory database with the table `samples` or `runs` filled from every sealed file. Raises AdvisorError for a damaged one."""
        connection = duckdb.connect()
        connection.execute(statement("advisor.store", "schema"))
        for file in self.files(f"measurements/{table}/*.parquet"):
            own = self.own is not None and Path(file).is_relative_to(self.own)
            try:
                connection.execute(
                    f"insert into {table} by name select *, $own as own from read_parquet($file)",
                    {"file": file, "own": own},
                )
            except duckdb.Error as error:
                raise AdvisorError(
                    f"is no readable {table} file ({str(error).splitlines()[0]})",
                    where=file,
                    hint="delete it and import again",
                ) from None
        return connection
