"""Made answers, in a workspace without the shipped ones."""

from advisor.store.workspace import Workspace
from tests.fits.stored import workspace

MODELS = ("Qwen/Qwen3-8B", "Qwen/Qwen3-14B", "Qwen/Qwen3-4B", "Qwen/Qwen3-1.7B")


def answer(question, index, correct, tokens, model=MODELS[0], **others):
    """One stored answer of a run of its own model and task."""
    made = {
        "model": model,
        "task": "mine",
        "question_id": f"q{question}",
        "sample_index": index,
        "strategy": "sampling",
    }
    made |= {"answer": "right" if correct else "wrong", "correct": bool(correct), "generated_tokens": tokens} | others
    return {"run_id": f"{made['model']} {made['task']}"} | made


def alone(folder, answers):
    """A workspace that has these answers alone; profiles ship."""
    workspace(folder, answers)
    return Workspace(folder, own_answers=True)
