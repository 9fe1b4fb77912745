"""Options of an engine beside its layout: limits of a batch, drafted tokens; checked, and what to know of them."""

from __future__ import annotations

from advisor.counting import counted
from advisor.errors import AdvisorError
from advisor.models.spec import ModelSpec
from advisor.performance.demand import CHUNK_TOKENS
from advisor.performance.deployment import BatchLimits, Deployment
from advisor.performance.memory import max_sequences
from advisor.performance.speculation import DRAFTS_CHECKED, Speculation, checked_speculation
from advisor.recommendation.estimate_values import EngineOptions
from advisor.store.workspace import Workspace
from advisor.units import checked_count

UNVALIDATED_LIMITS = "no measured run varies the tokens of a step: --max-num-batched-tokens is unvalidated"


def batch_limits(sequences: int | None, tokens: int | None) -> BatchLimits:
    """Of --max-num-seqs and --max-num-batched-tokens. Raises AdvisorError for numbers that no engine takes."""
    for flag, count in (("--max-num-seqs", sequences), ("--max-num-batched-tokens", tokens)):
        if count is not None:
            checked_count(count, where=flag)
    step = tokens or CHUNK_TOKENS
    if sequences is not None and step < sequences:
        what = f"a step of {step:,} tokens does not hold one of each of {sequences:,} sequences"
        where = "--max-num-seqs" if tokens is None else "--max-num-batched-tokens"
        hint = "--max-num-batched-tokens is at least --max-num-seqs, as engines require"
        raise AdvisorError(what, where=where, hint=hint)
    return BatchLimits(sequences or BatchLimits().sequences, tokens or CHUNK_TOKENS)


def speculation_of(workspace: Workspace, spec: ModelSpec, options: EngineOptions) -> Speculation | None:
    """Raises AdvisorError where nothing can draft."""
    draft = None if options.draft_model is None else workspace.models.load(options.draft_model, count=counted)
    found = checked_speculation(options.speculative_tokens, options.acceptance)
    if found is None:
        if draft is not None:
            hint = "e.g. --speculative-tokens 3 --acceptance 0.7"
            raise AdvisorError("requires --speculative-tokens and --acceptance", where="--draft-model", hint=hint)
        return None
    if draft is None and not spec.mtp_layers:
        what, hint = f"{spec.name} has no head of multi-token prediction", "name what drafts with --draft-model"
        raise AdvisorError(what, where="--speculative-tokens", hint=hint)
    if draft is not None and draft.is_moe:
        what, hint = f"{draft.name} is a mixture of experts", "only dense drafting models are costed"
        raise AdvisorError(what, where="--draft-model", hint=hint)
    return Speculation(found.tokens, found.acceptance, draft)


def preempted(held: int, running: int, groups: int) -> str:
    """That the cache of so many data-parallel groups holds fewer sequences than the engine runs at once."""
    return (
        f"the KV cache holds {held} sequences: of {running} that the engine runs at once {running - held} would be"
        f" preempted and computed anew, here they wait; --max-num-seqs {max(held // groups, 1)} avoids that"
    )


def option_notes(d: Deployment, prompt_tokens: int, generated_tokens: int, concurrency: int) -> tuple[str, ...]:
    """What is not validated, what the KV cache's precision changes, and requests that would be preempted."""
    notes = [UNVALIDATED_LIMITS] if d.limits.prompt_tokens != CHUNK_TOKENS else []
    if d.kv_precision != "bf16":
        notes.append(
            f"a KV cache in {d.kv_precision} changes its memory and reading; products of attention stay 16-bit"
        )
    if d.speculation:
        notes.append(f"{d.speculation}: {d.speculation.tokens_per_step:.2f} tokens a step; {DRAFTS_CHECKED}")
    running = min(concurrency, d.most_sequences)
    held = max_sequences(d.demand(prompt_tokens, generated_tokens), d.gpu.memory_bytes, d.hardware)
    if running > held:
        notes.append(preempted(int(held), int(running), d.layout.dp))
    places = int(min(d.most_sequences, float(held)))
    if concurrency > places:
        notes.append(f"{concurrency - places} of {concurrency} requests wait for a place at any time: TTFT counts that")
    return tuple(notes)
