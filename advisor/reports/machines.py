"""What a machine is and can measure, for the terminal."""

from __future__ import annotations

from advisor.profiler.doctor import Ability, Machine
from advisor.reports.terminal import Block, Labelled
from advisor.reports.text_tables import table
from advisor.units import bytes_text, counted


def blocks(found: Machine) -> list[Block]:
    """What `advisor doctor` prints."""
    return [
        Labelled("advisor", f"{found.advisor} on Python {found.python}"),
        Labelled(
            "machine", f"{found.system}; {counted(found.cpus, 'processor')}, {bytes_text(found.memory_bytes)} of memory"
        ),
        Labelled("weights", f"{bytes_text(found.weights_free_bytes)} free for downloads in {found.weights_folder}"),
        Labelled("driver", f"NVIDIA {found.driver}" if found.driver else "none of NVIDIA"),
        *([_gpus(found)] if found.gpus else []),
        "",
        *(_ability(each) for each in found.abilities),
    ]


def _gpus(found: Machine) -> Block:
    columns = ("GPU", "name here", "capability", "memory", "free")
    rows = [
        [
            each.name,
            each.gpu or "not in `advisor gpus`",
            each.compute_capability or "–",
            "–" if each.memory_bytes is None else bytes_text(each.memory_bytes),
            "–" if each.free_bytes is None else bytes_text(each.free_bytes),
        ]
        for each in found.gpus
    ]
    return table(columns, rows, right=columns[2:])


def _ability(each: Ability) -> Block:
    command = f"; `{each.command}`" if each.command else ""
    return Labelled("yes" if each.works else "no", f"{each.ability}: {each.found}{command}")
