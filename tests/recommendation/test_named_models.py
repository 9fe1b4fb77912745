"""Names of models whose answers are stored without a config."""

import pytest

import advisor
from advisor.errors import AdvisorError
from tests.recommendation.made import point, workspace

NAMELESS = "acme/ops-large"


@pytest.fixture
def folder(tmp_path):
    return workspace(tmp_path, point(), point(model=NAMELESS))


@pytest.mark.parametrize("name", [NAMELESS, "Ops-Large"])
def test_a_model_without_a_config_is_not_unknown(folder, name):
    said = rf"answers of {NAMELESS} are stored, but its config is missing.*`advisor import model FOLDER --workspace "
    with pytest.raises(AdvisorError, match=said):
        advisor.compare(folder, models=(name, "qwen3-8b"), task="mine")
    with pytest.raises(AdvisorError, match=f"--model: {said}"):
        advisor.recommend(folder, task="mine", model=name)


def test_a_name_that_nothing_has_stays_unknown(folder):
    with pytest.raises(AdvisorError, match="unknown model 'acme/ops-tiny'"):
        advisor.compare(folder, models=("acme/ops-tiny", "qwen3-8b"), task="mine")
