"""Lines that nobody reads: answers to probes, as long as they are well."""

import re

from components.kotaemon.sidecars import ALIVE, HEALTH

PATHS = (
    HEALTH,
    ALIVE,
    "/oauth2/ping",
    "/oauth2/ready",
    "/api/v2/heartbeat",
    *("/readyz", "/livez", "/healthz", "/readiness", "/liveness", "/startup"),
    *("/ping", "/ready", "/health", "/-/healthy", "/-/ready", "/metrics"),
)
"""What the probes of the stack's pods ask for, and where metrics are."""

AGENTS = ("kube-probe/", "GoogleHC/", "GoogleStackdriverMonitoring-UptimeChecks", "Blackbox Exporter")
"""How those who probe call themselves."""


def lua() -> str:
    """Both as a table of Lua's."""
    paths = "".join(f'    ["{path}"] = true,\n' for path in PATHS)
    agents = "".join(f'    "{agent}",\n' for agent in AGENTS)
    return f"return {{\n  paths = {{\n{paths}  }},\n  agents = {{\n{agents}  }},\n}}\n"


def expression() -> str:
    """A regular expression (RE2) of an access log's line about a probe that was answered 2xx or 3xx."""
    paths = "|".join(re.escape(path).replace(r"\-", "-") for path in PATHS)
    agents = "|".join(re.escape(agent).replace(r"\-", "-").replace(r"\ ", " ") for agent in AGENTS)
    asked = rf'[ "]({paths})(\?[^ "]*)?"? HTTP/[0-9.]+'
    agent = rf'"[^"]*({agents})[^"]*"'
    well = "[23][0-9][0-9]"
    # The status is right behind what was asked for, but oauth2-proxy's behind the agent.
    return rf'{asked}"?( "[^"]*")? {well}( |$)|HTTP/[0-9.]+"? {agent} {well}( |$)|HTTP/[0-9.]+"? {well} .*{agent}'
