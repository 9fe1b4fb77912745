"""The limit of open files of this process, connections among them."""

from __future__ import annotations

from advisor.engines.adaptive import MOST

SPARE_FILES = 128
"""That a process has open beside its connections."""


def most_connections() -> int:
    """That this process may open, its limit of open files raised as far as the system lets it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted - SPARE_FILES, 1)
