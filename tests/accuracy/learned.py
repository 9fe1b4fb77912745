"""Priors that a test can compute with by hand."""

import numpy as np

from advisor.accuracy.endings import Endings
from advisor.accuracy.growth import Growth
from advisor.accuracy.vote_shares import SharePrior


def growth(damping=0.5, surprise=0.0):
    """Gains that all go on alike."""
    return Growth(np.array([damping]), np.array([surprise]), np.array([1.0]))


def endings(**changed):
    """Every step adds as much to the log odds as the one before; late answers are as often right; all end."""
    figures = {"level": 0.0, "carried": 1.0, "share": 0.0, "spread": 0.0, "decline": 0.0, "decline_spread": 0.0}
    none = {"never": np.array([0.0]), "never_weight": np.array([1.0])}
    return Endings(**(figures | none | changed))


def even_shares():
    """Every concentration and part of the right answer as likely."""
    concentration, right = (each.ravel() for each in np.meshgrid([0.5, 2.0, 8.0], [0.1, 0.3, 0.5, 0.7, 0.9]))
    return SharePrior(concentration, right, np.full(15, 1 / 15), np.array([0.3, 1.0, 3.0]), np.full(3, 1 / 3))
