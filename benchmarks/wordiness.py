"""How far imputed lengths of answers are from counted ones: whole models, whole tasks and single figures left out.

    python benchmarks/wordiness.py DATA            # writes its section of docs/validation.md
    python benchmarks/wordiness.py DATA --learn    # prints the spreads of advisor/fits/wordiness.py instead

DATA holds aa_accuracy_vs_tokens.csv, figures of a third party that nothing was learned from: an outside check.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from validation_page import put, table

from advisor.fits.imputed_tokens import Z90, known_lengths
from advisor.fits.wordiness import BENCHMARK, SPREADS, Answered, predicted
from advisor.provenance import Provenance
from advisor.store.workspace import Workspace

FIXED = ("all", "thinking")
ROUNDS = 60
CAREFUL = (2.0, 0.04)
"""A prior on every variance that is learned: so many terms more, of so much variance together."""
COLUMNS = ["left out", "figures", "median factor", "within 1.5", "within 2", "90 % intervals that hold", "their factor"]
OUTSIDE = {
    "DeepSeek R1(Jan)": "deepseek-ai/DeepSeek-R1",
    "DeepSeek R10528": "deepseek-ai/DeepSeek-R1-0528",
    "DeepSeek R1DistillLlama 70B": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "DeepSeek R1DistillLlama 8B": "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    "DeepSeek R1Distill Qwen14B": "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    "DeepSeek R1Distill Qwen32B": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "DeepSeek V3 (Dec)": "deepseek-ai/DeepSeek-V3",
    "DeepSeek V3 0324": "deepseek-ai/DeepSeek-V3-0324",
    "Gemma 3 27B": "google/gemma-3-27b-it",
    "GLM-4.7": "zai-org/GLM-4.7-FP8",
    "Kimi K2Thinking": "moonshotai/Kimi-K2-Thinking",
    "Llama 2 Chat 70B": "meta-llama/Llama-2-70b-chat-hf",
    "Llama 3 8B": "meta-llama/Meta-Llama-3-8B-Instruct",
    "Llama 3 70B": "meta-llama/Meta-Llama-3-70B-Instruct",
    "Llama 3.1 8B": "meta-llama/Llama-3.1-8B-Instruct",
    "Llama 3.1 70B": "meta-llama/Llama-3.1-70B-Instruct",
    "Llama 3.1 405B": "meta-llama/Llama-3.1-405B-Instruct",
    "Llama 3.3 70B": "meta-llama/Llama-3.3-70B-Instruct",
    "Llama 4 Maverick": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "Llama 4 Scout": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "MagistralSmall 1": "mistralai/Magistral-Small-2506",
    "Mistral Large 2(Jul)": "mistralai/Mistral-Large-Instruct-2407",
    "Mistral Large 2(Nov)": "mistralai/Mistral-Large-Instruct-2411",
    "Mistral Small 3": "mistralai/Mistral-Small-24B-Instruct-2501",
    "Mixtral 8x7B": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Phi-4": "microsoft/phi-4",
    "QwQ32B-Preview": "Qwen/QwQ-32B-Preview",
    "Qwen2 72B": "Qwen/Qwen2-72B-Instruct",
    "Qwen2.5 72B": "Qwen/Qwen2.5-72B-Instruct",
    "Qwen3 235B": "Qwen/Qwen3-235B-A22B",
}
"""Names of the third party whose answers on gpqa-diamond are imputed here."""
HEADING = "Imputed lengths of answers"
TEXT = """Made by `python benchmarks/wordiness.py DATA`. What `advisor fit` imputes, mean tokens of an answer, beside
the {n} figures of {models} models on {tasks} tasks that it learns from: published benchmarks (stored answers, and what
sources report), and easier questions and puzzles, which tell how wordy models are beside each other (of puzzles the
characters are known, a quarter of which counts as tokens). A factor of 1.5 is both too many and too few. With a whole
model left out nothing of it is known; a single figure left out stands for a model that was counted on another task;
with a whole task left out no length is known there, and nothing is imputed: intervals are wider than a factor of three.

{rows}
On gpqa-diamond, beside a third party's figures (its own prompts and endpoints; licence unclear, so that nothing was
learned from it and none of it ships): {n_outside} models whose answers nobody counted.

{outside}"""


def left_out(known: Sequence[Answered], tokens: np.ndarray, groups: Sequence[object]) -> tuple[np.ndarray, np.ndarray]:
    """Log of predicted over counted tokens, each group predicted from all others, and its standard deviation."""
    log_factor, deviation = np.zeros(len(known)), np.zeros(len(known))
    for seen, unseen in LeaveOneGroupOut().split(tokens, groups=groups):
        of = predicted([known[i] for i in seen], tokens[seen], [known[i] for i in unseen])
        log_factor[unseen], deviation[unseen] = of[0] - np.log(tokens[unseen]), of[1]
    return log_factor, deviation


def row(name: str, log_factor: np.ndarray, deviation: np.ndarray) -> list[str]:
    """A line of the table."""
    off = np.abs(log_factor)
    shares = (np.mean(off <= np.log(1.5)), np.mean(off <= np.log(2)), np.mean(off <= Z90 * deviation))
    factors = (np.exp(np.median(off)), np.exp(Z90 * np.median(deviation)))
    return [
        name,
        str(len(off)),
        f"{factors[0]:.2f}",
        *(f"{100 * share:.0f} %" for share in shares),
        f"{factors[1]:.2f}",
    ]


def figures(known: Sequence[Answered], tokens: np.ndarray, open_models: set[str]) -> list[list[str]]:
    """All lines of the first table."""
    tenths = np.empty(len(known), dtype=int)
    cells = [f"{each.model} {each.task}" for each in known]
    for tenth, (_, held) in enumerate(GroupKFold(10, shuffle=True, random_state=0).split(tokens, groups=cells)):
        tenths[held] = tenth
    groups = {
        "whole model": [each.model for each in known],
        "a tenth of the figures": list(tenths),
        "whole task": [each.task for each in known],
    }
    kinds = {
        "benchmarks": [each.kind == BENCHMARK for each in known],
        "benchmarks, open models": [each.kind == BENCHMARK and each.model in open_models for each in known],
        "benchmarks, thinking": [each.kind == BENCHMARK and each.thinks for each in known],
        "easier questions": [each.kind != BENCHMARK for each in known],
    }
    rows = []
    for name, by in groups.items():
        log_factor, deviation = left_out(known, tokens, by)
        rows += [row(f"{name}: {kind}", log_factor[of], deviation[of]) for kind, of in kinds.items()]
    return rows


def outside(workspace: Workspace, data: Path) -> list[list[str]]:
    """Imputed tokens on gpqa-diamond beside a third party's."""
    points = {
        p.model: p
        for p in workspace.fits.points
        if p.task == "gpqa-diamond" and p.n_samples == 1 and p.tokens_from is Provenance.IMPUTED
    }
    found = []
    with (data / "aa_accuracy_vs_tokens.csv").open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            p = points.get(OUTSIDE.get(line["model"], ""))
            if p and line["benchmark"] == "gpqa-diamond" and line["output_tokens_per_question_est"]:
                theirs = float(line["output_tokens_per_question_est"])
                thinks = theirs > 2000
                found.append((thinks, np.log((p.generated_tokens or 0.0) / theirs), np.log(p.tokens_spread) / Z90))
    thinks, log_factor, deviation = (np.array(column) for column in zip(*found, strict=True))
    return [
        row("all", log_factor, deviation),
        row("thinking", log_factor[thinks], deviation[thinks]),
        row("not thinking", log_factor[~thinks], deviation[~thinks]),
    ]


def learned(known: Sequence[Answered], tokens: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Spreads of the terms and of what is left by kind of task, by EM (empirical Bayes)."""
    vectorizer = DictVectorizer(sparse=False)
    x = vectorizer.fit_transform([{f"{name}\t{which}": amount for name, which, amount in k.terms()} for k in known])
    names = np.array([name.partition("\t")[0] for name in vectorizer.feature_names_])
    kinds = np.array([each.kind == BENCHMARK for each in known])
    y = np.log(tokens) - np.log(tokens).mean()
    spreads, noise = {name: SPREADS[name] for name in SPREADS}, {True: 0.3, False: 0.4}
    for _ in range(ROUNDS):
        weights = np.array([1 / noise[kind] ** 2 for kind in kinds])
        precision = np.diag([1 / spreads[name] ** 2 for name in names])
        covariance = np.linalg.inv((x.T * weights) @ x + precision)
        mean = covariance @ (x.T @ (weights * y))
        for name in set(names) - set(FIXED):
            of = names == name
            squares = (mean[of] ** 2).sum() + np.diag(covariance)[of].sum()
            spreads[name] = float(np.sqrt((squares + CAREFUL[1]) / (of.sum() + CAREFUL[0])))
        left = (y - x @ mean) ** 2 + np.einsum("ij,jk,ik->i", x, covariance, x)
        noise = {kind: float(np.sqrt(left[kinds == kind].mean())) for kind in noise}
    return spreads, {("benchmark" if kind else "others"): value for kind, value in noise.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    parser.add_argument("--learn", action="store_true", help="print spreads")
    options = parser.parse_args()
    workspace = Workspace()
    known, tokens = (list(column) for column in zip(*known_lengths(workspace), strict=True))
    if options.learn:
        print(*learned(known, np.array(tokens)), sep="\n")
        return
    beside = outside(workspace, options.data)
    body = TEXT.format(
        n=len(known),
        models=len({each.model for each in known}),
        tasks=len({each.task for each in known}),
        rows=table(figures(known, np.array(tokens), set(workspace.models)), COLUMNS),
        n_outside=beside[0][1],
        outside=table(beside, ["gpqa-diamond", *COLUMNS[1:]]),
    )
    put(HEADING, body)
    print(body)


if __name__ == "__main__":
    main()
