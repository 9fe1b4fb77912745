"""The command that starts what was costed, written for the engine of the request; a reward model's beside it."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from advisor.checkpoints import ONLINE, UNVERIFIED, Loading
from advisor.models.spec import ModelSpec
from advisor.performance.demand import CHUNK_TOKENS, demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.performance.speculation import DRAFTS_CHECKED
from advisor.printable import command_line
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.engine_options import UNVALIDATED_LIMITS, preempted
from advisor.recommendation.request import Request
from advisor.store.workspace import Workspace
from advisor.support import Part

REWARD_ENGINE = "vllm"
"""The engine that serves reward models with a reward a token."""
REWARD_FLAGS = ("--runner", "pooling", "--pooler-config", '{"tok_pooling_type": "ALL"}', "--port", "8001")
TRTLLM_FILE = "trtllm.yaml"
"""Of options that TensorRT-LLM takes from a file alone."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a command starts: `sequences` are those in flight in the whole deployment, `memory_share` of each GPU.

    `step_tokens`: prompt tokens of one step of a data-parallel group; engines have defaults of their own, by GPU.
    """

    weights: str
    layout: Parallelism
    dtype: str
    sequences: int
    context_tokens: int
    memory_share: float = UTILISATION
    kv_precision: str = "bf16"
    drafted: int | None = None
    flags: tuple[str, ...] = ()
    step_tokens: int = CHUNK_TOKENS

    @property
    def sequences_a_group(self) -> int:
        """In flight in each data-parallel group."""
        return -(-self.sequences // self.layout.dp)


def _vllm(start: Launch) -> list[str]:
    """Sequences are those of one group; without a share the engine takes more of the memory than was costed."""
    words = ["vllm", "serve", start.weights, *start.layout.serve_flags]
    words += ["--dtype", start.dtype, "--kv-cache-dtype", "fp8" if start.kv_precision == "fp8" else start.dtype]
    words += ["--max-num-seqs", str(start.sequences_a_group), "--max-model-len", str(start.context_tokens)]
    words += ["--max-num-batched-tokens", str(start.step_tokens)]
    words += ["--gpu-memory-utilization", f"{start.memory_share:.2f}", *start.flags]
    drafts = json.dumps({"method": "mtp", "num_speculative_tokens": start.drafted})
    return [*words, *(["--speculative-config", drafts] if start.drafted else [])]


def _sglang(start: Launch) -> list[str]:
    """GPUs of data-parallel groups count as tensor parallel too; sequences and tokens are of all groups together."""
    layout = start.layout
    words = ["python", "-m", "sglang.launch_server", "--model-path", start.weights]
    words += ["--tp-size", str(layout.tp * layout.dp)]
    words += ["--pp-size", str(layout.pp)] if layout.pp > 1 else []
    if layout.dp > 1:
        words += ["--dp-size", str(layout.dp), "--enable-dp-attention"]
    words += ["--ep-size", str(layout.tp * layout.dp)] if layout.expert_parallel else []
    cache = "fp8_e4m3" if start.kv_precision == "fp8" else "bf16" if start.dtype == "bfloat16" else "auto"
    words += ["--dtype", start.dtype, "--kv-cache-dtype", cache]
    words += ["--max-running-requests", str(start.sequences_a_group * layout.dp)]
    words += ["--chunked-prefill-size", str(start.step_tokens * layout.dp)]
    words += ["--context-length", str(start.context_tokens), *start.flags]
    if start.drafted:
        words += ["--speculative-algorithm", "EAGLE", "--speculative-eagle-topk", "1"]
        words += ["--speculative-num-steps", str(start.drafted)]
        words += ["--speculative-num-draft-tokens", str(start.drafted + 1)]
    return words


def _trtllm(start: Launch) -> list[str]:
    """As for SGLang, but sequences are those of one group; the cache is in the checkpoint's own precision for it.

    Without chunks, which a file alone turns on, it refuses a prompt longer than a step.
    """
    layout = start.layout
    words = ["trtllm-serve", start.weights, "--backend", "pytorch", "--tp_size", str(layout.tp * layout.dp)]
    words += ["--pp_size", str(layout.pp)] if layout.pp > 1 else []
    words += ["--max_batch_size", str(start.sequences_a_group), "--max_seq_len", str(start.context_tokens)]
    words += ["--max_num_tokens", str(start.step_tokens)]
    words += [*start.flags, "--extra_llm_api_options", TRTLLM_FILE]
    words += ["--ep_size", str(layout.tp * layout.dp)] if layout.expert_parallel else []
    return words


COMMANDS: dict[str, Callable[[Launch], list[str]]] = {"vllm": _vllm, "sglang": _sglang, "trtllm": _trtllm}
"""By engine; the names are those of performance/deployment.py: ENGINES."""


def loading(workspace: Workspace, engine: str, model: str, precision: str, vendor: str = "") -> Loading | None:
    """How an engine gets a model's weights in a precision on a vendor's GPUs, None where no way is known."""
    own = workspace.models.checkpoint_precision(model)
    return workspace.checkpoints.loading(engine, model, own, precision, vendor)


def _loading(c: Candidate, engine: str, workspace: Workspace) -> Loading:
    return loading(workspace, engine, c.model, c.precision, workspace.gpus[c.gpu].vendor) or Loading()


def served_weights(c: Candidate, engine: str, workspace: Workspace) -> str:
    """The checkpoint that is served, as the command names it and a request has to."""
    return _loading(c, engine, workspace).checkpoint or workspace.models[c.model].weights


def launch_command(c: Candidate, engine: str, workspace: Workspace) -> str:
    """The command of one candidate, and the file that it reads."""
    words = launch_words(c, engine, workspace)
    text = shlex.quote(trtllm_text(Parallelism.parse(c.parallelism)))
    return (f"echo {text} > {TRTLLM_FILE} && " if TRTLLM_FILE in words else "") + command_line(words)


def trtllm_text(layout: Parallelism) -> str:
    """What TRTLLM_FILE holds, as YAML in one line: prompts are taken in by chunks, as costed."""
    options = ["enable_chunked_prefill: true", *(["enable_attention_dp: true"] if layout.dp > 1 else [])]
    return f"{{{', '.join(options)}}}"


def launch_words(c: Candidate, engine: str, workspace: Workspace) -> list[str]:
    """The words of the command alone; of engines apart of one that decodes."""
    return COMMANDS[engine](launch_of(c, engine, workspace))


def launch_of(c: Candidate, engine: str, workspace: Workspace) -> Launch:
    """What the command of a candidate starts: of engines apart one that decodes an equal share of the requests."""
    found, rows = _loading(c, engine, workspace), workspace.checkpoints.launches_of(engine, c.model)
    layout = Parallelism.parse(c.parallelism)
    engines = c.disaggregated.replicas if c.disaggregated else 1
    return Launch(
        weights=served_weights(c, engine, workspace),
        layout=layout,
        dtype=_dtype(c, engine, workspace),
        sequences=-(-c.concurrency // engines) if c.max_num_seqs is None else c.max_num_seqs * layout.dp,
        context_tokens=c.context_tokens,
        kv_precision=c.kv_precision,
        drafted=c.speculative_tokens,
        step_tokens=c.max_num_batched_tokens or CHUNK_TOKENS,
        memory_share=UTILISATION - (_reward_share(c, workspace) if c.reward_model else 0.0),
        flags=(*found.flags, *(word for row in rows for word in row.flags.split())),
    )


def _dtype(c: Candidate, engine: str, workspace: Workspace) -> str:
    """What is not quantised is in bfloat16, on GPUs that do not run it in float16."""
    gpu, family = workspace.gpus[c.gpu], workspace.models.spec(c.model).family
    return "bfloat16" if workspace.support.runs(engine, Part.WEIGHTS, "bf16", gpu, family) else "float16"


def loading_notes(workspace: Workspace, engine: str, model: str, precision: str, vendor: str = "") -> tuple[str, ...]:
    """What is served instead of a model's own checkpoint, or that nothing is known to be."""
    own = workspace.models.checkpoint_precision(model)
    found = loading(workspace, engine, model, precision, vendor)
    if found is None:
        where = f" on {vendor}" if vendor else ""
        return (
            f"no weights of {model} in {precision} are known that {engine} loads{where}, and it is not known to"
            f" quantise while loading: `recommend` does not offer this",
        )
    if not found.format:
        return ()
    how = f"{engine} quantises {model} while loading" if found.format == ONLINE else f"{found.checkpoint} is served"
    notes = [f"{how}: accuracy was measured in {own} or as its source served it, {precision} may answer differently"]
    if engine == "trtllm" and found.format == "modelopt":
        notes.append(
            f"trtllm holds the KV cache in the precision that {found.checkpoint} names, often fp8; cost is for 16 bit"
        )
    return tuple(notes)


def weight_notes(workspace: Workspace, engine: str, spec: ModelSpec, precision: str, vendor: str) -> tuple[str, ...]:
    """The same; of a config that is no model of the catalog, that its own weights are in another precision."""
    if spec.name in workspace.models or spec.checkpoint_precision == "bf16":
        return loading_notes(workspace, engine, spec.name, precision, vendor)
    if precision == spec.checkpoint_precision:
        return ()
    own = spec.checkpoint_precision or "a format whose cost is not known"
    return (f"its weights are in {own}: {precision} takes a checkpoint quantised anew, whose answers may differ",)


def flag_notes(workspace: Workspace, engine: str, model: str) -> tuple[str, ...]:
    """Why the command has flags that this model alone needs, and which of them were seen nowhere."""
    return tuple(
        f"the command has {row.flags} for {model}: {row.note or 'it needs that'}"
        + (f"; believed of {engine}, not found in its documentation" if row.source == UNVERIFIED else "")
        for row in workspace.checkpoints.launches_of(engine, model)
    )


def served_notes(c: Candidate) -> tuple[str, ...]:
    """What drafted tokens, a narrow cache and other steps rest on."""
    notes = []
    if c.kv_precision != "bf16":
        notes.append(f"the KV cache is in {c.kv_precision}: accuracy was not measured so")
    if c.speculative_tokens:
        notes.append(f"{c.speculative_tokens} tokens are drafted a step: {DRAFTS_CHECKED}")
    if c.max_num_batched_tokens not in (None, CHUNK_TOKENS):
        notes.append(UNVALIDATED_LIMITS)
    return tuple(notes)


def limit_notes(c: Candidate, request: Request) -> tuple[str, ...]:
    """That nothing drafts, and that a cache holds fewer sequences than the engine is given to run at once."""
    drafts = request.speculation is not None and not c.speculative_tokens
    undrafted = (f"{c.model} has no head of multi-token prediction: nothing is drafted",) if drafts else ()
    groups = Parallelism.parse(c.parallelism).dp
    running = (c.max_num_seqs or 0) * groups
    return (*undrafted, preempted(c.concurrency, running, groups)) if running > c.concurrency else undrafted


def cut_answers(c: Candidate) -> tuple[str, ...]:
    """That the served context cuts answers, where it does."""
    prompt_tokens = c.tokens - c.generated_tokens
    if prompt_tokens + c.longest_answer_tokens <= c.context_tokens:
        return ()
    return (
        f"the context of {c.model}, {c.context_tokens:,} tokens, does not hold the longest answers after prompts of"
        f" {prompt_tokens:,.0f}: they are cut, which accuracy and seconds do not count",
    )


def reward_command(c: Candidate, workspace: Workspace) -> str | None:
    """`vllm serve …` for the reward model of a candidate, on the same GPUs; None without one."""
    if not c.reward_model:
        return None
    return command_line(reward_words(c, workspace))


def reward_words(c: Candidate, workspace: Workspace) -> list[str]:
    """The words of the reward model's command; of a candidate without one there are none."""
    if not c.reward_model:
        return []
    weights, flags = workspace.models[c.reward_model].weights, Parallelism.parse(c.parallelism).serve_flags
    share = f"{_reward_share(c, workspace):.2f}"
    words = [*REWARD_FLAGS, *flags, "--dtype", "bfloat16", "--gpu-memory-utilization", share]
    return ["vllm", "serve", weights, *words]


def _reward_share(c: Candidate, workspace: Workspace) -> float:
    """Share of each GPU's memory that the reward model takes, in whole hundredths."""
    spec, gpu = workspace.models.spec(c.reward_model or ""), workspace.gpus[c.gpu]
    weights = weights_per_gpu(demand(spec, "bf16", 1, 1), hardware(gpu, Parallelism.parse(c.parallelism), "bf16"))
    return math.ceil(100 * (float(weights) + OVERHEAD_BYTES) / gpu.memory_bytes) / 100
