"""Everything that was costed is in the files, and the names of strangers arrive there as they are."""

import json
import re
import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from advisor.deployments.plan import plan_of
from advisor.deployments.quoting import checked_words, doubled, label, quoted, untemplated
from advisor.errors import AdvisorError
from advisor.printable import is_name
from advisor.recommendation.launch import launch_words, reward_words
from tests.deployments.made import BIG, KINDS, MOE, REWARD, found, plan, rent, written
from tests.deployments.names import HOSTILE, renamed
from tests.known import SHIPPED
from tests.recommendation.made import candidate


def script_words(text):
    """The words of the last command of a script, up to what is asked of the shell."""
    last = text[text.index("exec ") + 5 :].partition(' \\\n    --host "$host"')[0]
    return shlex.split(last.replace("\\\n", ""))


def by_kubernetes(text):
    """What `$` means in a command: `$$` is one, `$(NAME)` a variable, which would be missing here."""
    assert not re.search(r"(?<!\$)(?:\$\$)*\$\(", text)
    return text.replace("$$", "$")


def by_compose(text):
    assert not re.search(r"(?<!\$)(?:\$\$)*\$(?!\$)", text)
    return text.replace("$$", "$")


def by_go(text):
    """A Go template that has literals alone."""
    return re.sub(r"\{\{`(.*?)`\}\}", r"\1", text)


def server(document):
    return document["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_strangers_arrive_as_they_are(tmp_path, name):
    ws = renamed(SHIPPED, tmp_path / "own", name)
    texts, _ = written(tmp_path / "files", workspace=ws, model=name)
    words = launch_words(candidate(model=name, context_tokens=5120, concurrency=16), "vllm", ws)
    assert name in words
    assert script_words(texts["serve.sh"]) == words
    assert script_words(yaml.safe_load(texts["sky.yaml"])["run"]) == words
    kubernetes = server(next(yaml.safe_load_all(texts["kubernetes.yaml"])))
    assert [by_kubernetes(word) for word in kubernetes["command"]][: len(words)] == words
    compose = yaml.safe_load(texts["compose.yaml"])["services"]["server-1"]
    assert [by_compose(word) for word in compose["entrypoint"] + compose["command"]][: len(words)] == words
    kserve = yaml.safe_load(texts["kserve.yaml"])["spec"]
    assert (by_go(kserve["model"]["name"]), by_go(kserve["model"]["uri"])) == (name, f"hf://{name}")
    for rule in yaml.safe_load(texts["alerts.yaml"])["groups"][0]["rules"]:
        matchers = re.findall(r'model_name=("(?:[^"\\]|\\.)*")', rule["expr"])
        assert {json.loads(each) for each in matchers} == {name}
        assert by_go(rule["annotations"]["summary"]).startswith(f"{name}: ")
    bench = texts["smoke_test.sh"].partition("\nvllm bench serve")[2].partition(' \\\n    --base-url "$url"')[0]
    assert shlex.split(bench.replace("\\\n", ""))[5] == name


@given(st.text().filter(is_name).filter(lambda t: not re.search("[\ufffe\uffff]", t)))
def test_any_name_comes_back_from_yaml_compose_kubernetes_and_go(name):
    assert yaml.safe_load(quoted(name)) == name
    assert by_compose(doubled(name)) == name
    assert by_kubernetes(doubled(name)) == name
    if "`" not in name:
        assert by_go(untemplated(name)) == name
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", label(name))
    assert len(label(name)) <= 40


@pytest.mark.parametrize("word", ["a\nb", "a\x1bb", "a\u202eb", "a\ufffeb"])
def test_what_yaml_cannot_hold_is_refused(word):
    with pytest.raises(AdvisorError, match="characters that YAML cannot"):
        checked_words(["vllm", word])


def test_a_name_that_is_an_option_is_refused(tmp_path):
    ws = renamed(SHIPPED, tmp_path / "own", "--trust-remote-code")
    with pytest.raises(AdvisorError, match="read as an option; rename the model"):
        plan(workspace=ws, model="--trust-remote-code")


def test_the_deployment_that_was_costed_is_in_the_manifest(tmp_path):
    texts, _ = written(tmp_path / "f", model=MOE, gpu_count=4, parallelism="dp4", replicas=3, concurrency=64)
    deployment, service = yaml.safe_load_all(texts["kubernetes.yaml"])
    assert deployment["spec"]["replicas"] == 3
    one = server(deployment)
    assert one["image"] == "vllm/vllm-openai:v0.26.0"
    assert one["resources"]["limits"] == {"nvidia.com/gpu": "4"}
    command = dict(zip(one["command"], [*one["command"][1:], ""], strict=True))
    assert (command["--max-num-seqs"], command["--max-model-len"]) == ("16", "5120")
    assert command["--kv-cache-dtype"] == "bfloat16"
    assert (command["--host"], command["--port"]) == ("0.0.0.0", "8000")
    terms = deployment["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (expression,) = terms["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchExpressions"]
    assert (expression["key"], expression["values"]) == ("nvidia.com/gpu.product", ["NVIDIA-H100-80GB-HBM3"])
    secret = next(each for each in one["env"] if each["name"] == "HF_TOKEN")
    assert secret["valueFrom"]["secretKeyRef"] == {"name": "hf-token", "key": "token", "optional": True}
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["ports"] == [{"name": "http", "port": 8000, "targetPort": "http"}]


def test_the_start_may_take_as_long_as_the_weights_take_to_come(tmp_path):
    made = plan()
    bf16_bytes = 2 * SHIPPED.models.spec(made.candidate.model).total_parameters
    seconds = made.engine_start_s + bf16_bytes / 1e8
    assert seconds <= made.start_limit_s < seconds + 61
    assert 1.2 * bf16_bytes + 50e9 <= made.disk_gib * 2**30 < 1.2 * bf16_bytes + 50e9 + 2**30 * 1.01
    probe = server(next(yaml.safe_load_all(written(tmp_path / "f")[0]["kubernetes.yaml"])))["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] == made.start_limit_s


def test_replicas_of_one_machine_have_gpus_and_ports_of_their_own(tmp_path):
    services = yaml.safe_load(written(tmp_path / "f", **KINDS["replicas in one machine"])[0]["compose.yaml"])[
        "services"
    ]
    assert list(services) == ["server-1", "server-2", "server-3", "server-4"]
    devices = [s["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"] for s in services.values()]
    assert devices == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]
    assert services["server-3"]["ports"] == ["${BIND:-127.0.0.1}:8020:8000"]


def test_a_reward_model_shares_the_gpus_and_starts_first(tmp_path):
    texts, _ = written(tmp_path / "f", **KINDS["reward model"])
    policy, reward = (yaml.safe_load(texts["compose.yaml"])["services"][f"{name}-1"] for name in ("server", "reward"))
    assert policy["depends_on"] == {"reward-1": {"condition": "service_healthy"}}
    assert policy["deploy"] == reward["deploy"]
    shares = [s["command"][s["command"].index("--gpu-memory-utilization") + 1] for s in (policy, reward)]
    assert sum(map(float, shares)) == pytest.approx(0.9)
    c = found(**{k: v for k, v in KINDS["reward model"].items()}).recommended
    assert [*reward["entrypoint"], *reward["command"]][:-2] == reward_words(c, SHIPPED)
    (container,) = next(yaml.safe_load_all(texts["kubernetes.yaml"]))["spec"]["template"]["spec"]["containers"]
    script = by_kubernetes(container["command"][-1])
    assert script.index(f"vllm serve {REWARD}") < script.index("/health") < script.index(f"vllm serve {c.model}")


def test_spot_prices_are_spot_machines(tmp_path):
    assert yaml.safe_load(written(tmp_path / "a")[0]["sky.yaml"])["resources"]["use_spot"] is False
    sky = yaml.safe_load(written(tmp_path / "b", **KINDS["spot"])[0]["sky.yaml"])
    assert sky["resources"]["use_spot"] is True
    assert sky["resources"]["accelerators"] == {"H100": 1}
    assert sky["secrets"] == {"HF_TOKEN": None}


def test_kserve_gets_the_options_of_the_server(tmp_path):
    texts, _ = written(tmp_path / "f", **KINDS["groups"])
    (main,) = yaml.safe_load(texts["kserve.yaml"])["spec"]["template"]["containers"]
    words = launch_words(found(**KINDS["groups"]).recommended, "vllm", SHIPPED)
    assert shlex.split(main["env"][0]["value"]) == words[3:]
    assert (main["name"], main["env"][0]["name"]) == ("main", "VLLM_ADDITIONAL_ARGS")


@pytest.mark.parametrize("kind", ["several machines", "groups over machines", "sglang over machines"])
def test_a_replica_over_several_machines_has_one_leader(tmp_path, kind):
    texts, done = written(tmp_path / "f", **KINDS[kind])
    assert {"compose.yaml", "kubernetes.yaml", "sky.yaml", "kserve.yaml"}.isdisjoint(texts)
    assert any(line.startswith("compose.yaml is left out: one replica lies in 4 machines") for line in done.left_out)
    spec = next(yaml.safe_load_all(texts["leaderworkerset.yaml"]))["spec"]["leaderWorkerTemplate"]
    assert spec["size"] == 4
    leader, worker = (spec[f"{role}Template"]["spec"]["containers"][0] for role in ("leader", "worker"))
    assert leader["command"] == worker["command"]
    assert leader["resources"]["limits"] == {"nvidia.com/gpu": "4"}
    assert "readinessProbe" in leader
    assert "readinessProbe" not in worker
    script = by_kubernetes(leader["command"][-1])
    assert script.startswith('export LEADER="$LWS_LEADER_ADDRESS" RANK="$LWS_WORKER_INDEX"\n')


def test_what_no_file_can_start_is_said():
    over = {"model": BIG, "gpu": "gb200", "gpu_count": 16, "precision": "fp8", "rent": None}
    with pytest.raises(AdvisorError, match="no file is known that starts trtllm over 4 machines; take another engine"):
        plan({"engine": "trtllm"}, parallelism="tp16", **over)
    with pytest.raises(AdvisorError, match="tp8dp2 does not divide over 4 machines of 4 GPUs"):
        plan(parallelism="tp8dp2", **over)


def test_the_weights_of_an_own_model_are_mounted(tmp_path):
    ws = renamed(SHIPPED, tmp_path / "own", "mine")
    table = tmp_path / "own" / "profiles" / "models.csv"
    lines = table.read_text().splitlines()
    table.write_text(f"{lines[0]},source_url\n{lines[1].rpartition(',')[0]},imported,/srv/it's mine\n")
    made = found(model="mine")
    assert plan_of(ws, made, made.recommended).weights_folder == "/srv/it's mine"
    texts, done = written(tmp_path / "f", workspace=ws, model="mine")
    volumes = yaml.safe_load(texts["compose.yaml"])["services"]["server-1"]["volumes"]
    assert volumes[1] == {"type": "bind", "source": "/srv/it's mine", "target": "/srv/it's mine", "read_only": True}
    pod = next(yaml.safe_load_all(texts["kubernetes.yaml"]))["spec"]["template"]["spec"]
    assert pod["volumes"][-1]["hostPath"] == {"path": "/srv/it's mine", "type": "Directory"}
    assert yaml.safe_load(texts["sky.yaml"])["file_mounts"] == {"/srv/it's mine": "/srv/it's mine"}
    assert "kserve.yaml" not in texts
    assert any("have to lie in /srv/it's mine" in note for note in done.notes)


def test_engines_get_what_their_containers_need(tmp_path):
    sglang = yaml.safe_load(written(tmp_path / "s", **KINDS["sglang"])[0]["compose.yaml"])["services"]["server-1"]
    assert sglang["image"].startswith("lmsysorg/sglang:v0.")
    assert "--enable-metrics" in sglang["command"]
    texts, _ = written(tmp_path / "t", **KINDS["trtllm, groups"])
    compose = yaml.safe_load(texts["compose.yaml"])
    assert compose["configs"] == {"trtllm": {"content": "{enable_chunked_prefill: true, enable_attention_dp: true}"}}
    assert "echo '{enable_chunked_prefill: true, enable_attention_dp: true}' > trtllm.yaml" in texts["serve.sh"]
    amd = yaml.safe_load(written(tmp_path / "a", **KINDS["AMD"])[0]["compose.yaml"])["services"]["server-1"]
    assert amd["image"].startswith("vllm/vllm-openai-rocm:v0.")
    assert amd["devices"] == ["/dev/kfd", "/dev/dri"]


def test_several_prices_do_not_split_a_replica_over_machines():
    assert plan(gpu_count=2, parallelism="tp2", replicas=6, rent=rent(size=8)).replicas_together == 4
    assert plan(gpu_count=2, parallelism="tp2", replicas=3, rent=rent(size=8)).replicas_together == 3
    assert plan(gpu_count=8, parallelism="tp8", replicas=3, rent=rent(size=8)).replicas_together == 1
    assert plan(gpu_count=2, parallelism="tp2", replicas=3, rent=None).replicas_together == 1
