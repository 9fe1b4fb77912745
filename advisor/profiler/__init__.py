"""Measuring an engine on a GPU, and learning from what was measured."""
