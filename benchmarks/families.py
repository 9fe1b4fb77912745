"""Which of the architectures that `transformers` knows are counted, and how well: the default config of each, against
the weights of the model that `transformers` builds of it without memory.

    python benchmarks/families.py            replaces the section of docs/validation.md
    python benchmarks/families.py --list     prints one line an architecture instead

Takes a minute, `transformers` and `torch`. Architectures that generate text alone count: no encoders, no encoders with
decoders. A reader of ours is right where all weights of the text part agree; encoders of images and sound are compared
by themselves.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
import transformers
from transformers.models.auto import configuration_auto, modeling_auto
from validation_page import put, table

from advisor.counting import counted
from advisor.errors import AdvisorError
from advisor.models.counted import FAMILY
from advisor.models.families import FAMILIES, family_of, spec_from_config
from advisor.models.text_part import text_part

HEADING = "Architectures that are counted"
WHERE = "config.json"
EXACT, NEAR = 1e-4, 5e-3
"""Shares of the weights: norms apart, and what is asked of a published total."""
NOT_TEXT = (
    modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.keys() | modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
)


@dataclass(frozen=True, slots=True)
class Counted:
    """One architecture: how it is read, weights by us and by transformers; -1 where these cannot be had."""

    family: str
    kind: str
    ours: int = -1
    theirs: int = -1
    encoders: int = 0
    their_encoders: int = 0
    reason: str = ""

    @property
    def error(self) -> float:
        """Of the text part, of the whole where transformers does not hold encoders apart."""
        if self.theirs < 0:
            return 0.0
        encoders = self.encoders if self.their_encoders else 0
        return (self.ours - encoders) / (self.theirs - self.their_encoders) - 1


def decoders() -> Iterator[str]:
    """Architectures that generate text, alone or from images and sound."""
    text = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    images = modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    for family in sorted(set(text) | set(images)):
        if family in configuration_auto.CONFIG_MAPPING_NAMES and family not in NOT_TEXT:
            yield family


def default_config(family: str) -> dict[str, Any]:
    """What a config.json of the class's defaults has."""
    config = transformers.AutoConfig.for_model(family)
    found: dict[str, Any] = json.loads(json.dumps(config.to_dict(), default=str))
    return found


def built(family: str) -> tuple[int, int]:
    """All weights of the default model and those of its encoders, by transformers."""
    config = transformers.AutoConfig.for_model(family)
    makers = (transformers.AutoModelForImageTextToText, transformers.AutoModelForCausalLM)
    maker = next(maker for maker in makers if type(config) in maker._model_mapping)
    with torch.device("meta"):
        model = maker.from_config(config)
    model.tie_weights()
    head, decoder = model.get_output_embeddings(), model.get_decoder()
    whole = sum({id(p): p.numel() for p in model.parameters()}.values())
    text = {id(p): p.numel() for part in (decoder, head) if part is not None for p in part.parameters()}
    return whole, whole - sum(text.values())


def count(family: str) -> Counted:
    """By a reader of ours, else with transformers, else why not."""
    try:
        keys = default_config(family)
    except Exception as error:  # its own class refuses its defaults
        return Counted(family, "refused", reason=f"no default config: {type(error).__name__}")
    try:
        known = family_of(keys, text_part(keys), WHERE) in FAMILIES
        spec = spec_from_config(keys if known else counted(keys, family, WHERE), name=family, where=WHERE)
    except AdvisorError as refusal:
        return Counted(family, "refused", reason=refusal.what)
    found = Counted(
        family, FAMILY if spec.family == FAMILY else "own", spec.total_parameters, encoders=spec.encoder_parameters
    )
    try:
        whole, encoders = built(family)
    except Exception as error:  # transformers cannot build its own default
        return replace(found, reason=f"transformers cannot build its default: {type(error).__name__}")
    return replace(found, theirs=whole, their_encoders=encoders)


def section(results: list[Counted]) -> str:
    """The text of the page."""
    own = [r for r in results if r.kind == "own"]
    compared = [r for r in own if r.theirs > 0]
    exact = [r for r in compared if abs(r.error) < EXACT]
    near = [r for r in compared if EXACT <= abs(r.error) < NEAR]
    far = [r for r in compared if abs(r.error) >= NEAR]
    with_encoders = [abs(r.ours / r.theirs - 1) for r in exact if r.their_encoders]
    rows = [
        ["read here, all weights of the text part agree", exact],
        ["read here, within 0.5 %", near],
        ["read here, further off", far],
        ["read here, the default cannot be built to compare", [r for r in own if r.theirs < 0]],
        [f"counted with transformers {transformers.__version__}", [r for r in results if r.kind == FAMILY]],
        ["refused", [r for r in results if r.kind == "refused"]],
    ]
    lines = [[str(name), str(len(found))] for name, found in rows]
    off = "; ".join(f"`{r.family}` {r.error:+.1%}" for r in near + far) or "none"
    refused = ", ".join(f"`{r.family}`" for r in results if r.kind == "refused")
    return (
        f"Of the {len(results)} architectures in transformers {transformers.__version__} that generate text, with the"
        " default config of each (`python benchmarks/families.py`):\n\n"
        + table(lines, ["counted", "architectures"])
        + f"\nNot equal: {off}. (transformers holds weights for LongCat's empty experts, which checkpoints lack.)\n"
        f"\nWith encoders of images or sound counted by their width and depth, the whole is off by"
        f" {statistics.median(with_encoders):.2%} (median) and {max(with_encoders):.1%} (largest) in the"
        f" {len(with_encoders)} that have one.\n"
        "\nCounted with transformers means: every weight, and a token's share of the experts, but attention costs what"
        " full attention over the config's KV heads does, where no windows are listed.\n"
        f"\nRefused: {refused}: their default lacks keys that every published config has, or they are no stack of"
        " layers with attention.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print one line an architecture")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    results = [count(family) for family in decoders()]
    if args.list:
        for r in results:
            print(f"{r.family:28} {r.kind:8} {r.ours:16,} {r.theirs:16,} {r.error:+.4%} {r.reason}")
    else:
        put(HEADING, section(results))


if __name__ == "__main__":
    main()
