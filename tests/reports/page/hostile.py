"""A workspace in which a stranger chose every name, and answers enough for a curve."""

import json

from advisor.fits.fit import fit
from advisor.importers.own_model import import_model
from advisor.importers.samples import import_samples
from advisor.store.workspace import Workspace
from tests.known import config_file

HOSTILE = "</script><img src=x onerror=alert(1)>&amp;\"'`${x}` [a](javascript:alert(1)) ![b](http://c.example/d) $body"
FOLDER = "<img src=x onerror=alert(1)>"


def hostile_workspace(folder):
    """Answers of a model of that name to a task of that name, in a folder with such a path."""
    ws = Workspace(folder / FOLDER)
    import_model(ws, config_file("Qwen/Qwen3-8B"), name=HOSTILE)
    answers = [
        {
            "model": HOSTILE,
            "task": HOSTILE,
            "question_id": f"q{q}{HOSTILE}",
            "sample_index": i,
            "answer": "yes" if (q + i) % 3 else HOSTILE,
            "correct": (q + i) % 3 > 0,
            "generated_tokens": 400 + 10 * q,
        }
        for q in range(20)
        for i in range(4)
    ]
    (folder / "answers.jsonl").write_text("\n".join(json.dumps(answer) for answer in answers))
    import_samples(ws, folder / "answers.jsonl")
    fit(ws)
    return ws
