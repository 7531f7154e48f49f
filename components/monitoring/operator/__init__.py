"""Watching by the Prometheus operator that a cluster runs already."""
