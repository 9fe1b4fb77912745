"""Claims that nothing stored can test, each with what is missing."""

from __future__ import annotations

from advisor.studies.study import Claim, Verdict

SCALING, FRONTIERS = "arXiv 2408.00724", "arXiv 2512.24776"
_ROWS = (
    (
        "the findings hold on HMMT-FEB25 as on the other four sets",
        f"{FRONTIERS}, abstract",
        "neither answers nor accuracies of this set are stored",
    ),
    (
        "a small frequency penalty ends loops: one model's accuracy rose from .50 to .83, its tokens fell from 100k to"
        " 43k",
        f"{FRONTIERS}, from a draft's log, at second hand",
        "no model's answers are stored with and without a penalty",
    ),
    (
        "a second pass by a judge corrects what the parser of answers misses",
        f"{FRONTIERS}, read in excerpts",
        "stored answers are graded once",
    ),
    (
        "by sampling, a 7B model beats a 34B one until about 128 samples",
        f"{SCALING}, at second hand",
        "no votes of this pair on the same questions are stored",
    ),
    (
        "Table 1 on MATH500: 42.8 and 45.0 % (Mistral-7B), 45.5 and 46.8 % (Llemma-7B), 46.7 and 49.2 % (Llemma-34B)"
        " with votes and REBASE",
        f"{SCALING}, recalled, but for two cells not read",
        "no answers of these models are stored",
    ),
    (
        "budgets usually lie below the point where larger models take over, so that a small one is often optimal",
        f"{SCALING}, at second hand",
        "no deployment's budgets are stored",
    ),
    (
        "the best strategy depends on the question's difficulty; choosing by it saves compute",
        "arXiv 2408.03314, abstract and recalled",
        "no questions with several strategies of a large model are stored",
    ),
    (
        "chosen by policy, reward model and difficulty, inference takes 100 to 1,000 times fewer FLOPs",
        "arXiv 2502.06703, abstract and at second hand",
        "no questions with several strategies of a large model are stored",
    ),
    (
        "reward models carry over poorly to the answers of other models",
        "arXiv 2502.06703, abstract",
        "no answers are stored that two reward models scored",
    ),
    (
        "answers weighted by their confidence (CGES) take 6.7 calls for 16.0, and lose at most 0.4 point",
        "arXiv 2511.02603, abstract",
        "no confidences of answers are stored",
    ),
    (
        "a vote stopped by a posterior over its leading answers takes 30 to 80 % fewer calls",
        "arXiv 2602.05395, abstract and at second hand",
        "not counted; the rule by confidence is, above",
    ),
    (
        "a vote can stop when a window of answers agrees",
        "a stopping rule beside arXiv 2305.11860, read in excerpts",
        "not counted; the rule by confidence is, above",
    ),
    (
        "compute at inference pays only for models above about 14B parameters",
        "arXiv 2506.05333, abstract",
        "no sizes of one family with many answers to the same questions and their lengths are stored",
    ),
    (
        "FLOPs alone err by up to 3 times in what an accuracy costs on AIME24",
        "arXiv 2506.05333, abstract",
        "no sizes of one family with many answers to the same questions and their lengths are stored",
    ),
    (
        "coverage on SWE-bench Lite grows from .159 with one answer to .56 with 250",
        "arXiv 2407.21787, abstract",
        "no answers to this set are stored",
    ),
    (
        "votes and selection by reward gain nothing beyond a few hundred answers, while coverage grows on",
        "arXiv 2407.21787, abstract",
        "no votes of several hundred answers of a large model are stored",
    ),
    (
        "sparse attention gains up to 60 points at low cost and 5 at high cost",
        "arXiv 2506.05333, abstract",
        "no answers with sparse attention are stored",
    ),
    (
        "tree search spends too much on near-duplicate candidates; budgets by direction do better (DORA)",
        "arXiv 2506.15707, abstract",
        "no such search is stored",
    ),
    (
        "pruning a tree for shared KV caches makes them 1.8 times smaller, at 1.4 times the throughput (ETS)",
        "arXiv 2502.13575, abstract",
        "no such search is stored",
    ),
    (
        "tree search with a process reward model does not clearly gain over best-of-N, and costs more",
        "arXiv 2510.20272, abstract",
        "no searches of a large model are stored",
    ),
    (
        "the mode of resampled best-of-N answers beats best-of-N in 25 of 30 set-ups (Majority-of-Bests)",
        "arXiv 2511.18630, abstract",
        "no rewards of a large model's answers are stored",
    ),
)

UNTESTED = tuple(Claim(claim, source, f"no data here: {why}", Verdict.OPEN) for claim, source, why in _ROWS)
"""With the verdict that follows from having no data."""
