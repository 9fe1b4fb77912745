"""The commands that start engines with prompts on GPUs of their own: vLLM's, by its connector NIXL, and its proxy.

Sources: vLLM's docs/features/nixl_connector_usage.md (ports, roles, proxy) and nixl_connector_compatibility.md.
"""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb

from advisor.performance.disaggregated import CHECKED
from advisor.performance.parallelism import Parallelism
from advisor.performance.under_load import LARGEST_BATCH
from advisor.printable import command_line
from advisor.recommendation.candidate import Candidate, EnginesApart
from advisor.recommendation.launch import COMMANDS, Launch, launch_command, launch_of
from advisor.recommendation.request import Request
from advisor.store.workspace import Workspace

PROXY = "tests/v1/kv_connector/nixl_integration/toy_proxy_server.py"
"""In vLLM's repository, not in its package."""
PROXY_PORT, PREFILL_PORT, DECODE_PORT, SIDE_PORT = 8000, 8100, 8200, 5600
ROLES = {"prefill": "kv_producer", "decode": "kv_consumer"}


def with_commands(c: Candidate, engine: str, workspace: Workspace) -> Candidate:
    """A candidate with the commands that start it; where its prompts have GPUs of their own, with three of them.

    Any number of the requests in flight may wait for one engine that prefills, which takes as many in together as a
    step holds: both limits are stated, so that none of the engine's own is smaller.
    """
    parts = c.disaggregated
    if parts is None:
        return replace(c, command=launch_command(c, engine, workspace))
    layout, decode = Parallelism.parse(parts.prefill_parallelism), launch_of(c, engine, workspace)
    most = c.max_num_seqs or min(-(-c.concurrency // layout.dp), LARGEST_BATCH, decode.step_tokens)
    prefill = replace(decode, layout=layout, sequences=most * layout.dp)
    first = _engine(prefill, parts, "prefill", engine)
    apart = replace(parts, prefill_command=first, proxy_command=_proxy(parts))
    return replace(c, command=_engine(decode, parts, "decode", engine), disaggregated=apart)


def _engine(start: Launch, parts: EnginesApart, role: str, engine: str) -> str:
    """The command of the first engine of a role, with its GPUs and ports: in one machine no two have the same."""
    transfer = json.dumps({"kv_connector": "NixlConnector", "kv_role": ROLES[role]})
    words = [*COMMANDS[engine](start), "--kv-transfer-config", transfer]
    if parts.machines > 1:
        where = [f"VLLM_NIXL_SIDE_CHANNEL_HOST={role}-1", f"VLLM_NIXL_SIDE_CHANNEL_PORT={SIDE_PORT}"]
        return command_line([*where, *words, "--port", str(PROXY_PORT + 1)])
    before = Parallelism.parse(parts.prefill_parallelism)
    engines = parts.prefill_replicas if role == "decode" else 0
    first, port = engines * before.gpu_count, DECODE_PORT if role == "decode" else PREFILL_PORT
    gpus = ",".join(str(first + n) for n in range(start.layout.gpu_count))
    where = [f"CUDA_VISIBLE_DEVICES={gpus}", f"VLLM_NIXL_SIDE_CHANNEL_PORT={SIDE_PORT + engines * before.dp}"]
    return command_line([*where, *words, "--port", str(port)])


def _proxy(parts: EnginesApart) -> str:
    words = ["python", PROXY, "--port", str(PROXY_PORT)]
    for role, flag, count, first in (
        ("prefill", "prefiller", parts.prefill_replicas, PREFILL_PORT),
        ("decode", "decoder", parts.replicas, DECODE_PORT),
    ):
        apart = parts.machines > 1
        words += [f"--{flag}-hosts", *(f"{role}-{n + 1}" if apart else "localhost" for n in range(count))]
        words += [f"--{flag}-ports", *(str(PROXY_PORT + 1 if apart else first + n) for n in range(count))]
    return command_line(words)


def apart_notes(c: Candidate) -> tuple[str, ...]:
    """What a candidate with prompts on GPUs of their own rests on, and what its commands leave to fill in."""
    if c.disaggregated is None:
        return ()
    names = (
        "host name (prefill-1, …)" if c.disaggregated.machines > 1 else "GPUs, VLLM_NIXL_SIDE_CHANNEL_PORT and --port"
    )
    return (
        CHECKED,
        f"with prefill apart the commands start the first engine of each kind, the others with their own {names}; vLLM"
        f" needs nixl, and its proxy lies in its repository: {PROXY}",
    )


def none_apart(connection: duckdb.DuckDBPyConnection, request: Request) -> tuple[str, ...]:
    """That no deployment with prefill apart was found, where they were to be considered."""
    if request.prefill_parallelism is None:
        return ()
    if connection.execute("select 1 from candidates where prefill_engines > 0 limit 1").fetchone():
        return ()
    what = "of text models without recurrent layers, for one answer without a reward model, on two or more NVIDIA GPUs"
    return (f"no deployment with prefill apart is among the candidates: those are {what}",)
