"""Which weights an engine loads: checkpoints.csv, checkpoint_formats.csv and launch_flags.csv."""

import pytest

from advisor.checkpoints import ONLINE, CheckpointRow, Checkpoints, FormatRow, LaunchRow, Loading
from advisor.errors import AdvisorError
from advisor.gpus import PRECISIONS
from advisor.performance.deployment import ENGINES
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from tests.known import SHIPPED


def weights(checkpoint, format_, precision="fp8"):
    return CheckpointRow(model="org/m", precision=precision, checkpoint=checkpoint, format=format_, source="seen")


def loads(engine, format_, precision="", flags="", vendor=""):
    return FormatRow(engine=engine, format=format_, precision=precision, vendor=vendor, flags=flags, source="seen")


TABLE = Checkpoints(
    [weights("org/m-ct", "compressed-tensors"), weights("org/m-mo", "modelopt"), weights("org/m-awq", "awq", "int4")],
    [
        loads("vllm", "compressed-tensors"),
        loads("vllm", "modelopt"),
        loads("vllm", ONLINE, "fp8", "--quantization fp8_per_tensor"),
        loads("sglang", "modelopt", "fp8", "--quantization modelopt_fp8"),
        loads("sglang", "modelopt", "fp4", "--quantization modelopt_fp4"),
    ],
    [LaunchRow(engine="vllm", model="org/m", flags="--trust-remote-code --x y", source="seen")],
)


def test_the_own_checkpoint_needs_nothing():
    assert TABLE.loading("vllm", "org/m", "bf16", "bf16") == Loading()
    assert TABLE.loading("trtllm", "org/unheard-of", "int4", "int4") == Loading()


def test_the_first_checkpoint_that_the_engine_loads_is_taken():
    assert TABLE.loading("vllm", "org/m", "bf16", "fp8").checkpoint == "org/m-ct"
    found = TABLE.loading("sglang", "org/m", "bf16", "fp8")
    assert (found.checkpoint, found.flags) == ("org/m-mo", ("--quantization", "modelopt_fp8"))


def test_without_a_checkpoint_16_bit_weights_are_quantised_while_loading_where_the_engine_can():
    online = TABLE.loading("vllm", "org/other", "bf16", "fp8")
    assert (online.format, online.checkpoint, online.flags) == (ONLINE, "", ("--quantization", "fp8_per_tensor"))
    assert TABLE.loading("sglang", "org/other", "bf16", "fp8") is None
    assert TABLE.loading("vllm", "org/other", "fp4", "fp8") is None  # those are quantised already
    assert TABLE.loading("vllm", "org/other", "bf16", "fp4") is None
    assert TABLE.loading("vllm", "org/m", "bf16", "int4") is None  # a checkpoint in a format that it does not load


def test_a_format_of_one_vendor_is_passed_over_on_the_other_s_gpus():
    table = Checkpoints(
        [weights("org/m-q", "quark", "fp4"), weights("org/m-nv", "modelopt", "fp4")],
        [loads("vllm", "quark", vendor="AMD"), loads("vllm", "modelopt", vendor="NVIDIA")],
    )
    served = [table.loading("vllm", "org/m", "bf16", "fp4", vendor).checkpoint for vendor in ("AMD", "NVIDIA", "")]
    assert served == ["org/m-q", "org/m-nv", "org/m-q"]
    assert TABLE.loading("vllm", "org/m", "bf16", "fp8", "AMD").checkpoint == "org/m-ct"


def test_flags_of_a_model_are_those_of_its_engine():
    assert [row.flags for row in TABLE.launches_of("vllm", "org/m")] == ["--trust-remote-code --x y"]
    assert TABLE.launches_of("sglang", "org/m") == ()


def test_a_workspace_s_own_checkpoint_comes_first(tmp_path):
    mine = CheckpointRow(
        model="Qwen/Qwen3-8B", precision="fp8", checkpoint="ours/fp8", format="compressed-tensors", source="made here"
    )
    write_rows(tmp_path / "profiles" / "checkpoints.csv", [mine])
    ours = Workspace(tmp_path).checkpoints
    assert ours.loading("vllm", "Qwen/Qwen3-8B", "bf16", "fp8").checkpoint == "ours/fp8"
    assert ours.loading("trtllm", "Qwen/Qwen3-8B", "bf16", "fp8").checkpoint == "Qwen/Qwen3-8B-FP8"


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "checkpoints.csv").write_text("model,precision\na,fp8\n")
    with pytest.raises(AdvisorError, match="lacks the column 'checkpoint'"):
        _ = Workspace(tmp_path).checkpoints


def test_what_ships_is_about_known_models_in_formats_that_an_engine_loads():
    table = SHIPPED.checkpoints
    formats = {row.format for row in table.formats}
    for row in table.checkpoints:
        assert row.model in SHIPPED.models, row
        assert row.precision in PRECISIONS, row
        assert row.precision != SHIPPED.models.checkpoint_precision(row.model), row
        assert row.format in formats, row
        assert row.source, row
        assert row.source_url.startswith("https://huggingface.co/"), row
        assert row.as_of, row
    assert len({(row.model, row.checkpoint) for row in table.checkpoints}) == len(table.checkpoints)
    assert {row.engine for row in table.formats} == set(ENGINES)
    assert all(row.source and row.as_of for row in (*table.formats, *table.launches))
    assert all(row.model in SHIPPED.models for row in table.launches)
