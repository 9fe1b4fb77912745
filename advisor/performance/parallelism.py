"""How a model is split over GPUs: tensor and pipeline parallelism, data-parallel attention, expert parallelism."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.errors import AdvisorError

FORMS = "accepted: tp8, tp4pp2, dp8, tp2dp4, tp8ep"


@dataclass(frozen=True, slots=True)
class Parallelism:
    """`tp` GPUs share every layer, `pp` stages share the layers, `dp` groups share the requests.

    Each of tp·dp GPUs holds whole experts, a part of them, with `dp` or where `ep` says so; else a part of every one.
    """

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: bool = False

    @classmethod
    def parse(cls, text: str, *, where: str = "--parallelism") -> Parallelism:
        """Read `tp8`, `tp4pp2`, `dp8`, `tp2dp4`, `tp8ep`. Raises AdvisorError."""
        degrees = text.lower().removesuffix("ep")
        parts = re.findall(r"(tp|pp|dp)([1-9][0-9]{0,3})", degrees)
        names = [name for name, _ in parts]
        if not parts or "".join(f"{n}{d}" for n, d in parts) != degrees or len(set(names)) != len(names):
            raise AdvisorError(f"{text!r} is no parallelism", where=where, hint=FORMS)
        sizes = {name: int(degree) for name, degree in parts}
        shared = sizes.get("dp", 1) == 1 and sizes.get("tp", 1) > 1  # dp says it, and one GPU has nothing to share
        return cls(**sizes, ep=shared and degrees != text.lower())

    @property
    def expert_parallel(self) -> bool:
        """Whether each GPU holds whole experts."""
        return self.dp > 1 or self.ep

    @property
    def gpu_count(self) -> int:
        """GPUs of one replica."""
        return self.tp * self.pp * self.dp

    def together(self, node_gpus: int) -> int:
        """GPUs of one replica that must lie in one machine: a pipeline stage, of groups that fill no node one group.

        Stages may lie in several machines, and so may data-parallel groups where a node does not hold all of them.
        """
        return self.tp * self.dp if self.tp * self.dp <= node_gpus else self.tp

    def __str__(self) -> str:
        parts = [
            f"{name}{degree}" for name, degree in (("tp", self.tp), ("pp", self.pp), ("dp", self.dp)) if degree > 1
        ]
        return ("".join(parts) or "tp1") + ("ep" if self.ep else "")

    @property
    def serve_flags(self) -> list[str]:
        """The flags of `vllm serve`."""
        flags = ["--tensor-parallel-size", str(self.tp)] if self.tp > 1 or self.gpu_count == 1 else []
        flags += ["--pipeline-parallel-size", str(self.pp)] if self.pp > 1 else []
        flags += ["--data-parallel-size", str(self.dp)] if self.dp > 1 else []
        return flags + (["--enable-expert-parallel"] if self.expert_parallel else [])
