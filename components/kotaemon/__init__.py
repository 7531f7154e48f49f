"""The Kotaemon release, and the Python files that are mounted into its container."""

from .release import Kotaemon, KotaemonArgs

__all__ = ["Kotaemon", "KotaemonArgs"]
