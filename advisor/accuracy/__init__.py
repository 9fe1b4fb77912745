"""Accuracy as a function of compute, from sampled answers: estimators, curves, fits. Pure."""
