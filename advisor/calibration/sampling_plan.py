"""How answers are drawn, and what a run that draws them so is called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.engines.protocol import Sampling
from advisor.store.identity import begun, run_id
from advisor.strategies import STRATEGIES
from advisor.tasks.task import Task

FORMER_SAMPLING = ("temperature", "top_p", "max_tokens", "stop", "frequency_penalty", "seed")
"""What versions before 0.2 knew of sampling."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How answers are drawn. `budget` counts what the strategy says: samples, width, iterations or tokens.

    `reward` makes one reward of an answer of those of its steps, `step_mark` is the token that the reward model rates
    (None: the delimiter), `plain` sends prompts without a chat template. A run is named by these fields: one that is
    added needs a default that stands for what was done before.
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

    @property
    def recorded_strategy(self) -> str:
        """The name in the samples: plain sampling serves every vote."""
        search = STRATEGIES[self.strategy].search
        return search if search == "sampling" else self.strategy

    def run_id(self, task: Task) -> str:
        """The same for the same plan, task and questions, so that the same command resumes where it stopped."""
        content = {
            "plan": replace(self, strategy=self.recorded_strategy),
            "task": {"name": task.name, "kind": task.kind, "questions": task.questions},
        }
        model = self.model.rstrip("/").split("/")[-1]
        return run_id(f"{model}-{task.name}-{self.recorded_strategy}-{self.budget}", content)

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
