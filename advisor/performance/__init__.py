"""Memory and time of a deployment: physics first, then efficiencies fitted to measured runs."""
