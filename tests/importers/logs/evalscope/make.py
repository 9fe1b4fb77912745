"""The logs of this folder, made with evalscope 1.14.0 and ../server.py on port 8123.

    python ../server.py 8123 & python make.py

Its own gsm8k on five questions of ours, three answers each.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

os.environ |= {"MODELSCOPE_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}

from evalscope import TaskConfig, run_task

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from stripped import strip  # noqa: E402


def main() -> None:
    shutil.rmtree(HERE / "made", ignore_errors=True)
    run_task(
        TaskConfig(
            model="Qwen/Qwen3-8B",
            api_url="http://127.0.0.1:8123/v1",
            api_key="none",
            eval_type="openai_api",
            datasets=["gsm8k"],
            dataset_args={"gsm8k": {"dataset_id": str(HERE / "tasks" / "gsm8k"), "few_shot_num": 0}},
            repeats=3,
            generation_config={"temperature": 0.7, "top_p": 0.9, "max_tokens": 64, "seed": 5},
            work_dir=str(HERE / "made"),
            no_timestamp=True,
        )
    )
    for name in ("logs", "reports/report.html"):
        path = HERE / "made" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    strip(HERE / "made", HERE, r"dataset_dir: (.*)")


if __name__ == "__main__":
    main()
