"""How a model is split over GPUs: tensor, pipeline and expert parallelism, and data-parallel attention."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.errors import AdvisorError

FORMS = "accepted: tp8, tp4pp2, dp8, tp2dp4, tp8ep8"


@dataclass(frozen=True, slots=True)
class Parallelism:
    """`tp` GPUs share every layer, `pp` stages share the layers, `dp` groups share the requests.

    Experts are cut into slices like all else, or lie whole on one GPU each (expert parallelism): with `dp` always, and
    with `ep`, which is 1 or tp·dp. Raises AdvisorError for another `ep`.
    """

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1

    def __post_init__(self) -> None:
        if self.ep not in (1, self.tp * self.dp):
            what = f"experts over {self.ep} GPUs of a stage of {self.tp * self.dp}"
            raise AdvisorError(what, where="--parallelism", hint=FORMS)

    @classmethod
    def parse(cls, text: str) -> Parallelism:
        """Read `tp8`, `tp4pp2`, `dp8`, `tp2dp4`, `tp8ep8`. Raises AdvisorError."""
        parts = re.findall(r"(tp|pp|dp|ep)([1-9][0-9]{0,3})", text.lower())
        names = [name for name, _ in parts]
        if not parts or "".join(f"{n}{d}" for n, d in parts) != text.lower() or len(set(names)) != len(names):
            raise AdvisorError(f"{text!r} is no parallelism", where="--parallelism", hint=FORMS)
        return cls(**{name: int(degree) for name, degree in parts})

    @property
    def gpu_count(self) -> int:
        """GPUs of one replica."""
        return self.tp * self.pp * self.dp

    @property
    def expert_parallel(self) -> bool:
        """Whether experts lie whole on one GPU each."""
        return self.dp > 1 or self.ep > 1

    def together(self, node_gpus: int) -> int:
        """GPUs of one replica that must lie in one machine: a pipeline stage, of groups that fill no node one group.

        Stages may lie in several machines, and so may data-parallel groups where a node does not hold all of them.
        """
        return self.tp * self.dp if self.tp * self.dp <= node_gpus else self.tp

    def __str__(self) -> str:
        ep = self.ep if self.dp == 1 else 1
        degrees = (("tp", self.tp), ("pp", self.pp), ("dp", self.dp), ("ep", ep))
        parts = [f"{name}{degree}" for name, degree in degrees if degree > 1]
        return "".join(parts) or "tp1"

    @property
    def serve_flags(self) -> list[str]:
        """The flags of `vllm serve`."""
        flags = ["--tensor-parallel-size", str(self.tp)] if self.tp > 1 or self.gpu_count == 1 else []
        flags += ["--pipeline-parallel-size", str(self.pp)] if self.pp > 1 else []
        flags += ["--data-parallel-size", str(self.dp)] if self.dp > 1 else []
        return flags + (["--enable-expert-parallel"] if self.expert_parallel else [])
