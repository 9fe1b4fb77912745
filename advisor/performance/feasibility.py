"""Why a deployment cannot start: what GPU and engine do not run, what does not divide, what does not fit.

Sources of the rules (of vLLM 0.32.0 where nothing else is said): attention heads, config/model.py
`verify_with_parallel_config`; KV heads, models/qwen3.py; widths and heads of linear attention, distributed/utils.py
`divide`; Mamba, layers/mamba/mamba_mixer2.py; experts, fused_moe/expert_map_manager.py, where ranks may hold one more
than others, and sgl-project/sglang#31336, where they may not; precisions and families, support.csv and families.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.gpus import GpuSpec
from advisor.models.attention import Attention
from advisor.models.layers import FeedForward, MixtureOfExperts
from advisor.models.spec import ModelSpec
from advisor.performance.deployment import Deployment
from advisor.performance.memory import memory
from advisor.performance.parallelism import Parallelism
from advisor.support import Part, Support, SupportTable, version
from advisor.units import bytes_text

EVEN_EXPERTS = frozenset({"sglang", "trtllm"})
"""Engines that need as many experts on every GPU (of TensorRT-LLM: unverified)."""
MOST_SHARDS = 64
"""Degrees of parallelism that are looked through for one that works."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a deployment cannot start: what it asks for, what that breaks, and what comes nearest.

    `rule` is precision, kv_precision, family, heads, experts, stages, context or memory.
    """

    rule: str
    what: str
    constraint: str
    nearest: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.constraint}"


def reasons(
    d: Deployment, support: SupportTable, prompt_tokens: int, generated_tokens: int, concurrency: int = 1
) -> tuple[Reason, ...]:
    """Everything that keeps a deployment from starting with such requests in flight; empty where it can."""
    found = [*_unsupported(d, support), *_indivisible(d)]
    found += _too_long(d.spec, prompt_tokens + generated_tokens)
    found += _too_large(d, prompt_tokens, generated_tokens, concurrency)
    return tuple(found)


def runs(spec: ModelSpec, gpu: GpuSpec, engine: str, precision: str, support: SupportTable) -> bool:
    """Whether an engine runs these weights and this model family on such a GPU, with a cache in 16 bit."""
    family = spec.family
    return support.runs(engine, Part.WEIGHTS, precision, gpu, family) and not support.family(engine, gpu, family)


def divides(spec: ModelSpec, layout: Parallelism, engine: str) -> bool:
    """Whether a layout splits the model evenly."""
    return layout.pp <= spec.n_layers and _shards(spec, layout.tp) and _experts_split(spec, layout, engine)


def holds(spec: ModelSpec, tokens: float) -> bool:
    """Whether a sequence of so many tokens is within the model's own context."""
    return tokens <= spec.max_context


def _split_parts(spec: ModelSpec) -> Iterator[tuple[str, int]]:
    """What tensor parallelism has to split evenly, by name and count."""
    for layer in spec.layers:
        mixer, block = layer.mixer, layer.feed_forward
        yield from mixer.split_parts if mixer else ()
        dense = block.resident if isinstance(block, MixtureOfExperts) else (block,)
        yield from (("feed-forward columns", each.intermediate) for each in dense if isinstance(each, FeedForward))


def _kv_heads(spec: ModelSpec) -> set[int]:
    return {layer.mixer.kv_heads for layer in spec.layers if isinstance(layer.mixer, Attention)}


def _shards(spec: ModelSpec, tp: int) -> bool:
    return all(n % tp == 0 for _, n in _split_parts(spec)) and all(_copied(n, tp) for n in _kv_heads(spec))


def _copied(kv_heads: int, tp: int) -> bool:
    """KV heads are split over the shards, or each is copied to equally many."""
    return kv_heads % tp == 0 or tp % kv_heads == 0


def _n_experts(spec: ModelSpec) -> int:
    blocks = (layer.feed_forward for layer in spec.layers)
    return min((block.n_experts for block in blocks if isinstance(block, MixtureOfExperts)), default=0)


def _experts_split(spec: ModelSpec, layout: Parallelism, engine: str) -> bool:
    """Experts lie whole on all GPUs of a stage only under expert parallelism."""
    if not layout.expert_parallel:
        return True
    n, gpus = _n_experts(spec), layout.tp * layout.dp
    return n >= gpus and (engine not in EVEN_EXPERTS or n % gpus == 0)


def _unsupported(d: Deployment, support: SupportTable) -> Iterator[Reason]:
    family = support.family(d.engine, d.gpu, d.spec.family)
    if family:
        where = _or_newer(part for part in (family.compute_capability, *family.amd.split("; ")) if part)
        nearest = f"a GPU of {where}" if where else "another --engine"
        what = f"{d.spec.family} models do not run on {_named(d.gpu)} under {d.engine}"
        yield Reason("family", what, family.note, nearest, family.source)
    for part, precision in ((Part.WEIGHTS, d.precision), (Part.KV_CACHE, d.kv_precision)):
        in_16_bit = part is Part.KV_CACHE and precision == "bf16"
        if not in_16_bit and not support.runs(d.engine, part, precision, d.gpu, d.spec.family):
            yield _refused(d, support, part, precision)


def _refused(d: Deployment, support: SupportTable, part: Part, precision: str) -> Reason:
    """A precision that the table refuses; near it are what this GPU runs, and the GPUs that run this precision."""
    row = support.row(d.engine, part, precision, d.gpu, d.spec.family)
    where = _or_newer(support.needed(d.engine, part, precision, d.gpu, d.spec.family))
    note = f" ({row.note})" if row and row.note else ""
    near = [f"a GPU of {where}" if where else "another --engine"]
    if part is Part.KV_CACHE:
        near = ["a KV cache in 16 bit", *near]
    elif here := _precisions_here(d, support):
        near = [f"on {d.gpu.name} {here}", *near]
    held = f"{precision} weights" if part is Part.WEIGHTS else f"a KV cache in {precision}"
    return Reason(
        rule="precision" if part is Part.WEIGHTS else "kv_precision",
        what=f"{held} on {_named(d.gpu)} under {d.engine}",
        constraint=(f"needs {where}" if where else "runs on no GPU") + note,
        nearest=", or ".join(near),
        source=row.source if row else "",
    )


def _precisions_here(d: Deployment, support: SupportTable) -> str:
    kinds = ((Support.NATIVE, ""), (Support.EMULATED, " multiplied in 16 bit"))
    found = ((support.precisions(d.engine, Part.WEIGHTS, d.gpu, d.spec.family, kind), how) for kind, how in kinds)
    return ", or ".join(f"{' or '.join(names)}{how}" for names, how in found if names)


def _or_newer(capabilities: Iterable[str]) -> str:
    return " or ".join(f"compute capability {cc} or newer" if version(cc) else cc for cc in capabilities)


def _named(gpu: GpuSpec) -> str:
    capability = gpu.compute_capability
    return f"{gpu.name} ({'compute capability ' if version(capability) else ''}{capability})"


def _indivisible(d: Deployment) -> Iterator[Reason]:
    spec, layout = d.spec, d.layout
    if not _shards(spec, layout.tp):
        parts = [f"{n:,} {name}" for name, n in dict.fromkeys(_split_parts(spec)) if n % layout.tp]
        uneven = [f"{n} KV heads" for n in sorted(_kv_heads(spec)) if not _copied(n, layout.tp)]
        constraint = f"{', '.join([*parts, *uneven])} cannot be split evenly over {layout.tp}"
        degrees = [tp for tp in range(1, MOST_SHARDS + 1) if _shards(spec, tp)]
        yield Reason("heads", _in_parallel(layout, "tp"), constraint, _around(layout, "tp", degrees))
    if not _experts_split(spec, layout, d.engine):
        constraint = f"{d.engine} cannot split {_n_experts(spec)} experts over {layout.tp * layout.dp} GPUs"
        tried = (replace(layout, dp=dp, ep=False) for dp in range(1, MOST_SHARDS + 1))
        degrees = [each.dp for each in tried if _experts_split(spec, each, d.engine)]
        yield Reason("experts", _in_parallel(layout, "dp"), constraint, _around(layout, "dp", degrees))
    if layout.pp > spec.n_layers:
        constraint = f"a stage holds at least one of {spec.n_layers} layers"
        yield Reason("stages", f"{layout.pp} pipeline stages", constraint, f"up to {spec.n_layers} stages")


KINDS = {"tp": "tensor-parallel", "dp": "data-parallel"}


def _in_parallel(layout: Parallelism, kind: str) -> str:
    return f"{getattr(layout, kind)} {KINDS[kind]} {'GPUs' if kind == 'tp' else 'groups'}"


def _around(layout: Parallelism, kind: str, degrees: Sequence[int]) -> str:
    """The nearest degrees that work, as GPUs where the layout has no other kind of parallelism."""
    wanted = getattr(layout, kind)
    near = [*[n for n in degrees if n < wanted][-1:], *[n for n in degrees if n > wanted][:1]]
    unit = "GPU" if layout.gpu_count == wanted else f"{KINDS[kind]} {'GPU' if kind == 'tp' else 'group'}"
    return f"{' or '.join(str(n) for n in near)} {unit}{'' if near == [1] else 's'}"


def _too_long(spec: ModelSpec, tokens: int) -> Iterator[Reason]:
    if not holds(spec, tokens):
        what, constraint = f"{tokens:,} tokens of prompt and answer", f"the model's context is {spec.max_context:,}"
        yield Reason("context", what, constraint, f"context up to {spec.max_context:,}")


def _too_large(d: Deployment, prompt_tokens: int, generated_tokens: int, concurrency: int) -> Iterator[Reason]:
    demand = d.demand(prompt_tokens, generated_tokens)
    use = memory(demand, d.gpu.memory_bytes, d.hardware, concurrency)
    if use.fits:
        return
    tokens = prompt_tokens + generated_tokens
    what = f"{bytes_text(use.total_bytes)} per GPU for the weights and {concurrency} × {tokens:,} tokens"
    constraint = f"{bytes_text(use.capacity_bytes)} per GPU can be used"

    def fits(layout: Parallelism) -> bool:
        larger = replace(d, layout=layout)
        return memory(demand, d.gpu.memory_bytes, larger.hardware, concurrency).fits

    near = [f"up to {int(use.max_sequences)} in flight"] if use.max_sequences >= 1 else []
    near += _enough_gpus(d, fits)
    yield Reason("memory", what, constraint, " or ".join(near) or "a GPU with more memory, or a smaller --precision")


def _enough_gpus(d: Deployment, fits: Callable[[Parallelism], bool]) -> list[str]:
    """The fewest GPUs under tensor parallelism that hold it, up to those that share the fast link."""
    counts = (replace(d.layout, tp=tp) for tp in range(d.layout.tp + 1, MOST_SHARDS + 1))
    within = (each for each in counts if each.gpu_count <= max(d.gpu.node_gpus, d.layout.gpu_count))
    found = next((each for each in within if divides(d.spec, each, d.engine) and fits(each)), None)
    return [f"{found.gpu_count} × {d.gpu.name} ({found})"] if found else []


def startable(
    spec: ModelSpec, layouts: Sequence[tuple[GpuSpec, Parallelism]], engine: str, precision: str, support: SupportTable
) -> list[bool]:
    """`runs` and `divides` of many layouts, each GPU and each layout looked at once."""
    gpus, splits = {gpu.name: gpu for gpu, _ in layouts}, {layout for _, layout in layouts}
    on_gpu = {name: runs(spec, gpu, engine, precision, support) for name, gpu in gpus.items()}
    split = {layout: divides(spec, layout, engine) for layout in splits}
    return [on_gpu[gpu.name] and split[layout] for gpu, layout in layouts]
