from dataclasses import dataclass, field

import pytest

from advisor.store.identity import begun, canonical, digest, run_id


@dataclass(frozen=True)
class Options:
    model: str
    temperature: float = 1.0
    seed: int | None = None


@dataclass(frozen=True)
class Later:
    """The same a version later: one more option."""

    model: str
    temperature: float = 1.0
    seed: int | None = None
    top_k: int = 0
    stop: tuple[str, ...] = field(default=())


def test_names_are_held_fixed():
    """Files are named so: where this fails, raise VERSION and expect everything to be drawn and imported anew."""
    assert digest({"b": [1, 2.5, "ü"], "a": None}) == "3b5e99596b62"
    assert digest(Options("m", 0.7)) == "89574799babd"


def test_an_option_that_is_added_at_its_default_changes_no_name():
    assert digest(Options("m", 0.7)) == digest(Later("m", 0.7))
    assert digest(Later("m", top_k=1)) != digest(Options("m"))


@pytest.mark.parametrize("other", [Options("n"), Options("m", 0.9), Options("m", seed=0)])
def test_other_content_has_another_name(other):
    assert digest(other) != digest(Options("m"))


def test_order_of_keys_and_kind_of_number_do_not_matter():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2.0, "a": 1, "c": None})
    assert digest(["a", "b"]) != digest(["b", "a"])


def test_what_has_no_canonical_form_is_refused():
    with pytest.raises(TypeError, match="set has no canonical form"):
        canonical({"a": {1}})


def test_a_name_can_be_a_files():
    assert run_id("Org/Model X: 'é'/../", {}).startswith("org-model-x-..-")
    assert len(run_id("x" * 500, {})) <= 120


def test_what_a_former_version_began_is_found(tmp_path):
    assert begun(tmp_path, ["new", "old"]) == "new"
    (tmp_path / ".old.jsonl").touch()
    assert begun(tmp_path, ["new", "old"]) == "old"
    (tmp_path / "new.parquet").touch()
    assert begun(tmp_path, ["new", "old"]) == "new"
