"""The user's own models: known by name in their workspace, and only there."""

import shutil

import pytest

from advisor.errors import AdvisorError
from advisor.importers.own_model import import_model, stored_name
from advisor.models.quantization import checkpoint_precision
from advisor.store.shipped import shipped_root
from advisor.store.workspace import Workspace
from tests.known import SHIPPED

CONFIGS = shipped_root() / "profiles" / "models"


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "my-tune"
    shutil.copytree(CONFIGS / SHIPPED.models["Qwen/Qwen3-8B"].config, folder)
    return folder


def test_an_own_model_is_known_and_served_from_its_folder(ws, mine):
    for path in (mine, mine / "config.json"):
        done = import_model(ws, path)
        assert set(done.to_dict()) == {"model", "parameters", "active_parameters"}
        assert done.parameters == pytest.approx(8.19e9, rel=0.01)
        assert done.active_parameters == pytest.approx(7.57e9, rel=0.01)  # the embedding look-up multiplies nothing
    entry = ws.models["my-tune"]
    assert (entry.weights, entry.checkpoint_precision, entry.shape) == (str(mine), "bf16", "my-tune")
    assert ws.models.spec("my-tune").total_parameters == SHIPPED.models.spec("Qwen/Qwen3-8B").total_parameters
    assert "my-tune" not in Workspace().models


def test_a_licence_of_its_own_stays_until_another_is_given(ws, mine):
    import_model(ws, mine)
    assert (ws.models["my-tune"].license, ws.models["my-tune"].license_source) == ("", "")
    import_model(ws, mine, license=" Apache-2.0 ")
    import_model(ws, mine)
    again = Workspace(ws.own)
    assert (again.models["my-tune"].license, again.models["my-tune"].license_source) == ("apache-2.0", "imported")
    import_model(again, mine, license="our-own")
    assert Workspace(ws.own).models["my-tune"].license == "our-own"


@pytest.mark.parametrize("license", ["", "two words", "a,b", "-x", "x" * 65])
def test_a_licence_is_an_id(ws, mine, license):
    with pytest.raises(AdvisorError, match="is no id of a licence"):
        import_model(ws, mine, license=license)
    assert not (ws.own / "profiles").exists()


def test_the_licence_on_the_command_line(advisor, mine, tmp_path):
    assert advisor("import", "model", mine, "--license", "mit", "--workspace", tmp_path / "ws")[0] == 0
    assert Workspace(tmp_path / "ws").models["my-tune"].license == "mit"
    code, _, err = advisor("import", "samples", mine, "--license", "mit", "--workspace", tmp_path / "ws")
    assert (code, err) == (2, "advisor: --license: is for model, not for samples; leave it out\n")


def test_a_name_of_its_own(ws, mine):
    assert import_model(ws, mine, name="org/tuned").model == "org/tuned"
    assert ws.models.resolve("tuned") == "org/tuned"


def test_a_name_stands_for_one_model(ws, mine, tmp_path):
    import_model(ws, mine)
    other = tmp_path / "elsewhere" / "my-tune"
    shutil.copytree(CONFIGS / SHIPPED.models["Qwen/Qwen3-32B"].config, other)
    with pytest.raises(AdvisorError, match="is the name of another model here"):
        import_model(ws, other)
    with pytest.raises(AdvisorError, match="no such file"):
        import_model(ws, tmp_path / "nowhere")
    assert ws.models["my-tune"].weights == str(mine)


def test_a_damaged_list_of_own_models_is_named(ws, mine):
    import_model(ws, mine)
    (ws.own / "profiles" / "models.csv").write_text("a,b\n1,2\n")
    with pytest.raises(AdvisorError, match=r"models\.csv: lacks the column 'model'"):
        import_model(ws, mine)


def test_the_name_that_measurements_are_stored_under(ws, mine):
    assert stored_name(ws, "qwen3-8b") == "Qwen/Qwen3-8B"
    assert stored_name(ws, "somebody/unknown") == "somebody/unknown"
    assert stored_name(ws, str(mine)) == "my-tune"
    assert "my-tune" in ws.models
    with pytest.raises(AdvisorError, match=r"^--reward-model: unknown model 'qwen3-9b'; did you mean"):
        stored_name(ws, "qwen3-9b", where="--reward-model")


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        ({}, "bf16"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "fp4"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "int4"),
    ],
)
def test_precision_of_a_config(config, precision):
    assert checkpoint_precision(config) == precision


def test_two_checkpoints_of_one_name_are_two_models(ws, tmp_path, mine):
    """Of one architecture, as two trainings leave them: their configs are equal, their answers are not."""
    first, second = tmp_path / "a" / "checkpoint-500", tmp_path / "b" / "checkpoint-500"
    for folder in (first, second):
        shutil.copytree(mine, folder)
    import_model(ws, first)
    with pytest.raises(AdvisorError, match=r"'checkpoint-500' is the name of the model in .*a/checkpoint-500 here"):
        import_model(ws, second)
    assert import_model(ws, second, name="tuned-b").model == "tuned-b"
    shutil.rmtree(first)  # moved, not another one
    assert import_model(ws, second).model == "checkpoint-500"
    assert ws.models["checkpoint-500"].weights == str(second)


def test_a_folder_of_links_has_its_own_name(ws, tmp_path, mine):
    """As in a cache of Hugging Face, whose files are links into a folder of blobs."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    mine.rename(blobs)
    (snapshot / "config.json").symlink_to(blobs / "config.json")
    assert import_model(ws, snapshot).model == "abc123"
    assert ws.models["abc123"].weights == str(snapshot)
