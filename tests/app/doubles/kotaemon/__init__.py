"""A stand-in for the package: see doubles/README.md."""
