"""Run the commands of docs/examples.md, check what they print by hand, and write the figures into the page anew.

    python benchmarks/examples.py            # checks, prints every figure, rewrites the page
    python benchmarks/examples.py --check    # leaves the page alone

Exit 1 where a figure is further from the one by hand than it may be. The arithmetic is in benchmarks/by_hand.py and
uses none of the program's code; the commands run as on a command line.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import by_hand as hand

PAGE = hand.ROOT / "docs" / "examples.md"
CLOSE = 0.005
"""Relative difference that rounding may explain; where the program reads between percentiles as well: WITHIN."""
WITHIN = 0.03
LABEL = re.compile(r"^[A-Z][A-Za-z]*(?: [a-z]+)? {2,}|^(Run|Ask|How|At rates|Known from|Changes if)\b")
TABLED = ("Running", "Hosted")
"""Parts of a screen that a table follows."""
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One figure: how it follows, by hand and as printed. `least`: by hand is a bound that printed cannot be below."""

    what: str
    sum: str
    by_hand: float
    printed: float
    tolerance: float = CLOSE
    least: bool = False

    @property
    def difference(self) -> float:
        return self.printed / self.by_hand - 1 if self.by_hand else self.printed

    @property
    def holds(self) -> bool:
        return self.printed >= self.by_hand * (1 - 1e-9) if self.least else abs(self.difference) <= self.tolerance

    @property
    def cells(self) -> tuple[str, ...]:
        times = self.printed / self.by_hand if self.by_hand else math.inf
        apart = f"{times:,.2f} × the bound" if self.least else f"{100 * self.difference:+.2f} %"
        return self.what, self.sum, ("≥ " if self.least else "") + short(self.by_hand), short(self.printed), apart


def short(value: float) -> str:
    """Four digits: 0.009797, 28, 20,440, 4.784e+14."""
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3e}"
    if abs(value) >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


# --- commands and the page ----------------------------------------------------------------------------------------


def words(command: str) -> list[str]:
    """Arguments of a command line of the page."""
    return shlex.split(command)[1:]


def run(command: str, *more: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line of the page."""
    environment = os.environ | {"COLUMNS": "100", "PYTHONPATH": str(hand.ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *words(command), *more],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=hand.ROOT,
        env=environment,
    )
    return done.returncode, done.stdout, done.stderr


def asked(command: str) -> Answer:
    """What a command answers with --json."""
    answer: Answer = json.loads(run(command, "--json")[1])
    return answer


def sections(page: str) -> dict[int, tuple[str, list[str]]]:
    """Of each numbered case its text and its commands."""
    found = {}
    for text in re.split(r"(?m)^(?=## )", page)[1:]:
        if heading := re.match(r"## (\d+)\. ", text):
            block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
            commands = [line for line in (block.group(1) if block else "").splitlines() if line.startswith("advisor ")]
            found[int(heading.group(1))] = (text, commands)
    return found


def put(text: str, name: str, body: str) -> str:
    """A section with the text between its marks of that name replaced."""
    marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
    changed, count = re.subn(marks, lambda found: f"{found[1]}{body}\n{found[2]}", text, flags=re.DOTALL)
    if count != 1:
        raise LookupError(f"{count} blocks <!-- {name} --> in {text.splitlines()[0]}")
    return changed


def quoted(out: str, labels: tuple[str, ...]) -> str:
    """The head of a screen, and those of its parts that begin with one of the labels."""
    parts: list[list[str]] = [[]]
    for line in out.splitlines():
        if LABEL.match(line) or re.match(r"[A-Z][a-z]+: ", line) or re.match(r" instead", line) or not line:
            parts.append([])
        parts[-1].append(line)
    head, *rest = parts
    before = [head, *rest]
    chosen = [
        part
        for last, part in zip(before, rest, strict=False)
        if part[0].startswith(labels) or (last[0].startswith(TABLED) and last[0].startswith(labels))
    ]
    return "\n".join(line for part in (head, *chosen) for line in part)


def table(checks: list[Check]) -> str:
    rule = ("---", "---", "---:", "---:", "---:")
    columns = ("figure", "arithmetic", "by hand", "printed", "apart")
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *(c.cells for c in checks)))


# --- what holds of every pick -------------------------------------------------------------------------------------


def money(c: Answer, qps: float = math.inf) -> Iterator[Check]:
    """Rent, replicas, USD a question and a month."""
    replicas = 1 if math.isinf(qps) else math.ceil(qps / c["questions_per_s"])
    if not math.isinf(qps):
        yield Check("replicas", f"{qps:g} ÷ {short(c['questions_per_s'])}, rounded up", replicas, c["replicas"])
    bill, provider = hand.rent_usd_per_hour(c["gpu"], c["gpu_count"], replicas)
    machines = f"{replicas} × {c['gpu_count']} × {c['gpu']} in whole machines, at {provider}"
    yield Check("USD/h", machines, bill, c["usd_per_hour"])
    answered = c["questions_per_s"] if math.isinf(qps) else qps
    yield Check("USD a question", f"{short(bill)} ÷ 3,600 ÷ {short(answered)}", bill / 3600 / answered, c["usd"])
    yield Check("USD a month", f"{short(bill)} × 730 h", bill * 730, c["usd_per_month"])


def quality(c: Answer) -> Iterator[Check]:
    """Accuracy and its interval as in points.csv, tokens, and what a right answer costs."""
    row = hand.point(c)
    prompt = hand.PROMPT_TOKENS if math.isnan(row["prompt_tokens"]) else row["prompt_tokens"]
    yield Check("accuracy", "mean of the draws in points.csv", row["accuracy"], c["accuracy"]["value"])
    yield Check("measured", "points.csv", row["observed"], c["observed_accuracy"])
    yield Check("its lower end", "mean − 1.645 standard deviations of the draws", row["low"], c["accuracy"]["low"])
    yield Check("its upper end", "mean + 1.645 standard deviations", row["high"], c["accuracy"]["high"])
    total = prompt + row["generated_tokens"]
    yield Check("tokens a question", f"{short(prompt)} + {short(row['generated_tokens'])}", total, c["tokens"])
    if c["usd"]:
        each = f"{short(c['usd'])} ÷ {row['accuracy']:.3f}"
        yield Check("USD a right answer", each, c["usd"] / row["accuracy"], c["per_correct"]["usd"])


def lengths(c: Answer, prompt: float | None = None) -> tuple[int, int]:
    """Prompt tokens of a question and generated tokens of one answer, whole."""
    known = c["tokens"] - c["generated_tokens"] if prompt is None else prompt
    return round(known), round(c["generated_tokens"] / c["n_samples"])


def compute(c: Answer, prompt: float | None = None, cached: int = 0) -> Iterator[Check]:
    """FLOPs from the config, and as 2 × active parameters × tokens, which leaves the attention out."""
    m, (p, g) = hand.model(c["model"]), lengths(c, prompt)
    n = c["n_samples"]
    exact = f"config.json: {short(m.active / 1e9)}e9 weights a token, attention over what it sees, LM head"
    yield Check("FLOPs a question", exact, m.answer_flops(p, g, n, cached), c["policy_flops"], 1e-6)
    rough = 2 * (m.active + m.head) * g * n + 2 * m.active * (p - cached)
    plain = f"2 × {short((m.active + m.head) / 1e9)}e9 × {g * n:,} generated, the same for the prompt, no attention"
    yield Check("FLOPs at least", plain, rough * 0.98, c["policy_flops"], least=True)


def fits(c: Answer, prompt: float | None = None) -> Iterator[Check]:
    """Weights and cache in the memory of each GPU, and the longest sequence alone."""
    d, (p, g) = hand.Deployment.of(c), lengths(c, prompt)
    used = d.weights_bytes + d.cache_bytes(c["concurrency"], p + g) + hand.ENGINE_BYTES
    parts = (
        f"{short(d.weights_bytes / 1e9)} weights + {c['concurrency']} × {p + g:,} tokens × {d.model.cache_per_token:,}"
    )
    windows = (
        ", windowed layers less" if any(window < math.inf for _, _, window in d.model.pair_flops if window) else ""
    )
    parts += f" × 2 bytes ÷ {counted(d.gpus, 'GPU')}{windows} + 2.2"
    most = hand.MEMORY_SHARE * d.gpu["memory_bytes"]
    yield Check("GB on each GPU (printed: 90 % of it)", parts, used / 1e9, most / 1e9, least=True)
    one = d.cache_bytes(d.copies, c["context_tokens"])
    longest = f"{d.copies} × {c['context_tokens']:,} tokens, one a group (printed: room)"
    yield Check("GB of the longest sequence", longest, one / 1e9, d.room_bytes / 1e9, least=True)


def in_flight(c: Answer, qps: float) -> float:
    """Answers in flight: all places while kept busy, else by Little's law from the printed times."""
    if math.isinf(qps):
        return float(c["concurrency"])
    _, g = lengths(c)
    seconds = c["ttft_s"] + c["tpot_s"] * (g - 1)
    return max(qps / c["replicas"] * c["n_samples"] * seconds, 1.0)


def speed(c: Answer, qps: float = math.inf, prompt: float | None = None, cached: int = 0) -> Iterator[Check]:
    """No step is faster than its bytes over the bandwidth or its FLOPs over the peak; no prompt than its FLOPs."""
    d, (p, g) = hand.Deployment.of(c), lengths(c, prompt)
    batch = in_flight(c, qps)
    read = 1000 * d.reading_s(batch, p + g / 2)
    how = f"weights, experts touched, cache of {short(batch)} in flight ÷ {short(d.gpu['memory_bytes_per_s'])} B/s"
    yield Check("TPOT, ms, by reading", how, read, 1000 * c["tpot_s"], least=True)
    step = batch * (2 * (d.model.active + d.model.head) + d.model.attention_flops(p + g // 2, p + g // 2))
    how = f"{short(step)} FLOPs ÷ {short(d.peak_flops_per_s)} FLOP/s"
    yield Check("TPOT, ms, by multiplying", how, 1000 * step / d.peak_flops_per_s, 1000 * c["tpot_s"], least=True)
    first = d.model.answer_flops(p, 0, 1, cached)
    how = f"{short(first)} FLOPs of {p - cached:,} new tokens ÷ {short(d.peak_flops_per_s)} FLOP/s"
    yield Check("TTFT, s, by multiplying", how, first / d.peak_flops_per_s, c["ttft_s"], least=True)
    watts = d.gpus * d.gpu["tdp_w"]
    if math.isinf(qps):
        least = 0.17 * watts / c["questions_per_s"]
        how = f"17 % of {watts:,.0f} W ÷ {short(c['questions_per_s'])}: idle"
        yield Check("J a question", how, least, c["energy_j"], least=True)
        used = c["energy_j"] * c["questions_per_s"]
        how = f"{short(c['energy_j'])} J × {short(c['questions_per_s'])}, under the limit of {watts:,.0f} W"
        yield Check("W of all GPUs (printed: their limit)", how, used, watts, least=True)


def seconds(c: Answer) -> Iterator[Check]:
    """Without a queue: TTFT + TPOT × the tokens that a share of the questions stay within; and questions a second."""
    row = hand.point(c)
    typical = hand.typical_lengths()
    for index, percent in enumerate((50, 95, 99)):
        tokens = row[f"depth_p{percent}_tokens"]
        if math.isnan(tokens):
            tokens = row["generated_tokens"] / c["n_samples"] * typical[index]
        what = f"{short(c['ttft_s'])} + {short(c['tpot_s'])} × {short(tokens)}"
        yield Check(f"s for {percent} %", what, c["ttft_s"] + c["tpot_s"] * tokens, c["latency"][f"p{percent}_s"])
    yield throughput(c)


def throughput(c: Answer) -> Check:
    """Little's law: questions a second are those in flight over the seconds of one."""
    _, g = lengths(c)
    each = c["ttft_s"] + c["tpot_s"] * (g - 1)
    what = f"{c['concurrency']} ÷ {c['n_samples']} ÷ ({short(c['ttft_s'])} + {short(c['tpot_s'])} × {g - 1:,})"
    return Check("questions/s", what, c["concurrency"] / c["n_samples"] / each, c["questions_per_s"])


def queue(c: Answer, qps: float) -> Iterator[Check]:
    """Capacity and seconds with waiting, from `advisor estimate` at 1, 2, 4 … and all requests in flight."""
    p, g = lengths(c)
    copies = hand.Deployment.of(c).copies
    states = {}
    for many in sorted({*(2**k for k in range(10)), c["concurrency"]}):
        if many <= c["concurrency"] and (copies == 1 or many >= 4 * copies):
            e = asked(
                f"advisor estimate {c['model']} --gpu {c['gpu']} --gpu-count {c['gpu_count']}"
                f" --precision {c['precision']} --parallelism {c['parallelism']}"
                f" --input-tokens {p} --output-tokens {g} --concurrency {many}"
            )
            states[many] = (e["ttft_s"], e["tpot_s"], e["request_s"])
    row = hand.point(c)
    w = hand.Waiting(states, c["n_samples"], tuple(row[f"depth_p{q}_tokens"] for q in (50, 95, 99)))  # type: ignore
    rate = qps / c["replicas"]
    chance, ends = w.wait(rate)
    full = w.servers / w.service_s
    yield Check(
        "questions/s a replica takes",
        f"84 % of the rate at which 96.5 % wait ≤ {short(0.1 * states[w.most][2])} s; all places taken: {short(full)}",
        w.capacity,
        c["questions_per_s"],
        WITHIN,
    )
    mean = w.at(w.in_flight(rate))
    many = f"{short(w.in_flight(rate))} answers in flight at {short(rate)} questions/s, own included"
    yield Check("TPOT, s", many, mean[1], c["tpot_s"], 0.01)
    how = f"M/G/{w.servers}: {100 * chance:.2g} % wait, {short(1 / ends)} s on average; TTFT + TPOT × tokens"
    for percent in (50, 95, 99):
        yield Check(f"s for {percent} %", how, w.answer_s(rate, percent / 100), c["latency"][f"p{percent}_s"], WITHIN)


# --- the cases ----------------------------------------------------------------------------------------------------


def two_owned(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    c, kwh = a["recommended"], a["request"]["usd_per_kwh"]
    yield from quality(c)
    yield from compute(c)
    yield from fits(c)
    yield from speed(c, 0.5)
    yield from queue(c, 0.5)
    yield Check(
        "replicas", f"0.5 ÷ {short(c['questions_per_s'])}, up", math.ceil(0.5 / c["questions_per_s"]), c["replicas"]
    )
    energy = c["energy_j"] / 3.6e6 * kwh
    yield Check("USD a question", f"{short(c['energy_j'])} J ÷ 3.6e6 × {kwh} USD/kWh", energy, c["usd"])
    yield Check("USD a month", f"{short(energy)} × 0.5 × 3,600 × 730", energy * 0.5 * 3600 * 730, c["usd_per_month"])


def not_so_fast(commands: list[str]) -> Iterator[Check]:
    code, _, said = run(commands[0])
    offered = re.search(r"--budget (\d+)s or --min-accuracy (0\.\d+)", said)
    if code != 1 or not offered:
        raise LookupError(f"{commands[0]} answered {code}: {said}")
    yield Check("exit code", "nothing meets both limits", 1, code)
    slow, less = float(offered[1]), float(offered[2])
    base = commands[0].replace(" --budget 60s", "").replace(" --min-accuracy 0.8", "")
    c = asked(f"{base} --min-accuracy 0.8 --budget {slow:g}s")["recommended"]
    yield Check("s for 95 %, at the budget offered", "its answer, run", c["latency_s"], slow, least=True)
    yield from seconds(c)
    yield from speed(c)
    less_s = math.floor(slow / 1.01)  # what is offered is rounded up
    failed = run(f"{base} --min-accuracy 0.8 --budget {less_s}s")[0]
    yield Check("exit code below it", f"--budget {less_s}s", 1, failed)
    other = asked(f"{base} --min-accuracy {less} --budget 60s")["recommended"]
    yield Check("chance to reach the accuracy offered", "its answer, run", other["odds"]["reaches"], 0.9, 0.01)
    yield Check("s for 95 % there (printed: 60)", "its answer, run", other["latency_s"], 60, least=True)


def busy(commands: list[str]) -> Iterator[Check]:
    """A pick that is kept busy."""
    c = asked(commands[0])["recommended"]
    for part in (money, quality, compute, fits, speed, seconds):
        yield from part(c)


def running_today(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    c, changes, pick = a["running"]["candidate"], a["running"]["changes"], a["recommended"]
    known = sorted(hand.single_answers(c["task"]))
    middle = hand.median(known)
    how = f"median of {', '.join(short(x) for x in known)}"
    yield Check("generated tokens (imputed)", how, middle, c["generated_tokens"])
    for part in (money, compute, fits, speed):
        yield from part(c)
    yield throughput(c)
    p95 = middle * hand.typical_lengths()[1]
    tokens = f"{short(c['ttft_s'])} + {short(c['tpot_s'])} × {short(p95)} (mean × {short(hand.typical_lengths()[1])})"
    yield Check("s for 95 %", tokens, c["ttft_s"] + c["tpot_s"] * p95, c["latency_s"])
    for name, key in (("usd", "usd_ratio"), ("latency_s", "latency_ratio"), ("energy_j", "energy_ratio")):
        how = f"{short(pick[name])} ÷ {short(c[name])}"
        yield Check(key.replace("_", " "), how, pick[name] / c[name], changes[key])


def per_minute(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    c = a["recommended"]
    yield from money(c, 0.05)
    yield from quality(c)
    yield from compute(c)
    yield from queue(c, 0.05)
    for offer in a["hosted"][:2]:
        price, n = offer["price"], offer["n_samples"]
        prompt, generated = offer["prompt_tokens"], offer["generated_tokens"]
        prompts = price["usd_per_million_input_tokens"] + (n - 1) * price["usd_per_million_cached_input_tokens"]
        usd = (prompt * prompts + generated * price["usd_per_million_output_tokens"]) / 1e6
        how = f"({short(prompt)} × {prompts:g} + {short(generated)} × {price['usd_per_million_output_tokens']:g}) ÷ 1e6"
        yield Check(f"hosted, {counted(n, 'answer')}, USD", how, usd, offer["usd"])
        if offer["break_even_questions_per_s"]:
            rent = c["usd_per_hour"] / 3600
            how = f"{short(rent)} USD/s ÷ {short(usd)} USD"
            yield Check("break-even, questions/s", how, rent / usd, offer["break_even_questions_per_s"])


def fast_traffic(commands: list[str]) -> Iterator[Check]:
    c = asked(commands[0])["recommended"]
    for part in (money, speed):
        yield from part(c, 20)
    yield from quality(c)
    yield Check("TTFT limit (printed), s", "mean TTFT of the load", c["ttft_s"], 1.0, least=True)
    yield Check("TPOT limit (printed), ms", "mean TPOT of the load", 1000 * c["tpot_s"], 30.0, least=True)


def licensed(commands: list[str]) -> Iterator[Check]:
    c = asked(commands[0])["recommended"]
    row = next(row for row in hand.table("models") if row["model"] == c["model"])
    yield Check(f"licence {row['license']}", "models.csv", 1, float(row["license"] == "apache-2.0"))
    yield from busy(commands)


def long_prompts(commands: list[str]) -> Iterator[Check]:
    cold, warm = asked(commands[0])["recommended"], asked(commands[1])["recommended"]
    for c, cached in ((cold, 0), (warm, 20_000)):
        for part in (money, seconds):
            yield from part(c)
        for part in (compute, speed):
            yield from part(c, prompt=30_000, cached=cached)
        yield from fits(c, 30_000)
    if cold["model"] == warm["model"] and cold["n_samples"] == warm["n_samples"] == 1:
        m = hand.model(cold["model"])
        saved = 20_000 * 2 * m.active + m.attention_flops(1, 20_000)
        how = f"20,000 × 2 × {short(m.active / 1e9)}e9 + their attention"
        yield Check("FLOPs that the cache saves", how, saved, cold["policy_flops"] - warm["policy_flops"], 0.01)


def dearer(commands: list[str]) -> Iterator[Check]:
    """The stated price is where the pick turns: above it the other one, below it still the first."""
    a = asked(commands[0])
    c = a["recommended"]
    turn = next(t for t in a["turns"] if t["kind"] == "price" and t["gpu"] == c["gpu"])
    stated = turn["usd_per_gpu_hour"]
    own = c["rent"]["usd_per_hour"] / c["rent"]["gpus"]
    yield Check("stated, USD/h of a GPU", f"{short(own)} × {short(turn['factor'])}", own * turn["factor"], stated)
    yield Check("printed: does +30 % turn it?", "the second command", 1, float(moved(asked(commands[1]), c)))
    for factor, name, turned in ((1.01, "1 % above", True), (0.99, "1 % below", False)):
        other = asked(f"{commands[0]} --price {c['gpu']}={stated * factor:.4f}usd/h")
        yield Check(f"turned {name} (1: yes)", f"{short(stated * factor)} USD/h", 1 + turned, 1 + moved(other, c))
    rival = next(
        each for each in a["alternatives"] if (each["model"], each["gpu"]) == (turn["model"], turn["winner_gpu"])
    )
    of_pick = f"{c['gpu_count']} x ÷ 3,600 ÷ {short(c['questions_per_s'])} × {short(c['spread'])}"
    how = f"{short(rival['usd'])} USD × {short(rival['spread'])} = {of_pick}"
    even = rival["usd"] * rival["spread"] / c["spread"] * 3600 * c["questions_per_s"] / c["gpu_count"]
    yield Check("break-even, USD/h of a GPU", how, even, stated, 0.02)


def moved(answer: Answer, pick: Answer) -> bool:
    now = answer["recommended"]
    return (now["model"], now["gpu"]) != (pick["model"], pick["gpu"])


def three_tasks(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    c, parts = a["recommended"], a["recommended"]["by_task"]
    yield from money(c)
    mean = sum(part["weight"] * part["accuracy"]["value"] for part in parts)
    how = " + ".join(f"{part['accuracy']['value']:.4f}" for part in parts)
    yield Check("accuracy", f"({how}) ÷ 3", mean, c["accuracy"]["value"])
    rows = [hand.point({**c, "task": part["task"], "generated_tokens": part["generated_tokens"]}) for part in parts]
    for part, row in zip(parts, rows, strict=True):
        yield Check(
            f"{part['task']}, lower end",
            "mean − 1.645 standard deviations of the draws",
            row["low"],
            part["accuracy"]["low"],
        )
        yield Check(
            f"{part['task']}, upper end",
            "mean + 1.645 standard deviations, or the draws' own end",
            row["high"],
            part["accuracy"]["high"],
        )
    for end, sign in (("low", -1), ("high", 1)):
        halves = [sign * (row[end] - row["accuracy"]) * part["weight"] for row, part in zip(rows, parts, strict=True)]
        squares = " + ".join(f"{half:.5f}²" for half in halves)
        spread = math.sqrt(sum(half**2 for half in halves))
        yield Check(f"its {end} end", f"{mean:.4f} {'−' if sign < 0 else '+'} √({squares})", mean + sign * spread,
                    c["accuracy"][end])  # fmt: skip
    m = hand.model(c["model"])
    generated = sum(part["weight"] * row["generated_tokens"] for part, row in zip(parts, rows, strict=True))
    how = f"{hand.PROMPT_TOKENS} + ({' + '.join(short(row['generated_tokens']) for row in rows)}) ÷ 3"
    yield Check("tokens a question", how, hand.PROMPT_TOKENS + generated, c["tokens"])
    each = [m.answer_flops(hand.PROMPT_TOKENS, round(row["generated_tokens"])) for row in rows]
    how = f"({' + '.join(short(flops) for flops in each)}) ÷ 3"
    yield Check("FLOPs a question", how, sum(each) / 3, c["policy_flops"], 1e-6)
    yield from fits(c)
    yield from speed(c)
    yield throughput(c)


def day(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    c, hours = a["recommended"], a["day"]["hours"]
    rates = [hour["questions_per_s"] for hour in hours]
    peak, mean = max(rates), sum(rates) / 24
    replicas = [max(math.ceil(rate / c["questions_per_s"]), 1) for rate in rates]
    yield from queue(c, peak)
    yield Check("replicas at the peak", f"{peak:g} ÷ {short(c['questions_per_s'])}, up", max(replicas), c["replicas"])
    how = f"{' + '.join(f'{replicas.count(n)} h × {n}' for n in sorted(set(replicas)))}"
    yield Check("replica-hours a day", how, sum(replicas), sum(hour["replicas"] for hour in hours))
    bills = {n: hand.rent_usd_per_hour(c["gpu"], c["gpu_count"], n)[0] for n in set(replicas)}
    most = bills[max(replicas)]
    yield Check("USD/h at the peak", f"{max(replicas)} replicas in whole machines", most, c["usd_per_hour"])
    yield Check("USD a month at the peak", f"{short(most)} × 730", most * 730, a["day"]["usd_per_month_at_peak"])
    by_hour = sum(bills[n] for n in replicas) / 24
    how = f"{short(by_hour)} USD/h on average × 730"
    yield Check("USD a month by the hour", how, by_hour * 730, a["day"]["usd_per_month_by_hour"])
    how = f"{short(most)} ÷ 3,600 ÷ {short(mean)} questions/s on average"
    yield Check("USD a question", how, most / 3600 / mean, c["usd"])


def votes(commands: list[str]) -> Iterator[Check]:
    a = asked(commands[0])
    small = {row["each"][0]["n_samples"]: row["each"][0] for row in a["budgets"] if row["each"][0]}
    for n, c in small.items():
        row = hand.point(c)
        yield Check(f"small, {counted(n, 'answer')}: accuracy", "points.csv", row["accuracy"], c["accuracy"]["value"])
        bill, provider = hand.rent_usd_per_hour(c["gpu"], c["gpu_count"])
        how = f"{short(bill)} USD/h at {provider} ÷ 3,600 ÷ {short(c['questions_per_s'])}"
        yield Check(f"small, {counted(n, 'answer')}: USD", how, bill / 3600 / c["questions_per_s"], c["usd"])
    one, most = small[min(small)], small[max(small)]
    times = f"{short(most['generated_tokens'])} ÷ {short(one['generated_tokens'])} tokens"
    ratio = most["generated_tokens"] / one["generated_tokens"]
    yield Check(f"USD of {most['n_samples']} answers over one", times, ratio, most["usd"] / one["usd"], 0.05)
    last = a["budgets"][-1]["each"]
    gap = hand.point(last[1])["accuracy"] - hand.point(last[0])["accuracy"]
    both = f"{last[1]['accuracy']['value']:.3f} − {last[0]['accuracy']['value']:.3f}"
    yield Check(
        "points apart at the last budget", both, gap, last[1]["accuracy"]["value"] - last[0]["accuracy"]["value"]
    )
    for row, turn in ((r, t) for t in a["overtakes"] for r in a["budgets"] if r["budget"] == t["budget"]):
        best = max((c for c in row["each"] if c), key=lambda c: c["accuracy"]["value"])
        name = turn["more_accurate_from_there"].rpartition("/")[2]
        yield Check(f"from {short(turn['budget'])} USD on: {name}", "the higher of the row", 1,
                    float(best["model"] == turn["more_accurate_from_there"]))  # fmt: skip


MAIN = ("Costs", "Takes")
CASES: dict[int, tuple[Callable[[list[str]], Iterator[Check]], tuple[str, ...]]] = {
    1: (two_owned, (*MAIN, "Changes")),
    2: (not_so_fast, ()),
    3: (busy, MAIN),
    4: (running_today, ("Running",)),
    5: (per_minute, (*MAIN, "Hosted")),
    6: (fast_traffic, (*MAIN, "Changes")),
    7: (licensed, (*MAIN,)),
    8: (long_prompts, MAIN),
    9: (dearer, ("Costs", "Changes")),
    10: (three_tasks, ("Why", "By task", *MAIN)),
    11: (busy, MAIN),
    12: (day, (*MAIN, "Day")),
    13: (votes, ("from",)),
}
"""Of each case what checks it, and the parts of the screen that are quoted."""


def screen(commands: list[str], labels: tuple[str, ...]) -> str:
    """What the commands print, of a long screen the quoted parts; without an answer the line that says so."""
    shown = []
    for command in commands:
        code, out, said = run(command)
        named = f"$ {command}\n" if len(commands) > 1 else ""
        if code:
            shown.append(named + said.strip())
        elif command.startswith("advisor recommend"):
            shown.append(named + quoted(out, labels))
        else:
            shown.append(named + out.strip())
    return "```text\n" + "\n\n".join(shown) + "\n```"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="leave the page alone")
    parser.add_argument("cases", nargs="*", type=int, help="numbers of cases; default: all")
    given = parser.parse_args()
    page, wrong = PAGE.read_text(encoding="utf-8"), 0
    for number, (text, commands) in sections(page).items():
        if given.cases and number not in given.cases:
            continue
        check, labels = CASES[number]
        checks = list(check(commands))
        print(text.splitlines()[0])
        for each in checks:
            wrong += not each.holds
            what, how, by_hand, printed, apart = each.cells
            print(f"  {'  ' if each.holds else '! '}{what}: {by_hand} by hand, {printed} printed, {apart}  ({how})")
        if not given.check:
            page = page.replace(text, put(put(text, "printed", screen(commands, labels)), "arithmetic", table(checks)))
    if not given.check:
        PAGE.write_text(page, encoding="utf-8")
    print(f"{wrong} figures are further apart than they may be" if wrong else "every figure agrees")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
