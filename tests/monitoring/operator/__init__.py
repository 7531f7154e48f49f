"""The ways of the Prometheus operator."""
