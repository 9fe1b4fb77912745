"""Every file by the tool that reads it, or by its schema; what only some machines have is asked where it is there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.deployments.made import KINDS, written
from tests.deployments.names import HOSTILE, renamed
from tests.known import SHIPPED

kubernetes_validate = pytest.importorskip("kubernetes_validate")
KUBERNETES = "1.37"
LITERAL = "SC2016"
"""That a `$` in single quotes stays one, as it is meant to in a name."""
SCHEMAS = Path(__file__).parent / "schemas"
"""Fields that our files use, as the documentation of each tool names them; strict: another field is an error."""


@pytest.fixture(scope="module", params=[*KINDS, *(f"name {n}" for n in range(len(HOSTILE)))])
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployed")
    if request.param in KINDS:
        return folder / "files", written(folder / "files", **KINDS[request.param])[0]
    name = HOSTILE[int(request.param.split()[1])]
    return folder / "files", written(folder / "files", workspace=renamed(SHIPPED, folder / "own", name), model=name)[0]


def pods(document):
    """Every pod that a document describes."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in {"spec", "template"} and isinstance(value, dict) and "containers" in value:
                yield value
            yield from pods(value)


def test_every_file_is_yaml_or_a_script_or_a_page(files):
    _, texts = files
    assert {"serve.sh", "smoke_test.sh", "README.md"} <= set(texts)
    for name, text in texts.items():
        assert text.endswith("\n")
        assert "Undefined" not in text
        if name.endswith(".yaml"):
            assert all(yaml.safe_load_all(text)), name


def test_scripts_pass_shellcheck_and_bash(files):
    folder, _ = files
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for script in ("serve.sh", "smoke_test.sh"):
        subprocess.run(["bash", "-n", folder / script], check=True)
        if shellcheck:
            done = subprocess.run([shellcheck, "-e", LITERAL, folder / script], capture_output=True, text=True)
            assert not done.stdout, done.stdout


def test_manifests_hold_to_the_schema_of_kubernetes(files):
    _, texts = files
    for document in yaml.safe_load_all(texts.get("kubernetes.yaml", "")):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize(("name", "kind"), [("kserve", "LLMInferenceService"), ("leaderworkerset", "LeaderWorkerSet")])
def test_custom_resources_have_the_documented_fields_and_pods_of_kubernetes(files, name, kind):
    _, texts = files
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    for document in yaml.safe_load_all(texts.get(f"{name}.yaml", "")):
        if document["kind"] != kind:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
            continue
        jsonschema.validate(document, schema)
        found = list(pods(document))
        assert found
        for spec in found:
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
            kubernetes_validate.validate(pod, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", ["compose", "sky", "alerts"])
def test_other_files_have_the_documented_fields(files, name):
    _, texts = files
    if text := texts.get(f"{name}.yaml"):
        jsonschema.validate(yaml.safe_load(text), json.loads((SCHEMAS / f"{name}.json").read_text()))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on this machine")
def test_alerts_pass_promtool(files):
    folder, texts = files
    if "alerts.yaml" in texts:
        subprocess.run(["promtool", "check", "rules", folder / "alerts.yaml"], check=True, capture_output=True)


def test_compose_reads_its_file(files):
    folder, texts = files
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose on this machine")
    if "compose.yaml" in texts:
        subprocess.run([docker, "compose", "-f", folder / "compose.yaml", "config", "-q"], check=True)


def test_skypilot_reads_its_file(files):
    sky = pytest.importorskip("sky")
    folder, texts = files
    if "sky.yaml" in texts:
        task = sky.Task.from_yaml(str(folder / "sky.yaml"))
        assert task.service.min_replicas >= 1
