"""Where a server is, apart from the secrets that come with its address, and those secrets masked in what is shown."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from advisor.errors import AdvisorError

MASK = "***"
LEAST_CUT = 4
"""Characters of a secret that are masked where a text was cut in it."""


@dataclass(frozen=True, slots=True)
class Address:
    """`root` is scheme, host, port and path, without /v1 and without `login`, the user and password of basic auth."""

    root: str
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Of a checked URL.

        >>> Address.parse("http://me:secret@host:8000/v1/").root
        'http://host:8000'
        """
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        root = f"{parts.scheme}://{host}{parts.path}".rstrip("/").removesuffix("/v1")
        if parts.username is None and parts.password is None:
            return cls(root)
        return cls(root, (unquote(parts.username or ""), unquote(parts.password or "")))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every form in which the login can come back: as given, in a URL, in a header."""
        if self.login is None:
            return ()
        user, password = self.login
        return base64.b64encode(f"{user}:{password}".encode()).decode(), f"{user}:{password}", password, quote(password)


def shown_url(url: str) -> str:
    """A URL as it may be shown, sound or not: without user, password and query.

    >>> shown_url("http://me:secret@host/v1?key=secret")
    'http://***@host/v1?***'
    """
    without_login = re.sub(r"^([^/@]*//)?.*@", rf"\1{MASK}@", url, flags=re.DOTALL)
    return re.sub(r"\?.+", f"?{MASK}", without_login, flags=re.DOTALL)


def key_in(variable: str) -> str | None:
    """The key in an environment variable; None where there is none. Raises AdvisorError for what no header can hold."""
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        what, hint = "holds characters that no key has", "set it to the key alone"
        raise AdvisorError(what, where=variable, hint=hint)
    return key or None


def masked(text: str, secrets: Iterable[str]) -> str:
    """A text without the secrets in it, and without the first part of one where the text was cut.

    >>> masked("HTTP 401: bad key sk-12345", ["sk-12345"]), masked("'bad key sk-12…", ["sk-12345"])
    ('HTTP 401: bad key ***', "'bad key ***…")
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
        for length in range(len(secret) - 1, LEAST_CUT - 1, -1):
            for cut in ("…", "..."):
                text = text.replace(secret[:length] + cut, MASK + cut)
    return text
