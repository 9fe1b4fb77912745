"""What counts as a refusal of vLLM: 0.26 has no class yet that all of its errors share."""

import sys
from types import ModuleType

import pytest

from advisor.engines.vllm import _refusals


def module(name, **content):
    made = ModuleType(name)
    made.__dict__.update(content)
    return made


@pytest.mark.parametrize("newer", [False, True])
def test_errors_of_every_supported_version(monkeypatch, newer):
    common = type("VLLMError", (Exception,), {})
    invalid = type("VLLMValidationError", (common if newer else ValueError,), {})
    dead, failed = (type(name, (Exception,), {}) for name in ("EngineDeadError", "EngineGenerateError"))
    exceptions = module("vllm.exceptions", VLLMValidationError=invalid, **({"VLLMError": common} if newer else {}))
    engine = module("vllm.v1.engine.exceptions", EngineDeadError=dead, EngineGenerateError=failed)
    monkeypatch.setitem(sys.modules, "vllm", module("vllm", exceptions=exceptions))
    for name in ("vllm.v1", "vllm.v1.engine"):
        monkeypatch.setitem(sys.modules, name, module(name))
    monkeypatch.setitem(sys.modules, exceptions.__name__, exceptions)
    monkeypatch.setitem(sys.modules, engine.__name__, engine)
    refusals = _refusals()
    assert all(issubclass(each, refusals) for each in (ValueError, invalid, dead, failed))
    assert issubclass(common, refusals) == newer
    assert not issubclass(KeyboardInterrupt, refusals)
