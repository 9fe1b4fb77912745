"""Measuring an engine on a GPU, the most informative loads first."""
