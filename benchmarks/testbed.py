"""Every strategy on the tiny models of tests/testbed with real vLLM, by `advisor calibrate`, compared at equal FLOPs.

    python benchmarks/testbed.py WORKSPACE         from what is stored there
    python benchmarks/testbed.py WORKSPACE run     draws what is missing first: half an hour on two cores

Prints the tables of docs/testbed.md and draws docs/testbed.svg. Comparisons are paired over the questions, with 90 %
intervals by bootstrap over them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from tiny_models import MODELS, advisor, option_words
from validation_page import table

from advisor.accuracy.estimators import over_questions
from advisor.fits.measured import measured
from advisor.fits.strategy_points import StrategyPoints
from advisor.models.catalog import Catalog
from advisor.store.workspace import Workspace
from advisor.work import pass_flops, simple_flops

QUESTIONS, LONGEST = 200, 96
OPTIONS = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 256 << 20,
    "block_size": 32,
}
RUNS = [
    ("small", "weighted-majority", 256),
    ("small", "greedy", 1),
    *(("small", "rebase", width) for width in (4, 8, 16, 32)),
    *(("small", "mcts", iterations) for iterations in (2, 4, 8)),
    *(("small", "thinking-budget", cap) for cap in (12, 24, 48)),
    ("small", "adaptive-majority", 32),
    ("medium", "weighted-majority", 16),
    ("medium", "greedy", 1),
    ("medium", "rebase", 8),
    ("longer", "weighted-majority", 16),
    *(("longer", "rebase", width) for width in (4, 8, 16)),
    ("moe", "weighted-majority", 16),
    ("moe", "greedy", 1),
]
DRAWS = 4000
SHOWN = (1, 2, 4, 8, 16, 32, 64, 128, 256)

COMPARED = [
    ("weighted vote of 16 against majority of 16", ("small", "weighted-majority", 16), ("small", "majority", 16)),
    ("weighted vote of 64 against majority of 64", ("small", "weighted-majority", 64), ("small", "majority", 64)),
    ("the same of the medium model, 16", ("medium", "weighted-majority", 16), ("medium", "majority", 16)),
    ("the same of the MoE, 16", ("moe", "weighted-majority", 16), ("moe", "majority", 16)),
    ("REBASE of 4 against weighted vote of 4", ("small", "rebase", 4), ("small", "weighted-majority", 4)),
    ("REBASE of 16 against weighted vote of 16", ("small", "rebase", 16), ("small", "weighted-majority", 16)),
    ("REBASE of 32 against weighted vote of 32", ("small", "rebase", 32), ("small", "weighted-majority", 32)),
    ("REBASE of 32 against weighted vote of 128", ("small", "rebase", 32), ("small", "weighted-majority", 128)),
    (
        "REBASE of 16 against weighted vote of 16, longer",
        ("longer", "rebase", 16),
        ("longer", "weighted-majority", 16),
    ),
    ("REBASE of 8 against weighted vote of 8, medium", ("medium", "rebase", 8), ("medium", "weighted-majority", 8)),
    ("MCTS of 4 against weighted vote of 8", ("small", "mcts", 4), ("small", "weighted-majority", 8)),
    ("MCTS of 8 against weighted vote of 16", ("small", "mcts", 8), ("small", "weighted-majority", 16)),
    ("MCTS of 8 against REBASE of 8", ("small", "mcts", 8), ("small", "rebase", 8)),
    ("small, REBASE of 4, against medium, one answer", ("small", "rebase", 4), ("medium", "majority", 1)),
    (
        "small, REBASE of 32, against medium, weighted vote of 4",
        ("small", "rebase", 32),
        ("medium", "weighted-majority", 4),
    ),
    ("longer, REBASE of 4, against medium, one answer", ("longer", "rebase", 4), ("medium", "majority", 1)),
    (
        "longer, REBASE of 16, against medium, weighted vote of 4",
        ("longer", "rebase", 16),
        ("medium", "weighted-majority", 4),
    ),
    ("longer, REBASE of 16, against medium, REBASE of 8", ("longer", "rebase", 16), ("medium", "rebase", 8)),
    ("MoE against longer, one answer", ("moe", "majority", 1), ("longer", "majority", 1)),
    ("MoE against medium, one answer", ("moe", "majority", 1), ("medium", "majority", 1)),
    (
        "MoE against longer, weighted vote of 16",
        ("moe", "weighted-majority", 16),
        ("longer", "weighted-majority", 16),
    ),
]
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "testbed.svg"


def run(workspace: str) -> None:
    """Draw whatever is not stored yet."""
    limits = ["--questions", QUESTIONS, "--max-tokens", LONGEST, "--workspace", workspace, *option_words(OPTIONS)]
    for model, strategy, budget in RUNS:
        rewards = ["--reward-model", MODELS / "reward"] if strategy in {"weighted-majority", "rebase", "mcts"} else []
        words = ["--task", "arithmetic", "--strategy", strategy, "--samples", budget, *rewards, *limits]
        done = advisor("calibrate", MODELS / model, *words, check=False)
        last = (done.stdout or done.stderr).strip().splitlines()[-1]
        print(f"{model} {strategy} {budget}: {last}", file=sys.stderr, flush=True)
    advisor("fit", "--workspace", workspace)


def costs(m: StrategyPoints, models: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """(P,) FLOPs per question as arXiv 2408.00724 counts them (2·N·tokens), and with the reward model's."""
    policy = np.array([simple_flops(models.spec(m.model), round(tokens)) for tokens in m.generated], dtype=float)
    if m.scored is None:
        return policy, policy
    longest = 30 + LONGEST
    verifier = np.array([pass_flops(models.spec("reward"), tokens, longest) for tokens in m.scored])
    return policy, policy + verifier


def difference(a: np.ndarray, b: np.ndarray) -> str:
    """Points by which a is more accurate than b on the same questions, with its interval."""
    gained = 100 * (a - b)
    n = len(gained)
    means = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), DRAWS) @ gained / n
    low, high = np.quantile(means, [0.05, 0.95])
    return f"{gained.mean():+.1f} ({low:+.1f} to {high:+.1f})"


class Board:
    """The measured strategies of a workspace by (model, strategy), with their FLOPs."""

    def __init__(self, workspace: Workspace) -> None:
        self.models = workspace.models
        self.points = {(m.model, m.strategy): m for m in measured(workspace).points if m.task == "arithmetic"}

    def costs(self, model: str, strategy: str) -> tuple[np.ndarray, np.ndarray]:
        """(P,) FLOPs of the policy alone, and with the reward model's."""
        return costs(self.points[model, strategy], self.models)

    def at(self, model: str, strategy: str, n: int) -> tuple[np.ndarray, float, float]:
        """(accuracy of each question, policy FLOPs, all FLOPs) of one point; n counts what the strategy counts."""
        m = self.points[model, strategy]
        p = budgets_of(m).index(n)
        policy, everything = self.costs(model, strategy)
        return m.correct[:, p], float(policy[p]), float(everything[p])


def budgets_of(m: StrategyPoints) -> list[int]:
    """Token caps of thinking budgets, else samples, width or iterations."""
    return [cap or n for cap, n in zip(m.token_budget, m.n_samples, strict=True)]


def overview(board: Board) -> str:
    """Accuracy by model, strategy and budget."""
    lines = []
    for (model, strategy), m in sorted(board.points.items()):
        if strategy == "thinking-budget":
            continue
        budgets = budgets_of(m)
        accuracy = dict(zip(budgets, 100 * m.correct.mean(axis=0), strict=True))
        each = [f"{np.mean(cost / budgets):.2g}" for cost in board.costs(model, strategy)]
        lines.append([model, strategy, *each, *(f"{accuracy[n]:.1f}" if n in accuracy else "" for n in SHOWN)])
    return table(lines, ["model", "strategy", "policy FLOPs each", "with rewards", *map(str, SHOWN)])


def caps(board: Board) -> str:
    """The small model under caps on its answer."""
    m = board.points["small", "thinking-budget"]
    lines = [
        [str(cap), f"{tokens:.0f}", f"{100 * right:.1f} %"]
        for cap, tokens, right in zip(m.token_budget, m.generated, m.correct.mean(axis=0), strict=True)
    ]
    return table(lines, ["cap, tokens", "tokens used", "accuracy"])


def comparisons(board: Board) -> str:
    """COMPARED on the same questions."""
    lines = []
    for title, a, b in COMPARED:
        (ours, policy, everything), (theirs, their_policy, their_everything) = board.at(*a), board.at(*b)
        ratios = (policy / their_policy, everything / their_everything)
        lines.append([title, difference(ours, theirs), *(f"{ratio:.2f}" for ratio in ratios)])
    return table(lines, ["", "points more accurate (90 %)", "policy FLOPs, ratio", "with rewards, ratio"])


def limits(board: Board) -> str:
    """The limit of voting predicted from n answers, beside the largest vote that was measured."""
    lines = []
    for strategy in ("majority", "weighted-majority"):
        m = board.points["small", strategy]
        vote_of = dict(zip(m.n_samples, m.correct.T, strict=True))
        last = max(vote_of)
        for n in (k for k in vote_of if k // 2 in vote_of and k < last):
            limit = over_questions(2 * vote_of[n] - vote_of[n // 2])
            seen, largest = (100 * vote_of[k].mean() for k in (n, last))
            predicted = f"{100 * limit.value:.1f} % ({100 * limit.low:.1f} to {100 * limit.high:.1f})"
            lines.append([strategy, str(n), f"{seen:.1f} %", predicted, f"{largest:.1f} %"])
    return table(lines, ["vote", "answers n", "vote of n", "limit predicted from n", f"vote of {last}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("run", nargs="?", choices=["run"], help="draw what is missing first")
    given = parser.parse_args()
    if given.run:
        run(given.workspace)
    board = Board(Workspace(given.workspace))
    for part in (overview, caps, comparisons, limits):
        print(part(board))
    draw(board)


COLOURS = {"small": "#0072b2", "longer": "#e69f00", "medium": "#009e73", "moe": "#cc3377"}
MARKS = {
    "majority": "o-",
    "weighted-majority": "s-",
    "best-of-n": "v--",
    "rebase": "D-",
    "mcts": "^:",
    "greedy": "*",
    "thinking-budget": "x-",
    "adaptive-majority": "P",
}


def draw(board: Board) -> None:
    """Accuracy against FLOPs of the policy alone, and with the reward model's: a colour a model, a mark a strategy."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "testbed"
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    figure, panels = plt.subplots(1, 2, figsize=(12, 5.2), sharey=True)
    for which, axes in enumerate(panels):
        for (model, strategy), m in sorted(board.points.items()):
            if strategy == "thinking-budget" and model != "small":
                continue
            axes.plot(
                board.costs(model, strategy)[which],
                100 * m.correct.mean(axis=0),
                MARKS[strategy],
                color=COLOURS[model],
                markersize=6,
                linewidth=1.3,
            )
        axes.set_xscale("log")
        axes.set_xlabel("FLOPs per question, " + ("policy alone" if which == 0 else "policy and reward model"))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("accuracy, %")
    models = [Line2D([], [], color=colour, linewidth=3, label=model) for model, colour in COLOURS.items()]
    marks = [
        Line2D([], [], color="#555555", marker=mark[0], linestyle=mark[1:] or "none", label=strategy)
        for strategy, mark in MARKS.items()
    ]
    figure.legend(handles=[*models, *marks], loc="lower center", ncol=6, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.09, 1, 1))
    figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
