"""What a stack lacks on Google Cloud: `make doctor`'s part that asks Google. It changes nothing there."""

from .checks import google_checks

__all__ = ["google_checks"]
