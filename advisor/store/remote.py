"""The objects of a store at a URL, over fsspec: listed, fetched whole, and made once, never overwritten.

Everything that is shared rests on one operation, to make an object that is not there yet, which S3, Google Storage and
Azure do in one step (`If-None-Match: *`, `ifGenerationMatch=0`). Credentials, endpoint and region come from fsspec's
configuration and the environment variables of the protocol's own tools.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError, MissingAbility, install
from advisor.printable import shortened

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
"""Of the protocols that make an object in one step where it is not there: what installs them."""
CREDENTIALS = {
    "s3": "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
FOLDERS = {"file", "local"}
READ_ONLY = {"http", "https"}
WRAPPERS = {"zip", "tar", "libarchive", "reference", "filecache", "simplecache", "blockcache", "cached", "dir", "data"}
"""Protocols that read what lies elsewhere."""
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST", "AZURE_STORAGE_ACCOUNT_NAME")
MARKS = ("ETag", "etag", "md5Hash", "generation", "mtime", "created", "LastModified", "last_modified")
TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")
FORMS = "give a folder, or an address as s3://bucket/folder, gs://bucket/folder, az://container/folder"
PATIENCE = {"connect_timeout": 10, "read_timeout": 20}
"""Seconds for S3, where fsspec's configuration has no options: botocore tries a silent endpoint for minutes."""
FULL = (errno.ENOSPC, errno.EDQUOT)
TRIES, AGAIN_S = 3, 0.2
FOOTER_BYTES = 2**16
"""Of a Parquet file, that are read at once at its end."""
LONGEST = 300
"""Characters of what a library says."""
SECRET = re.compile("SECRET|KEY|TOKEN|PASSWORD|CONNECTION_STRING|SAS", re.IGNORECASE)


def is_url(workspace: str) -> bool:
    """Whether a workspace lies at a URL, not in a folder."""
    return "://" in workspace or re.match(r"[A-Za-z][\w+.-]+:/", workspace) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its bytes, a mark that another content changes, and when it was made by the store's own clock."""

    size: int
    mark: str
    made_s: float


@dataclass(frozen=True, slots=True)
class Remote:
    """What lies under `root` in the file system `fs` of fsspec. `endpoint` tells stores of one URL apart."""

    url: str
    protocol: str
    root: str
    fs: Any
    endpoint: str

    @property
    def is_conditional(self) -> bool:
        """Whether an object is made in one step where it is not there; else it is looked for, and made then."""
        return self.protocol in EXTRAS

    def listing(self, *folders: str) -> dict[str, Found]:
        """Objects by their names below the URL. Raises AdvisorError for a missing bucket, MissingAbility."""
        found: dict[str, Found] = {}
        self.fs.invalidate_cache()
        with self._answering():
            for folder in folders:
                try:
                    objects: Mapping[str, Mapping[str, Any]] = self.fs.find(f"{self.root}/{folder}", detail=True)
                except FileNotFoundError as error:
                    raise self._absent(_said(error)) from None
                for path, info in objects.items():
                    mark = next((str(info[name]) for name in MARKS if info.get(name)), "")
                    size = int(info.get("size") or 0)
                    found[path.removeprefix(f"{self.root}/")] = Found(size, f"{mark} {size}", _made_s(info))
            container = self.root.partition("/")[0]
            if not found and EXTRAS.get(self.protocol) == "az" and not self.fs.exists(container):
                raise self._absent(f"no container {container}")  # which lists as an empty one
        return found

    def _absent(self, said: str) -> AdvisorError:
        hint = "make it with the store's own tools, or mend the name"
        return AdvisorError(f"is not there ({said})", where=self.url, hint=hint)

    def names(self, folder: str) -> list[str]:
        """What lies in one folder, by name; none where there is none. Raises as `listing`."""
        self.fs.invalidate_cache()
        with self._answering():
            try:
                paths = self.fs.find(f"{self.root}/{folder}")
            except FileNotFoundError:
                return []
        return sorted(str(path).removeprefix(f"{self.root}/{folder}/") for path in paths)

    def read(self, name: str) -> bytes | None:
        """A small object, None where it is not there. Raises MissingAbility."""
        self.fs.invalidate_cache()  # a listing from before it was made says that it is not there
        with self._answering():
            try:
                return bytes(self.fs.cat_file(f"{self.root}/{name}"))
            except FileNotFoundError:
                return None

    def fetch(self, names: Sequence[str], targets: Sequence[Path]) -> None:
        """Copy whole objects to files, many at once. Raises MissingAbility, also where the disk is full."""
        if names:
            self.fs.invalidate_cache()
            with self._answering():
                self.fs.get([f"{self.root}/{name}" for name in names], [str(target) for target in targets])

    def rows(self, name: str) -> int:
        """How many rows a Parquet file has, read off its end. Raises MissingAbility."""
        from pyarrow import parquet

        with self._answering(), self.fs.open(f"{self.root}/{name}", block_size=FOOTER_BYTES) as file:
            return int(parquet.read_metadata(file).num_rows)

    def create(self, name: str, content: bytes | Path) -> bool:
        """Make an object; False where another is there, which stays as it is. Raises MissingAbility.

        One with the same content is ours: a request that is sent again, since its answer was lost, finds its own.
        """
        with self._answering():
            for tries_left in reversed(range(TRIES)):
                try:
                    self._create(f"{self.root}/{name}", content)
                    return True
                except OSError as error:  # FileExistsError, or what a library makes of status 409 and 412
                    there = None if _is_refused(error) else self.read(name)
                    if there is not None:
                        return there == (content if isinstance(content, bytes) else content.read_bytes())
                    if _is_refused(error) or not tries_left:
                        raise
                    time.sleep(AGAIN_S)  # 409: another one is just being made, and may fail
            raise AssertionError("the last try returns or raises")

    def _create(self, path: str, content: bytes | Path) -> None:
        """Raises FileExistsError or the like where an object is there."""
        if not self.is_conditional:
            if self.fs.exists(path):
                raise FileExistsError(path)
            self.fs.makedirs(self.fs._parent(path), exist_ok=True)
        if isinstance(content, bytes):
            self.fs.pipe_file(path, content, mode="create")
        else:
            self.fs.put_file(str(content), path, mode="create")

    def remove(self, name: str) -> None:
        """Take an object away; one that is gone already is none to mind. Raises MissingAbility."""
        with self._answering(), contextlib.suppress(FileNotFoundError):
            self.fs.rm_file(f"{self.root}/{name}")

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Errors of the store as our own."""
        try:
            yield
        except AdvisorError:
            raise
        except Exception as error:  # of botocore, aiohttp, google or azure, which have no class in common
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> AdvisorError:
        names = CREDENTIALS.get(EXTRAS.get(self.protocol, ""), "the settings of its protocol")
        if isinstance(error, OSError) and error.errno in FULL:
            what = f"no room for a copy of {self.url} ({error.strerror})"
            return MissingAbility(what, hint="make room, or set ADVISOR_CACHE to another folder")
        if _is_refused(error):
            return MissingAbility(f"refuses this ({_said(error)})", where=self.url, hint=f"check {names}")
        if "credential" in type(error).__name__.casefold() or "credential" in str(error).casefold():
            return MissingAbility(f"needs credentials ({_said(error)})", where=self.url, hint=f"set {names}")
        hint = f"check the network and {names}; what is here is kept, and the next command tries again"
        return MissingAbility(f"does not answer ({_said(error)})", where=self.url, hint=hint)


def opened(given: str) -> Remote:
    """The store at a URL. Raises AdvisorError for one that cannot be, MissingAbility where a package is missing."""
    protocol, separator, rest = given.partition("://")
    protocol = protocol.casefold()
    url = f"{protocol}{separator}{re.sub('/+', '/', rest)}".rstrip("/")
    if protocol in FOLDERS:
        raise AdvisorError("is a folder", where=given, hint="give its path, without the protocol")
    if protocol in READ_ONLY:
        raise AdvisorError("can be read at most, not written", where=f"--workspace {given}", hint=FORMS)
    nowhere = not rest.strip("/") or (protocol in EXTRAS and rest.startswith("/"))
    if not separator or nowhere or "::" in url or protocol in WRAPPERS:
        raise AdvisorError("is no address of a store", where=f"--workspace {given}", hint=FORMS)
    if re.match(r"[^/@]*:[^/@]*@", rest):
        hint = "give them as the protocol's own tools take them, by environment variables for example"
        raise AdvisorError("holds a password, which has no place in an address", where="--workspace", hint=hint)
    try:
        import fsspec
    except ImportError:
        needed = EXTRAS.get(protocol)
        hint = install(needed) if needed else "pip install fsspec"
        raise MissingAbility("needs fsspec, which is not installed", where=url, hint=hint) from None
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        hint = install(EXTRAS[protocol]) if protocol in EXTRAS else "install what it names with pip"
        what = f"needs a package that is not installed ({_said(error)})"
        raise MissingAbility(what, where=url, hint=hint) from None
    except ValueError:
        raise AdvisorError(f"unknown protocol {protocol!r}", where=f"--workspace {given}", hint=FORMS) from None
    root = str(kind._strip_protocol(url)).rstrip("/")
    endpoint = " ".join(os.environ.get(name, "") for name in ENDPOINTS)
    draft = Remote(url, protocol, root, None, endpoint)
    with draft._answering():
        options = _options(protocol, fsspec.config.conf)
        fs, _ = fsspec.core.url_to_fs(url, **options)
        if options:  # botocore tries again already: s3fs would five times more
            fs.retries = 1
    configured = {k: v for k, v in fs.storage_options.items() if "endpoint" in k or k in {"account_name", "host"}}
    known = f"{endpoint} {configured or ''}".strip()
    of_connection = getattr(getattr(fs, "service_client", None), "primary_hostname", "")  # Azure's, by its string
    return Remote(url, protocol, root, fs, known or str(of_connection))


def _options(protocol: str, configured: Mapping[str, Any]) -> dict[str, Any]:
    """For fsspec, where its configuration has none of the protocol."""
    if EXTRAS.get(protocol) != "s3" or configured.get(protocol):
        return {}
    retries = {} if "AWS_MAX_ATTEMPTS" in os.environ else {"retries": {"total_max_attempts": 2}}
    return {"config_kwargs": PATIENCE | retries}


def _is_refused(error: Exception) -> bool:
    return isinstance(error, PermissionError)


def _said(error: Exception) -> str:
    """What a library says, in one line, without what is secret: values of the environment, and signatures in URLs."""
    text = " ".join(str(error).split()) or type(error).__name__
    for name, value in os.environ.items():
        if SECRET.search(name) and len(value) >= 4:
            text = text.replace(value, "…")
    return shortened(re.sub(r"\?[^\s\"')]*", "", text), LONGEST)


def _made_s(info: Mapping[str, Any]) -> float:
    found = next((info[name] for name in TIMES if info.get(name)), 0.0)
    if isinstance(found, str):
        with contextlib.suppress(ValueError):
            found = datetime.datetime.fromisoformat(found)
    if isinstance(found, datetime.datetime):
        return found.timestamp()
    return float(found) if isinstance(found, int | float) else 0.0
