"""Parameters and FLOPs against PyTorch itself, on what `transformers` builds."""

import json

import pytest

from tests.known import catalog, config_file, spec_of

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# their code lies with the checkpoints, not in transformers, which gives LongCat's empty experts weights
NOT_BUILT = {"mimo", "kimi_k2", "kimi_k25", "longcat_flash"}


def built_on_meta(name: str):
    keys = json.loads(config_file(name).read_text())
    text = keys.get("text_config")
    if text:
        keys = {**{k: v for k, v in keys.items() if k == "tie_word_embeddings"}, **text}
    if keys["model_type"] == "nemotron_h":
        keys.pop("num_hidden_layers")
    config = transformers.AutoConfig.for_model(**keys)
    with torch.device("meta"):
        return transformers.AutoModelForCausalLM.from_config(config)


def one_per_shape() -> list[str]:
    seen = {entry.config: name for name, entry in reversed(list(catalog().items()))}
    return sorted(name for name in seen.values() if spec_of(name).family not in NOT_BUILT)


@pytest.mark.parametrize("name", one_per_shape())
def test_total_parameters_are_those_that_transformers_builds(name):
    try:
        model = built_on_meta(name)
    except (ValueError, KeyError, ImportError) as error:
        pytest.skip(f"transformers {transformers.__version__} cannot build it: {error}")
    counted = sum({id(p): p.numel() for p in model.parameters()}.values())
    scales = spec_of(name).n_layers if "gemma-4" in name else 0  # one a layer, which PyTorch holds as a buffer
    spec = spec_of(name)  # transformers builds Gemma 3n without its encoder here
    assert spec.total_parameters - counted - scales in (0, spec.encoder_parameters)
