"""A generated task that needs no download: chained arithmetic modulo 100, one step a line.

    Q 37+45*3-12
    37+45=82
    82*3=46
    46-12=34
    A 34

Operators apply from left to right, every result modulo 100. Difficulty varies with the number of steps and with how
many multiply.
"""

from __future__ import annotations

import random

from advisor.tasks.questions import Question

OPERATORS = "++--*"
STEPS = (1, 5)
MODULUS = 100


def problem(rng: random.Random, n_steps: int) -> tuple[str, list[str], int]:
    """(expression, solution lines, answer) of one problem."""
    value = rng.randrange(MODULUS)
    expression, lines = str(value), []
    for _ in range(n_steps):
        operator, operand = rng.choice(OPERATORS), rng.randrange(MODULUS)
        if operator == "*":
            operand = rng.randrange(2, 10)
        result = apply(value, operator, operand)
        expression += f"{operator}{operand}"
        lines.append(f"{value}{operator}{operand}={result}")
        value = result
    return expression, lines, value


def apply(value: int, operator: str, operand: int) -> int:
    """One step: + − or ×, modulo 100."""
    if operator == "+":
        return (value + operand) % MODULUS
    if operator == "-":
        return (value - operand) % MODULUS
    return (value * operand) % MODULUS


def questions(n_questions: int, *, seed: int = 0) -> list[Question]:
    """The first `n_questions` of the task, the same for a seed everywhere."""
    rng = random.Random(seed)
    found = []
    for i in range(n_questions):
        expression, _, answer = problem(rng, rng.randint(*STEPS))
        found.append(Question(f"arithmetic-{seed}-{i}", f"Q {expression}\n", str(answer)))
    return found
