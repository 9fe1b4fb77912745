"""How answers are drawn, and what a run that draws them so is called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.engines.protocol import Prompting, Sampling
from advisor.store.identity import begun, run_id
from advisor.strategies import STRATEGIES
from advisor.strategies.sample import seeded
from advisor.tasks.questions import Question
from advisor.tasks.task import Task

FORMER_SAMPLING = ("temperature", "top_p", "max_tokens", "stop", "frequency_penalty", "seed")
"""What versions before 0.2 knew of sampling."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How answers are drawn. `budget` counts what the strategy says: samples, width, iterations or tokens.

    `reward` makes one reward of an answer of those of its steps, `step_mark` is the token that the reward model rates
    (None: the delimiter); from `plain` on it is what stands around a prompt, see Prompting. `force` opens an answer
    where thinking is cut, empty: as the task has it; `weights` are what is loaded where that is not the model by its
    own id: a name on a server, settings of the engine that change what it computes. A run is named by these fields: one
    that is added needs a default that stands for what was done before.
    """

    model: str
    strategy: str
    budget: int
    sampling: Sampling
    delimiter: str = "\n"
    reward_model: str | None = None
    reward: str = "last"
    step_mark: str | None = None
    plain: bool = False
    system_prompt: str = ""
    few_shot: tuple[tuple[str, str], ...] = ()
    chat_options: tuple[tuple[str, str | int | float | bool], ...] = ()
    force: str = ""
    weights: str = ""

    @property
    def prompting(self) -> Prompting:
        """What stands around a prompt."""
        return Prompting(self.plain, self.system_prompt, self.few_shot, self.chat_options)

    @property
    def search(self) -> str:
        """The strategy's search."""
        return STRATEGIES[self.strategy].search

    @property
    def has_steps(self) -> bool:
        """Whether answers come step by step, or a reward model rates their steps."""
        return self.reward_model is not None or self.search in {"rebase", "mcts"}

    @property
    def recorded_strategy(self) -> str:
        """The name in the samples: plain sampling serves every vote."""
        return self.search if self.search == "sampling" else self.strategy

    def seed_of(self, question: Question) -> int | None:
        """Its own for every question, so that answers to two questions do not go together."""
        if self.sampling.seed is None:
            return None
        return int(hashlib.sha256(f"{self.sampling.seed}/{question.question_id}".encode()).hexdigest()[:7], 16)

    def sampling_of(self, question: Question) -> Sampling:
        """How answers to a question are drawn."""
        return replace(self.sampling, seed=self.seed_of(question))

    def draw_of(self, question: Question, index: int) -> Sampling:
        """How plain sampling draws the answer number `index`."""
        return seeded(self.sampling_of(question), index)

    def run_id(self, task: Task) -> str:
        """The same for the same plan, task and questions, so that the same command resumes where it stopped."""
        content = {
            "plan": replace(self, strategy=self.recorded_strategy),
            "task": {"name": task.name, "kind": task.kind, "questions": task.questions},
        }
        model = self.model.rstrip("/").split("/")[-1]
        return run_id(f"{model}-{task.name}-{self.recorded_strategy}-{self.budget}", content)

    def draws_id(self, task: Task) -> str:
        """The same for all runs that share draws: of plain sampling whatever the budget, the questions and the rewards.

        What one of them has drawn another one takes up; so only one of them draws at a time.
        """
        if self.search != "sampling":
            return self.run_id(task)
        alike = replace(self, strategy=self.search, budget=0, reward_model=None, reward="last", step_mark=None)
        content = {"plan": replace(alike, delimiter="\n"), "task": {"name": task.name, "kind": task.kind}}
        return run_id(f"{self.model.rstrip('/').split('/')[-1]}-{task.name}-{self.search}", content)

    def run_id_in(self, folder: Path, task: Task) -> str:
        """The run's name, or the one that a former version gave it where the folder holds that."""
        return begun(folder, [self.run_id(task), self._former_run_id(task)])

    def _former_run_id(self, task: Task) -> str:
        """As versions before 0.2 named it, by Python's printed form of the same content."""
        shared = {"model": self.model, "strategy": self.recorded_strategy, "budget": self.budget}
        rewarded = {"reward_model": self.reward_model or "", "reward": self.reward, "plain": self.plain}
        sampling = {name: getattr(self.sampling, name) for name in FORMER_SAMPLING}
        plan = shared | {"sampling": sampling, "delimiter": self.delimiter} | rewarded
        content = repr((plan, task.name, task.kind, task.questions))
        return f"{self.run_id(task).rpartition('-')[0]}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
