"""The weights of a checkpoint as its files say."""

from __future__ import annotations

import json
from pathlib import Path


def stored_bytes(folder: Path) -> int | None:
    """Bytes of all tensors of the safetensors files in the folder, by their headers; None where there are none."""
    sizes = [_tensor_bytes(file) for file in sorted(folder.glob("*.safetensors"))]
    return sum(sizes) if sizes else None


def _tensor_bytes(file: Path) -> int:
    """The format begins with the header's length in eight bytes, then the header, then the tensors."""
    with file.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(
        end - begin
        for name, tensor in header.items()
        if name != "__metadata__"
        for begin, end in [tensor["data_offsets"]]
    )
