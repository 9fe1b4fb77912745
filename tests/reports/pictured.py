"""Views of frontiers written by hand."""

from advisor.accuracy.estimators import Interval
from advisor.provenance import Provenance
from advisor.reports.frontier_view import Mark, View


def mark(label, cost, accuracy, *, leads=True, picked=False, evidence=Provenance.MEASURED, half=0.02):
    return Mark(label, cost, Interval(accuracy, accuracy - half, accuracy + half), evidence, leads, picked)


def view(*marks, steps=None, budget=None, unit="usd"):
    """`steps` are by default the marks that lead."""
    stairs = sorted((m.cost, m.accuracy.value) for m in marks if m.leads) if steps is None else steps
    return View("mine", unit, "USD per question, log scale", marks, tuple(stairs), budget)
