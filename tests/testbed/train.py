"""Train the tiny models of the test bed from scratch, in Hugging Face format.

    python tests/testbed/train.py FOLDER [small medium moe reward]

On the chained arithmetic of advisor/tasks/arithmetic.py, with a tokenizer of single characters: a dense small model, a dense
medium one, a mixture of experts with about the small one's active and the medium one's total parameters, and a process reward
model that scores every line. Ten to twenty minutes a model on one core; seeded.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models
from torch import nn
from transformers import Qwen2Config, Qwen2Model, Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from advisor.tasks.arithmetic import STEPS, problem

CHARACTERS = ["<pad>", "<end>", *"\n 0123456789+-*=QA"]
ID = {c: i for i, c in enumerate(CHARACTERS)}
LENGTH, BATCH, PEAK = 96, 64, 4e-3
COMMON = {
    "vocab_size": 32,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "head_dim": 32,
}
SHAPES = {
    "small": (Qwen3Config, {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 192}),
    "medium": (Qwen3Config, {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 384}),
    "moe": (
        Qwen3MoeConfig,
        {
            "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 192,
            "moe_intermediate_size": 96,
            "num_experts": 16, "num_experts_per_tok": 2, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
        },
    ),
    "reward": (Qwen2Config, {"hidden_size": 96, "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 3, "intermediate_size": 288}),
}  # fmt: skip
ITERATIONS = {"small": 1600, "medium": 1600, "moe": 1600, "reward": 1600}


def solution(rng: random.Random) -> tuple[str, list[str]]:
    """(prompt, lines with the answer as the last)."""
    expression, lines, answer = problem(rng, rng.randint(*STEPS))
    return f"Q {expression}\n", [*lines, f"A {answer}"]


def encoded(text: str) -> list[int]:
    return [ID[c] for c in text]


def policy_batch(rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, the prompt masked out of the loss."""
    ids, labels = torch.zeros(BATCH, LENGTH, dtype=torch.long), torch.full((BATCH, LENGTH), -100)
    for row in range(BATCH):
        prompt, lines = solution(rng)
        tokens = [*encoded(prompt + "\n".join(lines) + "\n"), 1][:LENGTH]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, len(prompt) : len(tokens)] = torch.tensor(tokens[len(prompt) :])
    return ids, labels


def corrupted(rng: random.Random, lines: list[str]) -> tuple[list[str], list[int]]:
    """Lines with a mistake from a random step on in half of the cases, and for every line whether all is right so far."""
    if rng.random() < 0.4:
        return lines, [1] * len(lines)
    at = rng.randrange(len(lines))
    wrong, shown = None, []
    for i, line in enumerate(lines):
        if i < at:
            shown.append(line)
            continue
        head, _, right = line.rpartition("=") if "=" in line else ("A", "", line[2:])
        if wrong is not None and "=" in line:
            operator = next(c for c in "+-*" if c in head)
            operand = head.split(operator)[1]
            head = f"{wrong}{operator}{operand}"
            right = str(eval_step(wrong, operator, int(operand)))
        value = int(right) if wrong is None or "=" in line else wrong
        if i == at:
            value = mistaken(rng, value)
        wrong = value
        shown.append(f"{head}={value}" if "=" in line else f"A {value}")
    return shown, [1] * at + [0] * (len(lines) - at)


def eval_step(value: int, operator: str, operand: int) -> int:
    from advisor.tasks.arithmetic import apply

    return apply(value, operator, operand)


def mistaken(rng: random.Random, value: int) -> int:
    """A near miss, as models make them: a digit off, ten off, or anything else."""
    near = rng.choice([(value + d) % 100 for d in (-10, -2, -1, 1, 2, 10)] + [rng.randrange(100)])
    return near if near != value else (value + 1) % 100


def reward_batch(rng: random.Random) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids; at the newline that ends each line, whether all is right so far; and the tokens of lines that are right."""
    ids, labels = torch.zeros(BATCH, LENGTH, dtype=torch.long), torch.full((BATCH, LENGTH), -100)
    written = labels.clone()
    for row in range(BATCH):
        prompt, lines = solution(rng)
        shown, right = corrupted(rng, lines)
        tokens = encoded(prompt)
        for line, label in zip(shown, right, strict=True):
            start = len(tokens)
            tokens += encoded(line + "\n")
            if len(tokens) <= LENGTH:
                labels[row, len(tokens) - 1] = label
                if label:
                    written[row, start : len(tokens)] = torch.tensor(tokens[start:])
        tokens = tokens[:LENGTH]
        ids[row, : len(tokens)] = torch.tensor(tokens)
    return ids, labels, written


class RewardModel(nn.Module):
    """Qwen2 with the two-layer head of process reward models.

    It learns to write right lines too: checking a sum is learned far sooner by a model that can do it.
    """

    def __init__(self, config: Qwen2Config) -> None:
        super().__init__()
        self.model = Qwen2Model(config)
        self.score = nn.Sequential(nn.Linear(config.hidden_size, config.hidden_size), nn.ReLU(), nn.Linear(config.hidden_size, 2))
        self.writer = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, ids: torch.Tensor, labels: torch.Tensor, written: torch.Tensor) -> torch.Tensor:
        hidden = self.model(ids).last_hidden_state
        rated = nn.functional.cross_entropy(self.score(hidden).reshape(-1, 2), labels.reshape(-1), ignore_index=-100)
        logits = self.writer(hidden[:, :-1])
        return rated + nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), written[:, 1:].reshape(-1), ignore_index=-100)


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
            loss = nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100)
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
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", "pad_token": "<pad>", "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    for chosen in sys.argv[2:] or SHAPES:
        train(chosen, Path(sys.argv[1]))
