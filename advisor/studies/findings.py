"""The verb `findings`: every study of what the two papers found, on one workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from advisor.arguments import checked_arguments
from advisor.store.workspace import Workspace
from advisor.studies.compute import ComputePerQuery, compute_per_query
from advisor.studies.dense_and_moe import DenseAndMoe, dense_and_moe
from advisor.studies.frontiers import Frontiers, frontiers
from advisor.studies.inference_scaling import InferenceScaling, inference_scaling
from advisor.studies.other_claims import OtherClaims, other_claims
from advisor.studies.saturation import Saturation, saturation
from advisor.studies.study import Claim, Study
from advisor.studies.trends import Trends, trends
from advisor.studies.wrong_answers import WrongAnswers, wrong_answers
from advisor.values import Rows, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings(Value):
    """Each study's answer, in the order of a report."""

    compute: ComputePerQuery
    frontiers: Frontiers
    dense_and_moe: DenseAndMoe
    trends: Trends
    saturation: Saturation
    wrong_answers: WrongAnswers
    inference_scaling: InferenceScaling
    other_claims: OtherClaims

    @property
    def studies(self) -> dict[str, Study]:
        """By their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def claims(self) -> Rows[Claim]:
        """All published claims beside our figures."""
        return Rows((claim for study in self.studies.values() for claim in study.claims), Claim)


STUDIES: dict[str, Callable[[Workspace], Study]] = {
    "compute": compute_per_query,
    "frontiers": frontiers,
    "dense_and_moe": dense_and_moe,
    "trends": trends,
    "saturation": saturation,
    "wrong_answers": wrong_answers,
    "inference_scaling": inference_scaling,
    "other_claims": other_claims,
}


@checked_arguments
def findings(workspace: Workspace, *, progress: Callable[[str], None] | None = None) -> Findings:
    """What the papers found, from what is stored: confirmed, refined, contradicted, or open.

    Takes a minute or two on what ships; `progress` is called with the name of each study before it begins. Raises
    AdvisorError for a damaged file.
    """
    found: dict[str, Study] = {}
    for name, study in STUDIES.items():
        if progress:
            progress(name)
        found[name] = study(workspace)
    return Findings(**found)  # type: ignore[arg-type]
