"""Epoch AI's benchmarking hub (CC BY 4.0): sampled answers of GPQA-Diamond and OTIS Mock AIME."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from advisor.arguments import checked_arguments
from advisor.importers.files import ImportedSamples, seal_samples
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

MODELS = {
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
    "deepseek-v3-0324": "deepseek-ai/DeepSeek-V3-0324",
    "deepseek-reasoner": "deepseek-ai/DeepSeek-V3.2",  # the API served V3.2 when these runs were made (2025-12-16)
    "qwen3-235b-a22b-thinking-2507": "Qwen/Qwen3-235B-A22B-Thinking-2507",
    "qwen3-235b-a22b": "Qwen/Qwen3-235B-A22B",
    "qwen/qwen2.5-32b-instruct": "Qwen/Qwen2.5-32B-Instruct",
    "kimi-k2p5": "moonshotai/Kimi-K2.5",
    "glm-5": "zai-org/GLM-5",
    "openai/gpt-oss-120b": "openai/gpt-oss-120b",
    "magistral-small-2506": "mistralai/Magistral-Small-2506",
    "mistral-large-2411": "mistralai/Mistral-Large-Instruct-2411",
    "mistral-large-2407": "mistralai/Mistral-Large-Instruct-2407",
    "mistral-small-2501": "mistralai/Mistral-Small-24B-Instruct-2501",
    "microsoft/phi-4": "microsoft/phi-4",
    "google/gemma-2-9b-it": "google/gemma-2-9b-it",
    "google/gemma-2-27b-it": "google/gemma-2-27b-it",
    "llama-v3p3-70b-instruct": "meta-llama/Llama-3.3-70B-Instruct",
    "meta-llama/meta-llama-3-8b-instruct": "meta-llama/Meta-Llama-3-8B-Instruct",
    "meta-llama/meta-llama-3-70b-instruct": "meta-llama/Meta-Llama-3-70B-Instruct",
    "meta-llama/llama-2-70b-chat-hf": "meta-llama/Llama-2-70b-chat-hf",
    "meta-llama/llama-4-scout-17b-16e-instruct": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "meta-llama/llama-4-maverick-17b-128e-instruct-fp8": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "allenai/llama-3.1-tulu-3-70b-dpo": "allenai/Llama-3.1-Tulu-3-70B-DPO",
}


@checked_arguments
def import_epoch(workspace: Workspace, path: str | os.PathLike[str]) -> ImportedSamples:
    """Seal one file a run of open models. Raises AdvisorError for a file that is not Epoch's."""
    connection = duckdb.connect()
    connection.execute("create table epoch_models (published varchar, model varchar)")
    connection.executemany("insert into epoch_models values ($1, $2)", [list(pair) for pair in MODELS.items()])
    return seal_samples(workspace, Path(path), connection, statement("advisor.importers", "epoch"))
