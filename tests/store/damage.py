"""A workspace with a file of every kind, and the ways in which a file can be damaged."""

import csv
import json
import random
import shutil
from pathlib import Path

import duckdb

from advisor.store.measurements import seal_rows
from advisor.store.shipped import shipped_root
from advisor.store.texts import Text

CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "max_position_embeddings": 512,
}
TABLES_OF_MEASUREMENTS = (
    ("published", "s1.csv"),
    ("lengths", "epoch_hub.csv"),
    ("counts", "pythia_math.csv"),
    ("strategies", "testbed.csv"),
)
MAINTAINED = (
    "gpus",
    "prices",
    "support",
    "families",
    "checkpoints",
    "checkpoint_formats",
    "launch_flags",
    "sampling",
    "measured_with",
)


def answers(model, n_questions=6, n_samples=4):
    """Rows of plain answers, a third of them right."""
    drawn = random.Random(0)
    rows = [
        {"model": model, "task": "mine", "question_id": f"q{q}", "sample_index": i, "answer": str(drawn.randint(0, 2))}
        for q in range(n_questions)
        for i in range(n_samples)
    ]
    spent = {"generated_tokens": 30, "prompt_tokens": 20, "temperature": 0.6}
    return [row | spent | {"correct": row["answer"] == "1"} for row in rows]


def full_workspace(folder, advisor):
    """Build it under `folder` by the commands that fill one, and return it."""
    ws, model = folder / "ws", folder / "mine"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(CONFIG))
    (folder / "s.jsonl").write_text("\n".join(map(json.dumps, answers("mine"))))
    (folder / "r.csv").write_text("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nmine,l4,99,9,16,0.09\n")
    for kind, path in (("model", model), ("samples", folder / "s.jsonl"), ("runs", folder / "r.csv")):
        assert advisor("import", kind, path, "--workspace", ws)[0] == 0
    for name in MAINTAINED:
        shutil.copy(shipped_root() / "profiles" / f"{name}.csv", ws / "profiles")
    for folder, table in TABLES_OF_MEASUREMENTS:
        (ws / "measurements" / folder).mkdir()
        shutil.copy(shipped_root() / "measurements" / folder / table, ws / "measurements" / folder)
    (samples,) = (ws / "measurements" / "samples").glob("*.parquet")
    text = {"run_id": samples.stem, "question_id": "q0", "sample_index": 0, "text": "so it is 1"}
    seal_rows(Text, [text], ws / "measurements" / "texts" / samples.name)
    entry = {"key": "q0", "rows": [row | {"run_id": "begun"} for row in answers("mine", 1)]}
    (samples.parent / ".begun.jsonl").write_text(json.dumps(entry) + "\n")
    assert advisor("fit", "--workspace", ws)[0] == 0
    return ws


def _bytes(change):
    return lambda file: file.write_bytes(change(file.read_bytes()))


def _folder(file):
    file.unlink()
    file.mkdir()


def _link(file):
    file.unlink()
    file.symlink_to(file.parent / "nothing")


def _cells(change):
    def damage(file):
        with file.open(newline="", encoding="utf-8") as opened:
            header, *rows = csv.reader(opened)
        with file.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows([header, *([change(cell) for cell in row] for row in rows)])

    return damage


def rows(selected):
    """Damage that replaces the rows of a Parquet file by what is selected of them."""

    def damage(file):
        kept = Path(f"{file}.kept")
        file.rename(kept)
        duckdb.connect().execute(f"copy (select {selected} from read_parquet('{kept}')) to '{file}' (format parquet)")
        kept.unlink()

    return damage


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


ANY = {
    "empty": _bytes(lambda b: b""),
    "NUL bytes": _bytes(lambda b: b[: len(b) // 2] + bytes(9) + b[len(b) // 2 :]),
    "no UTF-8": _bytes(lambda b: b[: len(b) // 2] + b"\xff\xfe" + b[len(b) // 2 :]),
    "a folder": _folder,
    "a link to nothing": _link,
}
"""Damage that every kind of file can have."""
TABLE = {
    "one cell too many": _bytes(lambda b: b.replace(b"\n", b",x\n", 1)),
    "no header": _bytes(lambda b: b.partition(b"\n")[2]),
    "an open quote": _bytes(lambda b: b + b'"'),
}
NUMBERS = {
    "not numbers": _cells(lambda cell: "nan" if _is_number(cell) else cell),
    "below zero": _cells(lambda cell: f"-{cell}" if _is_number(cell) else cell),
    "zeros": _cells(lambda cell: "0" if _is_number(cell) else cell),
    "huge numbers": _cells(lambda cell: "9" * 400 if _is_number(cell) else cell),
}
"""Damage of tables whose numbers have a range."""
PARQUET = {
    "cut in half": _bytes(lambda b: b[: len(b) // 2]),
    "other columns": rows("1 as a"),
    "a column lacking": rows("* exclude (model)"),
    "a column too many": rows("*, 1 as strange"),
    "another type": rows("* replace ('x' as generated_tokens)"),
    "nulls": rows("* replace (null as model)"),
}
