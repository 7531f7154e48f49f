"""Rules, objectives and runbooks."""
