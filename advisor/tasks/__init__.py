"""Questions, and whether an answer is right."""

DEFAULT_TASK = "gpqa-diamond"
"""What a verb is about unless a task is given: the benchmark that most models have answers to."""
