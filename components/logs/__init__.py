"""Logs: collected from the nodes, cleaned of secrets, and kept for a set time."""
