"""The stand-in providers."""
