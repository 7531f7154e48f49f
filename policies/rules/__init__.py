"""The rules, by subject."""

from policies.rule import Rule
from policies.rules import (
    data,
    edge,
    gateway,
    gke,
    google,
    google_network,
    namespaces,
    network,
    pods,
    secrets,
    structure,
    workloads,
)

RULES: tuple[Rule, ...] = (
    *pods.RULES,
    *workloads.RULES,
    *namespaces.RULES,
    *network.RULES,
    *secrets.RULES,
    *data.RULES,
    *structure.RULES,
    *edge.RULES,
    *gateway.RULES,
    *gke.RULES,
    *google.RULES,
    *google_network.RULES,
)
"""Every rule, in the order of the table."""
