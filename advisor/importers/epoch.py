"""Epoch AI's benchmarking hub (CC BY 4.0): sampled answers of GPQA-Diamond and OTIS Mock AIME."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.files import ImportedSamples, first_line, seal_samples
from advisor.input_files import checked_parquet
from advisor.models.catalog import Catalog
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
"""Epoch's names in lower case; those that are not here are looked up in the catalog."""


FORMS = "accepted: a Parquet file of samples of Epoch AI's benchmarking hub"
HUGGING_FACE_ID = re.compile(r"[\w.-]+/[\w.-]+")


@checked_arguments
def import_epoch(workspace: Workspace, path: str | os.PathLike[str]) -> ImportedSamples:
    """Seal one file a run of open models: those of the catalog by name, others by their Hugging Face id.

    Raises AdvisorError for a file that is not Epoch's.
    """
    file = checked_parquet(Path(path), hint=FORMS)
    connection = duckdb.connect()
    connection.execute("create table epoch_models (published varchar, model varchar)")
    try:
        names = connection.execute("select distinct model from read_parquet($file)", {"file": str(file)}).fetchall()
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read as samples ({first_line(error)})", where=str(file)) from None
    for (name,) in names:
        if model := open_model(workspace.models, str(name or "")):
            connection.execute("insert into epoch_models values ($1, $2)", [name, model])
    return seal_samples(workspace, file, connection, statement("advisor.importers", "epoch"))


def open_model(models: Catalog, name: str) -> str | None:
    """The id of a model that Epoch names so; None for a name that is no open model as far as we know."""
    if own := MODELS.get(name.lower()):
        return own
    try:
        return models.resolve(name)
    except AdvisorError:
        return name if HUGGING_FACE_ID.fullmatch(name) else None
