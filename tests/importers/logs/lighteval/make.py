"""The logs of this folder, made with lighteval 0.13.0 and the test bed's smallest model, without a network.

    python make.py

sums_once    one answer a question, two metrics, one of which gives partial scores
sums_three   three answers a question under one mean
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
os.chdir(HERE)
sys.path.insert(0, str(HERE.parent))
# two of its own benchmarks ask for a network when they are imported, which no task here does
import huggingface_hub  # noqa: E402
import requests  # noqa: E402
from stripped import strip  # noqa: E402

huggingface_hub.HfApi.list_models = lambda *_, **__: ["any"]
requests.get = lambda *_, **__: requests.Response()

from lighteval.__main__ import app  # noqa: E402

MODEL = "model_name=lab/tiny,dtype=float32,batch_size=5"
DRAWN = "generation_parameters={temperature:1.0,top_p:0.95,seed:3}"


def main() -> None:
    shutil.rmtree(HERE / "made", ignore_errors=True)
    shutil.copytree(HERE / "../../../testbed/models/small", HERE / "lab/tiny")
    settings = HERE / "lab/tiny/generation_config.json"  # which decides alone whether transformers samples
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"do_sample": True}))
    options = ["--custom-tasks", "tasks.py", "--save-details", "--output-dir", "made"]
    sys.argv = ["lighteval", "accelerate", f"{MODEL},{DRAWN}", "sums_once|0,sums_three|0", *options]
    try:
        app()
    finally:
        shutil.rmtree(HERE / "lab")
        strip(HERE / "made", HERE)


if __name__ == "__main__":
    main()
