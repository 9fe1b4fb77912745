"""The logs of this folder, made with lm-eval 0.4.13 (its api extra) and ../server.py on port 8123, without a network.

    python ../server.py 8123 & python make.py

chat          three answers a question under two filters, and one greedy answer; messages with a system prompt
examples      the greedy task with two examples as turns of the conversation
completions   the greedy task as plain prompts, examples within them
letters       a task that compares likelihoods
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from stripped import strip  # noqa: E402

URL = "http://127.0.0.1:8123/v1"
CHAT = f"local-chat-completions,model=Qwen/Qwen3-8B,base_url={URL}/chat/completions,max_retries=1"
PLAIN = f"local-completions,model=Qwen/Qwen3-8B,base_url={URL}/completions,max_retries=1,tokenizer_backend=None"
TEMPLATE = ["--apply_chat_template", "--system_instruction", "Be brief."]
RUNS = {
    "chat": (f"{CHAT}", ["gsm8k_sums", "sums_once"], TEMPLATE),
    "examples": (CHAT, ["sums_once"], [*TEMPLATE, "--num_fewshot", "2", "--fewshot_as_multiturn"]),
    "completions": (f"{PLAIN},tokenized_requests=False", ["sums_once"], ["--num_fewshot", "2"]),
    "letters": ("dummy,pretrained=lab/tiny", ["sums_letters"], []),
}


def main() -> None:
    offline = {"OPENAI_API_KEY": "none", "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    for name, (model, tasks, options) in RUNS.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        kind, _, arguments = model.partition(",")
        command = ["lm_eval", "run", "--model", kind, "--model_args", arguments, "--tasks", ",".join(tasks)]
        command += ["--include_path", "tasks", "--log_samples", "--output_path", name, *options]
        subprocess.run(command, cwd=HERE, env=os.environ | offline, check=True)
        strip(HERE / name, HERE, r'"pretty_env_info": "(.*?)",\n', r'"git_hash": "(.*?)"')


if __name__ == "__main__":
    main()
