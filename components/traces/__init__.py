"""Traces: an OpenTelemetry collector that samples and masks them and sends them on, and who sends it any."""
