"""oauth2-proxy itself, with the arguments that Kotaemon's pod gives it, before a stand-in for Kotaemon."""
