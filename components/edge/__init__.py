"""The front door: how people reach Kotaemon from outside the cluster, and who signs them in."""
