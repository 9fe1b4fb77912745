from pathlib import Path

from advisor.profiler.checkpoint import stored_bytes
from tests.known import load_model

MODELS = Path(__file__).parent.parent / "testbed" / "models"


def test_stored_weights_are_the_parameters_in_their_width():
    for name in ("small", "moe"):
        assert stored_bytes(MODELS / name) == 2 * load_model(str(MODELS / name)).total_parameters


def test_no_weights(tmp_path):
    assert stored_bytes(tmp_path) is None
    assert stored_bytes(tmp_path / "nowhere") is None
