"""Every strategy on the tiny models of tests/testbed with real vLLM, by `advisor calibrate`, compared at equal FLOPs.

    python benchmarks/testbed.py WORKSPACE         from what is stored there
    python benchmarks/testbed.py WORKSPACE run     draws what is missing first: half an hour on two cores

Prints the tables of docs/testbed.md, draws docs/testbed.svg and writes measurements/strategies/testbed.csv, which the
study of inference scaling compares as it compares stored answers. Comparisons are paired over the questions, with 90 %
intervals by bootstrap over them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tiny_models import MODELS, advisor, option_words
from validation_page import table

from advisor.fits.measured import measured
from advisor.fits.strategy_points import StrategyPoints
from advisor.store.reported_strategies import StrategyRow
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace
from advisor.studies.strategies_at_equal_flops import Place, contest
from advisor.studies.strategy_series import COMPARED as STRATEGIES
from advisor.studies.strategy_series import Series, flops_of, series_of
from advisor.studies.voting_limits import limit_forecasts
from advisor.tables import columns, texts

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
ROOT = Path(__file__).resolve().parent.parent
PICTURE, TABLE = ROOT / "docs" / "testbed.svg", ROOT / "measurements" / "strategies" / "testbed.csv"
AS_OF = "2026-11-26"
CAVEAT = "Tiny models trained from scratch on arithmetic, the test bed of this project: no evidence about large models."


def run(workspace: str) -> None:
    """Draw whatever is not stored yet."""
    limits = ["--questions", QUESTIONS, "--max-tokens", LONGEST, "--workspace", workspace, *option_words(OPTIONS)]
    for model, strategy, budget in RUNS:
        rewards = ["--reward-model", MODELS / "reward"] if strategy in {"weighted-majority", "rebase", "mcts"} else []
        number = [] if strategy == "greedy" else ["--samples", budget]
        words = ["--task", "arithmetic", "--strategy", strategy, *number, *rewards, *limits]
        done = advisor("calibrate", MODELS / model, *words, check=False)
        last = (done.stdout or done.stderr).strip().splitlines()[-1]
        print(f"{model} {strategy} {budget}: {last}", file=sys.stderr, flush=True)
    advisor("fit", "--workspace", workspace)


class Board:
    """The measured strategies of a workspace by (model, strategy)."""

    def __init__(self, workspace: Workspace) -> None:
        self.models = workspace.models
        self.points = {(m.model, m.strategy): m for m in measured(workspace) if m.task == "arithmetic"}

    def costs(self, model: str, strategy: str) -> tuple[np.ndarray, np.ndarray]:
        """(P,) FLOPs of the policy alone as arXiv 2408.00724 counts them, and with the reward model's."""
        policy, verifier = flops_of(self.points[model, strategy], self.models)
        return policy, policy + verifier

    def series(self, model: str, strategy: str) -> Series:
        """As the study of inference scaling compares it."""
        return series_of(self.points[model, strategy], self.models)

    def at(self, model: str, strategy: str, n: int) -> Place:
        """One point; n counts what the strategy counts."""
        series = self.series(model, strategy)
        return Place(series, series.n.index(n))


def budgets_of(m: StrategyPoints) -> list[int]:
    """Token caps of thinking budgets, else samples, width or iterations."""
    return [cap or n for cap, n in zip(m.token_budget, m.n_samples, strict=True)]


def overview(board: Board) -> str:
    """Accuracy by model, strategy and budget."""
    lines = []
    for (model, strategy), m in sorted(board.points.items()):
        if strategy not in STRATEGIES:
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
        found = contest(title, board.at(*a), board.at(*b))
        ratios = (found.policy_ratio, found.total_ratio)
        lines.append([title, points(found.gain), *(f"{ratio:.2f}" for ratio in ratios)])
    return table(lines, ["", "points more accurate (90 %)", "policy FLOPs, ratio", "with rewards, ratio"])


def points(gain: Any) -> str:
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def limits(board: Board) -> str:
    """The limit of voting predicted from n answers, beside the largest vote that was measured."""
    found = limit_forecasts(board.series("small", strategy) for strategy in ("majority", "weighted-majority"))
    lines = [
        [
            f.strategy,
            str(f.n),
            f"{100 * f.vote_of_n:.1f} %",
            f"{100 * f.predicted.value:.1f} % ({100 * f.predicted.low:.1f} to {100 * f.predicted.high:.1f})",
            f"{100 * f.vote_of_all:.1f} %",
        ]
        for f in found
    ]
    return table(lines, ["vote", "answers n", "vote of n", "limit predicted from n", f"vote of {found[0].n_all}"])


def write_points(board: Board) -> None:
    """TABLE: the accuracy of every question at every point, with its FLOPs."""
    series = [board.series(*key) for key in sorted(board.points) if key[1] in STRATEGIES]
    shared = sorted(set.intersection(*(set(each.question_ids) for each in series)))
    rows = [row for each in series for row in rows_of(each, shared)]

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            written = csv.DictWriter(file, [c.name for c in columns(StrategyRow)], lineterminator="\n")
            written.writeheader()
            written.writerows(texts(rows))

    TABLE.parent.mkdir(exist_ok=True)
    sealed(TABLE, write)


def rows_of(series: Series, questions: list[str]) -> list[StrategyRow]:
    """A row a point, of these questions in their order, in thousandths."""
    order = [series.question_ids.index(question) for question in questions]
    tallies = series.tallies and [series.tallies[q] for q in order]
    last = max(series.n)
    return [
        StrategyRow(
            model=series.model,
            active_parameters=series.active_parameters,
            task=series.task,
            strategy=series.strategy,
            n_samples=n,
            policy_flops=float(series.policy[p]),
            verifier_flops=float(series.verifier[p]),
            reward_model=series.reward_model,
            accuracies=" ".join(str(round(1000 * series.correct[q, p])) for q in order),
            tallies=" ".join(f"{r}:{','.join(map(str, w))}:{u}" for r, w, u in tallies)
            if tallies and n == last
            else None,
            caveat=CAVEAT,
            source="the test bed of this project: benchmarks/testbed.py, docs/testbed.md",
            license="Apache-2.0",
            as_of=AS_OF,
        )
        for p, n in enumerate(series.n)
    ]


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
    write_points(board)


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
