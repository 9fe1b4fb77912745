"""A recommendation as files that start it: scripts, manifests of the usual schedulers, a load test and alerts."""
