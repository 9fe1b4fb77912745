"""Which open model, inference strategy, GPU and configuration for a budget.

    import advisor

    ws = advisor.Workspace("ours")
    pick = advisor.recommend(ws, budget="0.01usd", task="gpqa-diamond")
    pick.recommended.model, pick.recommended.accuracy.low, pick.reason

Every verb is a function that takes a workspace and keyword arguments and returns a frozen value;
help(advisor.recommend) explains its options, docs/python.md shows them at work. Importing this package loads none
of them before they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from advisor.importers import IMPORTERS

if TYPE_CHECKING:
    from advisor.calibration.calibrate import calibrate as calibrate
    from advisor.calibration.regrade import regrade as regrade
    from advisor.deployments.deploy import deploy as deploy
    from advisor.errors import AdvisorError as AdvisorError
    from advisor.errors import MissingAbility as MissingAbility
    from advisor.errors import NoAnswer as NoAnswer
    from advisor.fits.check import check as check
    from advisor.fits.curve import curve as curve
    from advisor.fits.fit import fit as fit
    from advisor.importers.epoch import import_epoch as import_epoch
    from advisor.importers.evalscope import import_evalscope as import_evalscope
    from advisor.importers.guidellm import import_guidellm as import_guidellm
    from advisor.importers.inspect_ai import import_inspect as import_inspect
    from advisor.importers.lighteval import import_lighteval as import_lighteval
    from advisor.importers.lm_eval import import_lm_eval as import_lm_eval
    from advisor.importers.own_model import import_model as import_model
    from advisor.importers.samples import import_samples as import_samples
    from advisor.importers.serving_runs import import_runs as import_runs
    from advisor.importers.vllm_bench import import_vllm_bench as import_vllm_bench
    from advisor.prices import Price as Price
    from advisor.profiler.doctor import doctor as doctor
    from advisor.profiler.fan_out import profile_on_ray as profile_on_ray
    from advisor.profiler.profile import profile as profile
    from advisor.recommendation.compare import compare as compare
    from advisor.recommendation.compare_speed import compare_speed as compare_speed
    from advisor.recommendation.estimate import estimate as estimate
    from advisor.recommendation.frontier import frontier as frontier
    from advisor.recommendation.frontier import known_tasks as known_tasks
    from advisor.recommendation.pick import recommend as recommend
    from advisor.reports.findings.report import report_findings as report_findings
    from advisor.reports.report import report as report
    from advisor.store.recorded import recorded as recorded
    from advisor.store.workspace import Workspace as Workspace
    from advisor.studies.compute import compute_per_query as compute_per_query
    from advisor.studies.dense_and_moe import dense_and_moe as dense_and_moe
    from advisor.studies.findings import findings as findings
    from advisor.studies.frontiers import frontiers as frontiers
    from advisor.studies.inference_scaling import inference_scaling as inference_scaling
    from advisor.studies.other_claims import other_claims as other_claims
    from advisor.studies.saturation import saturation as saturation
    from advisor.studies.trend import trend as trend
    from advisor.studies.trends import trends as trends
    from advisor.studies.wrong_answers import wrong_answers as wrong_answers
    from advisor.units import Budget as Budget
    from advisor.verification.verify import verify as verify

_ROOMS = {
    "AdvisorError": "errors",
    "Budget": "units",
    "MissingAbility": "errors",
    "NoAnswer": "errors",
    "Price": "prices",
    "Workspace": "store.workspace",
    "calibrate": "calibration.calibrate",
    "check": "fits.check",
    "compare": "recommendation.compare",
    "compare_speed": "recommendation.compare_speed",
    "compute_per_query": "studies.compute",
    "curve": "fits.curve",
    "dense_and_moe": "studies.dense_and_moe",
    "deploy": "deployments.deploy",
    "doctor": "profiler.doctor",
    "estimate": "recommendation.estimate",
    "findings": "studies.findings",
    "fit": "fits.fit",
    "frontier": "recommendation.frontier",
    "frontiers": "studies.frontiers",
    "inference_scaling": "studies.inference_scaling",
    "known_tasks": "recommendation.frontier",
    "other_claims": "studies.other_claims",
    "profile": "profiler.profile",
    "profile_on_ray": "profiler.fan_out",
    "recommend": "recommendation.pick",
    "recorded": "store.recorded",
    "regrade": "calibration.regrade",
    "report": "reports.report",
    "report_findings": "reports.findings.report",
    "saturation": "studies.saturation",
    "trend": "studies.trend",
    "trends": "studies.trends",
    "verify": "verification.verify",
    "wrong_answers": "studies.wrong_answers",
    **{importer.verb: f"importers.{importer.module}" for importer in IMPORTERS.values()},
}
"""Where each public name lives."""

__all__ = list(_ROOMS)


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'advisor' has no attribute {name!r}")
    return getattr(import_module(f"advisor.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
