"""The traces' collector: its configuration, and the real one that runs with it."""
