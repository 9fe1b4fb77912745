"""Epoch AI's benchmarking hub (CC BY 4.0): sampled answers of GPQA-Diamond and OTIS Mock AIME."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.files import ImportedSamples, first_line, seal_samples
from advisor.importers.names import BRING_IN, IMPORT_MODEL, model_named, open_model, uncosted
from advisor.input_files import checked_parquet
from advisor.models.catalog import Catalog
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.units import counted

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

TASKS = {"GPQA-Diamond": "gpqa-diamond", "OTIS-Mock-AIME-24-25": "otis-mock-aime"}
LEFT_OUT = """
select
    count(*) filter (valid is distinct from 1),
    count(*) filter (valid = 1 and not list_contains($tasks, benchmark)),
    list(distinct benchmark) filter (not list_contains($tasks, benchmark))
from read_parquet($file)
"""
COUNTED = """
select model, count(*) from read_parquet($file)
where valid = 1 and list_contains($tasks, benchmark)
group by 1 order by 1
"""
FORMS = "accepted: a Parquet file of samples of Epoch AI's benchmarking hub"


@checked_arguments
def import_epoch(workspace: Workspace, path: str | os.PathLike[str], *, model: str | None = None) -> ImportedSamples:
    """Seal one file a run of open models: those of the catalog by name, others by their Hugging Face id.

    `model` names the model of a file that has one. What is left out is in the notes. Raises AdvisorError for a file
    that is not Epoch's.
    """
    file = checked_parquet(Path(path), hint=FORMS)
    connection = duckdb.connect()
    connection.execute("create table epoch_models (published varchar, model varchar)")
    arguments = {"file": str(file), "tasks": list(TASKS)}
    try:
        names = connection.execute(COUNTED, arguments).fetchall()
        invalid, elsewhere, benchmarks = connection.execute(LEFT_OUT, arguments).fetchall()[0]
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read as samples ({first_line(error)})", where=str(file)) from None
    if model is not None and len(names) > 1:
        what = f"has answers of {len(names)} models, so that one name cannot be theirs"
        raise AdvisorError(what, where=str(file), hint="leave --model out")
    notes = [f"left out: {counted(invalid, 'answer')} that Epoch marks as not valid"] if invalid else []
    if elsewhere:
        notes.append(
            f"left out: {counted(elsewhere, 'answer')} to {', '.join(map(str, sorted(benchmarks)))}:"
            f" only {' and '.join(TASKS)} are read"
        )
    for name, n_answers in names:
        known = epoch_model(workspace.models, str(name or ""))
        found = known if model is None else model_named(workspace, (), model, str(file))
        if found is None:
            what = f"left out: {counted(n_answers, 'answer')} of {name!r}, no open model known here"
            notes.append(f"{what}; {BRING_IN} in a file of its own, or bring it by that name: {IMPORT_MODEL}")
            continue
        connection.execute("insert into epoch_models values ($1, $2)", [name, found])
        notes += uncosted(workspace.models, found)
    try:
        done = seal_samples(workspace, file, connection, statement("advisor.importers", "epoch"))
    except AdvisorError as error:
        if notes and "holds no answer" in error.what:
            raise AdvisorError(error.what, where=error.where, hint=notes[-1]) from None
        raise
    return replace(done, notes=(*notes, *done.notes))


def epoch_model(models: Catalog, name: str) -> str | None:
    """The id of a model that Epoch names so; None for a name that is no open model as far as we know."""
    return MODELS.get(name.lower()) or open_model(models, name)
