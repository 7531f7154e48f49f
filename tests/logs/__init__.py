"""Logs: what is collected, what of it is masked, and how long it stays."""
