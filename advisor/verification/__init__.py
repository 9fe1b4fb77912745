"""A running deployment against what was predicted for the load that it has."""
