"""Throughput with the number of requests in flight that is found, and with fixed ones, on simulated servers.

python benchmarks/fleet.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from advisor.engines.adaptive import AdaptiveLimit, FixedLimit
from tests.engines.simulated import Fleet, Run

HOUR_S = 3600.0
FIXED = (8, 64, 256)
FLEETS = {
    "8 places": Fleet(8),
    "64 places": Fleet(64),
    "512 places": Fleet(512),
    "4 096 places": Fleet(4096),
    "512 places, each slower beside others": Fleet(512, half=256),
    "64 places, slower the longer the queue": Fleet(64, thrash=0.2),
    "64 places, 429 beyond": Fleet(64, refuses=True),
    "512 places, 429 beyond": Fleet(512, refuses=True),
}


def main() -> None:
    """Print the table: two hours of answers that take 20 s on average."""
    names = [*(f"fixed {n}" for n in FIXED), "found", "2nd hour", "places", "refused"]
    print(f"{'tokens/s over the best there is':40s}" + "".join(f"{name:>10s}" for name in names))
    for name, fleet in FLEETS.items():
        fixed = [Run(FixedLimit(n), fleet, HOUR_S / 4).share for n in FIXED]
        found = Run(AdaptiveLimit(), fleet, 2 * HOUR_S)
        figures = [*fixed, found.share, found.later_share]
        level, refused = found.level(HOUR_S, 2 * HOUR_S), found.refused / (found.refused + found.answers)
        print(f"{name:40s}" + "".join(f"{x:10.2f}" for x in figures) + f"{level:10.0f}{refused:10.1%}")


if __name__ == "__main__":
    main()
