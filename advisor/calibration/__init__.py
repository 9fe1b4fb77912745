"""Sampling runs: answers drawn under a strategy, checked and stored."""
