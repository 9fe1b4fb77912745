"""The join of accuracy and cost: candidates, constraints, frontier, pick."""
