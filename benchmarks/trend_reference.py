"""The trend study's own code on a table of accuracies and tokens by benchmark that may be read but not shipped.

python benchmarks/trend_reference.py DATA

DATA is a folder with aa_accuracy_vs_tokens.csv, or that file: benchmark, model, company, score_raw, release_date,
input_tokens, n_questions_assumed and output_tokens_per_question_est. Models are matched with the catalogue by name;
the others have no FLOPs and are counted. The accuracies' errors are those of as many questions as the table assumes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from wordiness import OUTSIDE

from advisor.accuracy.dominance import unbeaten
from advisor.accuracy.release_trend import Over, Releases, release_trend, why_not
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.fits.costs import TYPICAL_PROMPT_TOKENS, policy_flops
from advisor.models.catalog import Catalog
from advisor.reports.trends import open_cell
from advisor.store.workspace import Workspace
from advisor.studies.frontier_history import History
from advisor.studies.trend import guessing, releases_of, trend, years_of
from advisor.studies.trend_claims import progress, slope_text

TABLE = "aa_accuracy_vs_tokens.csv"
TARGET = 0.5


def catalogued(models: Catalog) -> dict[str, str]:
    """Ids by the letters and digits of their names, with and without what chat models are called besides."""
    found = {}
    for model in models:
        name = plain(model.split("/")[-1])
        for end in ("", "instruct", "it", "chat", "fp8"):
            if name.endswith(end):
                found.setdefault(name.removesuffix(end), model)
    return found


def plain(name: str) -> str:
    """Small letters and digits; what stands in brackets is an effort or a date."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name).lower())


def measured(path: Path, models: Catalog) -> pd.DataFrame:
    """Rows with a date, a score, tokens and a model of the catalogue, and their FLOPs per question."""
    table = pd.read_csv(path)
    ids = catalogued(models)
    table["id"] = [OUTSIDE.get(name) or ids.get(plain(name)) for name in table["model"]]
    table["prompt"] = table["input_tokens"] / table["n_questions_assumed"]
    needed = ["score_raw", "release_date", "output_tokens_per_question_est", "id"]
    known = table.dropna(subset=needed).drop_duplicates(["benchmark", "model"])
    known = known[known["output_tokens_per_question_est"] > 0].copy()
    tokens = zip(known["id"], known["prompt"], known["output_tokens_per_question_est"], strict=True)
    known["flops"] = [policy_flops(models, model, prompt, answer, 1) for model, prompt, answer in tokens]
    return known


def releases(rows: pd.DataFrame, benchmark: str) -> Releases:
    """The regression's input, with draws of binomial errors."""
    accuracy, questions = rows["score_raw"].to_numpy(), rows["n_questions_assumed"].to_numpy()
    draws = normal_draws(accuracy, questions, benchmark)
    flops, dates = rows["flops"].to_numpy(), rows["release_date"].str[:7].to_numpy()
    beside = dates[None, :] <= dates[:, None]
    return Releases(
        years=np.array([years_of(date) for date in dates]),
        flops=flops,
        accuracies=accuracy,
        draws=draws,
        questions=questions,
        groups=[f"{company}\0{date}" for company, date in zip(rows["company"], dates, strict=True)],
        leads=unbeaten(flops[:, None], accuracy[:, None], beside)[:, 0],
        leads_draws=unbeaten(np.tile(flops[:, None], DRAWS), draws, beside),
        floor=guessing(benchmark),
    )


def normal_draws(accuracy: np.ndarray, questions: np.ndarray, name: str) -> np.ndarray:
    """(N, DRAWS) of binomial errors."""
    error = np.sqrt(accuracy * (1 - accuracy) / questions)
    normal = np.random.default_rng(seed_of(name)).standard_normal((len(accuracy), DRAWS))
    return np.clip(accuracy[:, None] + error[:, None] * normal, 0, 1)


def counted_and_imputed(rows: pd.DataFrame, workspace: Workspace, task: str) -> None:
    """Print the fit over shipped accuracies of models in both: lengths as they ship, and as the table counts them."""
    counts = rows[rows["benchmark"] == task].drop_duplicates("id").set_index("id")["output_tokens_per_question_est"]
    both = sorted({a.model for a in trend(workspace, task=task).answers} & set(counts.index))
    found = trend(workspace, task=task, model=both)
    accuracies = np.array([[a.accuracy.value] for a in found.answers])
    draws = normal_draws(accuracies[:, 0], np.array([a.n_questions for a in found.answers]), task)
    n_imputed = sum(a.imputed for a in found.answers)
    for words, lengths in (
        (f"as shipped, {n_imputed} imputed", [a.generated_tokens for a in found.answers]),
        ("as counted in the table", [float(counts[a.model]) for a in found.answers]),
    ):
        pairs = zip(found.answers, lengths, strict=True)
        flops = [policy_flops(workspace.models, a.model, TYPICAL_PROMPT_TOKENS, tokens, 1) for a, tokens in pairs]
        costs = np.tile(np.array(flops)[:, None], 1 + DRAWS)
        history = History(tuple(found.answers), costs, np.hstack([accuracies, draws]))
        fit = release_trend(releases_of(history, guessing(task)), Over.ALL, TARGET, seed=seed_of(task))
        print(f"{task}, {len(both)} models of both, lengths {words}: a year {open_cell(fit.gain, ' ×')},", end=" ")
        print(f"10 × FLOPs {slope_text(fit.per_decade)} logits")


def main(data: Path) -> None:
    """Print a line for every benchmark and fit."""
    path = data / TABLE if data.is_dir() else data
    workspace = Workspace()
    rows = measured(path, workspace.models)
    n_all = pd.read_csv(path, usecols=["model"])["model"].nunique()
    print(f"{rows['model'].nunique()} of {n_all} models have a config in the catalogue\n")
    for benchmark, of_benchmark in rows.groupby("benchmark"):
        name = str(benchmark)
        found = releases(of_benchmark, name)
        fitted = []
        for over in Over:
            if why := why_not(found, over):
                print(f"{name:<45}{over:<32}{why}")
                continue
            fit = release_trend(found, over, TARGET, seed=seed_of(name))
            fitted.append(fit)
            slopes = f"10 × FLOPs {slope_text(fit.per_decade)}, a year {slope_text(fit.per_year)} logits"
            print(f"{name:<45}{over:<32}n {fit.n_answers:<5}{open_cell(fit.gain, ' ×'):<26}{slopes}")
        print(f"{name:<45}frontier improves: {progress(fitted)}\n")
    counted_and_imputed(rows, workspace, "gpqa-diamond")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
