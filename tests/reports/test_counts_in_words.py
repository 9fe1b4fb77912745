"""One of a thing is said in the singular, and counts have no decimals."""

from advisor.calibration.calibrate import Calibration, Progress
from advisor.fits.fit import FitSummary
from advisor.importers.files import ImportedSamples
from advisor.reports.calibrations import blocks, progress_line
from advisor.reports.imports import fit_blocks, sample_blocks
from advisor.units import counted


def test_counts():
    assert [counted(n, "run") for n in (0, 1, 1.0, 2, 2431)] == ["0 runs", "1 run", "1 run", "2 runs", "2,431 runs"]


def test_imports_and_fits():
    assert sample_blocks(ImportedSamples(1, ("r",), ())) == ["1 answer: 1 run added, 0 there already"]
    assert sample_blocks(ImportedSamples(12, ("r", "s"), ())) == ["12 answers: 2 runs added, 0 there already"]
    fitted = FitSummary(path="p", points=1, curves=1, n_pairs=1, corrections=1)
    assert fit_blocks(fitted) == [
        "1 strategy point and 1 curve of 1 model-task pair,"
        " speed of 1 combination of model, GPU, engine and precision → p"
    ]


def test_calibrations():
    done = Calibration("r", "p", 1, 0, 1.0, 12, 0, 3.0, 0, 1, None, ())
    assert blocks(done)[0] == "1 question, 100.0 % right, 3 tokens/s, 0 of 1 answer loop, 0 unreadable, 0 failed"
    so_far = Progress(1.0, 8, 1, 0, 1.0, 4, 0, 0, 3.0, 12, 0, None, None, None)
    assert progress_line(so_far).endswith("so far 12 tokens")
    assert progress_line(so_far).startswith("1 of 8 questions, 100.0 % right, 3 tokens/s, 0 of 4 answers loop, 0 unr")


def test_loads(advisor):
    one = ("--input-tokens", 1, "--output-tokens", 1)
    assert "1 → 1 token," in advisor("estimate", "qwen3-8b", "--gpu", "l4", *one)[1]
    assert "1 → 1 token\n" in advisor("compare", "qwen3-8b", "qwen3-32b", "--gpu", "h200-sxm", *one)[1]
    assert "always 1 request in flight" in " ".join(advisor("recommend", "--max-tpot", "2.4ms")[1].split())
