"""What each component says of itself to whoever watches it."""
