"""Train the tiny models of the test bed from scratch, in Hugging Face format.

    python tests/testbed/train.py FOLDER [small longer medium moe reward]

On the chained arithmetic of advisor/tasks/arithmetic.py, with a tokenizer of single characters: a dense small model,
the same trained longer, a dense medium one, a mixture of experts with about the active parameters of the small one and
the total of the medium one, and a process reward model that scores every token: is all right so far? Ten to twenty
minutes a model on one core; seeded.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models
from torch import nn
from transformers import Qwen2Config, Qwen2Model, Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from advisor.tasks.arithmetic import STEPS, apply, problem

CHARACTERS = ["<pad>", "<end>", *"\n 0123456789+-*=QA"]
ID = {c: i for i, c in enumerate(CHARACTERS)}
TOKENS, PEAK = 4096, 4e-3
COMMON = {
    "vocab_size": 32,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "head_dim": 32,
}
SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 192,
}
SHAPES = {
    "small": (Qwen3Config, SMALL),
    "longer": (Qwen3Config, SMALL),
    "medium": (
        Qwen3Config,
        {
            "hidden_size": 128,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "intermediate_size": 384,
        },
    ),
    "moe": (
        Qwen3MoeConfig,
        {
            "hidden_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "intermediate_size": 192,
            "moe_intermediate_size": 96,
            "num_experts": 16,
            "num_experts_per_tok": 2,
            "norm_topk_prob": True,
            "decoder_sparse_step": 1,
            "mlp_only_layers": [],
        },
    ),
    "reward": (
        Qwen2Config,
        {
            "hidden_size": 128,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "intermediate_size": 384,
        },
    ),
}
ITERATIONS = {"small": 2100, "longer": 3000, "medium": 1600, "moe": 2900, "reward": 4000}


def solutions(rng: random.Random) -> list[tuple[str, str]]:
    """(prompt, solution) of a batch: as many problems of one number of steps as make TOKENS tokens."""
    n_steps = rng.randint(*STEPS)
    batch = []
    for _ in range(TOKENS // (10 + 14 * n_steps)):
        expression, lines, answer = problem(rng, n_steps)
        batch.append((f"Q {expression}\n", "\n".join([*lines, f"A {answer}", ""])))
    return batch


def padded(rows: list[list[int]], fill: int) -> torch.Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])


def encoded(text: str) -> list[int]:
    return [ID[c] for c in text]


def policy_batch(rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, the prompt masked out of the loss."""
    batch = solutions(rng)
    ids = padded([[*encoded(prompt + solution), 1] for prompt, solution in batch], 0)
    labels = padded([[-100] * len(prompt) + [*encoded(solution), 1] for prompt, solution in batch], -100)
    return ids, labels


def with_a_mistake(rng: random.Random, solution: str) -> str:
    """A wrong digit somewhere, and what follows from it as the right steps would have it."""
    lines = solution.splitlines()
    at = rng.randrange(len(lines))
    if "=" not in lines[at] or rng.random() < 0.2:
        lines[at] = wrong_digit(rng, lines[at])
        return "\n".join([*lines, ""])
    head, _, result = lines[at].partition("=")
    value = mistaken(rng, int(result))
    lines[at] = f"{head}={value}"
    for i in range(at + 1, len(lines)):
        if "=" not in lines[i]:
            lines[i] = f"A {value}"
            continue
        operator, operand = re.match(r"\d+(.)(\d+)=", lines[i]).groups()
        lines[i] = f"{value}{operator}{operand}={apply(value, operator, int(operand))}"
        value = apply(value, operator, int(operand))
    return "\n".join([*lines, ""])


def wrong_digit(rng: random.Random, line: str) -> str:
    at = rng.choice([i for i, c in enumerate(line) if c.isdigit()])
    return line[:at] + rng.choice([c for c in "0123456789" if c != line[at]]) + line[at + 1 :]


def mistaken(rng: random.Random, value: int) -> int:
    """A near miss, as models make them: a digit off, ten off, or anything else."""
    near = rng.choice([(value + d) % 100 for d in (-10, -2, -1, 1, 2, 10)] + [rng.randrange(100)])
    return near if near != value else (value + 1) % 100


def reward_batch(rng: random.Random) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids; at every token of the solution, whether all is right up to it; and the tokens that are right."""
    ids, labels, written = [], [], []
    for prompt, solution in solutions(rng):
        shown = solution if rng.random() < 0.3 else with_a_mistake(rng, solution)
        right = next(
            (i for i, (a, b) in enumerate(zip(shown, solution, strict=False)) if a != b), min(len(shown), len(solution))
        )
        ids.append(encoded(prompt + shown))
        labels.append([-100] * len(prompt) + [1] * right + [0] * (len(shown) - right))
        written.append([-100] * len(prompt) + encoded(shown[:right]) + [-100] * (len(shown) - right))
    return padded(ids, 0), padded(labels, -100), padded(written, -100)


class RewardModel(nn.Module):
    """Qwen2 with the two-layer head of process reward models.

    It learns to write right lines too: checking a sum is learned far sooner by a model that can do it.
    """

    def __init__(self, config: Qwen2Config) -> None:
        super().__init__()
        self.model = Qwen2Model(config)
        self.score = nn.Sequential(
            nn.Linear(config.hidden_size, config.hidden_size), nn.ReLU(), nn.Linear(config.hidden_size, 2)
        )
        self.writer = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, ids: torch.Tensor, labels: torch.Tensor, written: torch.Tensor) -> torch.Tensor:
        hidden = self.model(ids).last_hidden_state
        rated = nn.functional.cross_entropy(self.score(hidden).reshape(-1, 2), labels.reshape(-1), ignore_index=-100)
        logits = self.writer(hidden[:, :-1])
        return rated + nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), written[:, 1:].reshape(-1), ignore_index=-100
        )


def train(name: str, folder: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = random.Random(1)
    kind, shape = SHAPES[name]
    config = kind(**COMMON, **shape, dtype="float32")
    reward = name == "reward"
    model = RewardModel(config) if reward else (Qwen3MoeForCausalLM if name == "moe" else Qwen3ForCausalLM)(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=ITERATIONS[name], pct_start=0.1)
    start = time.time()
    for step in range(ITERATIONS[name]):
        if reward:
            loss = model(*reward_batch(rng))
        else:
            ids, labels = policy_batch(rng)
            logits = model(ids).logits[:, :-1]
            loss = nn.functional.cross_entropy(
                logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"{name} {step}: loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)
    save(name, model, config, folder / name)


def save(name: str, model: nn.Module, config: Qwen2Config, folder: Path) -> None:
    """Weights in 16 bit, config and tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16)
    if name == "reward":
        config.architectures, config.num_labels = ["Qwen2ForProcessRewardModel"], 2
        config.save_pretrained(folder)
        weights = {k: v.contiguous() for k, v in model.state_dict().items() if not k.startswith("writer.")}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        model.save_pretrained(folder)
    # transformers reads a qwen2 folder byte by byte, where newline and space have letters of their own
    shown = {"\n": "Ċ", " ": "Ġ"} if name == "reward" else {}
    tokenizer = Tokenizer(models.BPE(vocab={shown.get(c, c): i for c, i in ID.items()}, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(["<pad>", "<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<end>",
        "pad_token": "<pad>",
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    for chosen in sys.argv[2:] or SHAPES:
        train(chosen, Path(sys.argv[1]))
