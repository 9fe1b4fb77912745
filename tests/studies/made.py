"""Workspaces that know nothing but some points written by hand, beside the shipped models, GPUs and prices."""

from advisor.store.beliefs import Fits
from advisor.store.workspace import Workspace
from tests.recommendation.made import point

DENSE = ("Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "microsoft/phi-4", "meta-llama/Llama-3.1-8B-Instruct",
         "meta-llama/Llama-3.3-70B-Instruct", "Qwen/Qwen2.5-7B-Instruct")  # fmt: skip
MOE = ("openai/gpt-oss-120b", "Qwen/Qwen3-30B-A3B", "deepseek-ai/DeepSeek-V3", "mistralai/Mixtral-8x7B-Instruct-v0.1",
       "openai/gpt-oss-20b")  # fmt: skip


class Own(Workspace):
    """What ships, with these strategy points alone."""

    def __init__(self, *points, folder=None):
        super().__init__(folder)
        self.given = points

    @property
    def fits(self):
        found = Fits(self.profiles)
        found.__dict__["points"] = self.given
        return found


def one(model, accuracy, tokens=1000.0, **changed):
    """A single answer of a model that ships, exactly this accurate."""
    ends = {"low": max(accuracy - 0.01, 0.0), "high": min(accuracy + 0.01, 1.0)}
    return point(model=model, accuracy=accuracy, generated_tokens=tokens, **(ends | changed))
