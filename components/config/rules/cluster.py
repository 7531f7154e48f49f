"""A GKE cluster of the stack's own: addresses, zones, nodes and maintenance that are possible, and safe."""

import ipaddress
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

from components.config.google import (
    ExclusionScope,
    ExistingGke,
    GkeCluster,
    NodePool,
    NodePools,
)
from components.config.problems import Problem, remove_command, set_command
from components.config.regions import ZONES

from .rule import Stack, problem

_WINDOW_HOURS, _WINDOW_WEEKS = 48, 4
_LONGEST_FREEZE, _MOST_FREEZES = 30, 3
_SMALLEST = {"nodes": 26, "pods": 21, "services": 24, "googleServices": 22}


def cluster_zones(stack: Stack) -> Iterator[Problem]:
    """Zones are the region's; in production one or two may not be enough to lose one."""
    cluster, google = stack.settings.cluster, stack.settings.google
    if not isinstance(cluster, GkeCluster):
        return
    if stack.settings.production and cluster.zones and len(set(cluster.zones)) < 3:
        yield problem(
            "cluster.zones",
            ", ".join(cluster.zones),
            "must be three zones or more in production: with fewer, the loss of one takes down the whole or its "
            "majority; without the key they are the region's first three",
            remove_command("cluster.zones"),
            "production",
        )
        return
    if google is None:
        return
    known = ZONES[google.region]
    for number, zone in enumerate(cluster.zones):
        if zone not in known:
            yield problem(
                f"cluster.zones[{number}]",
                zone,
                f"must be a zone of {google.region}: {', '.join(known)}",
                set_command(f"cluster.zones[{number}]", known[number % len(known)]),
                "google.region",
            )
        elif zone in cluster.zones[:number]:
            yield problem(
                f"cluster.zones[{number}]",
                zone,
                "stands there twice",
                remove_command(f"cluster.zones[{number}]"),
            )


def networks(stack: Stack) -> Iterator[Problem]:
    """Ranges of one network may not overlap, and must be large enough."""
    cluster = stack.settings.cluster
    if isinstance(cluster, ExistingGke) and cluster.google_services is not None:
        yield from _too_small("cluster.googleServices", cluster.google_services, _SMALLEST["googleServices"])
    if not isinstance(cluster, GkeCluster):
        return
    ranges = {
        "nodes": cluster.network.nodes,
        "pods": cluster.network.pods,
        "services": cluster.network.services,
        "googleServices": cluster.network.google_services,
    }
    said = cluster.network.model_dump(by_alias=True, exclude_unset=True)
    overlapping: dict[str, list[str]] = {}
    for pair in combinations(ranges, 2):
        # The one that stands in the file is told: the defaults overlap nothing among themselves.
        one, other = pair if pair[1] in said else pair[::-1]
        if ipaddress.IPv4Network(ranges[one]).overlaps(ipaddress.IPv4Network(ranges[other])):
            overlapping.setdefault(other, []).append(one)
    for key, others in overlapping.items():
        with_ranges = (
            f"cluster.network.{one} ({ranges[one]}{'' if one in said else ', its default'})" for one in others
        )
        yield problem(
            f"cluster.network.{key}",
            ranges[key],
            f"overlaps {', '.join(with_ranges)}: every address has one meaning in a network",
            remove_command(f"cluster.network.{key}"),
            *(f"cluster.network.{one}" for one in others),
        )
    for key, given in ranges.items():
        if key not in overlapping:
            yield from _too_small(f"cluster.network.{key}", given, _SMALLEST[key])


def _too_small(key: str, given: str, smallest: int) -> Iterator[Problem]:
    network = ipaddress.IPv4Network(given)
    if network.prefixlen > smallest:
        yield problem(
            key,
            given,
            f"is too small: it must be a /{smallest} or larger, and can't grow later",
            set_command(key, f"{network.network_address}/{smallest}")
            if int(network.network_address) % 2 ** (32 - smallest) == 0
            else remove_command(key),
        )


def control_plane(stack: Stack) -> Iterator[Problem]:
    """A control plane that all the internet can knock at is one bug away from everybody."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster) or not stack.settings.production:
        return
    for number, one in enumerate(cluster.control_plane.authorized_networks):
        if ipaddress.IPv4Network(one.cidr).prefixlen < 8:
            yield problem(
                f"cluster.controlPlane.authorizedNetworks[{number}].cidr",
                one.cidr,
                "makes the control plane's address public, which production may not: the DNS endpoint needs no "
                "address, since IAM checks each call",
                remove_command(f"cluster.controlPlane.authorizedNetworks[{number}]"),
                "production",
            )


def maintenance(stack: Stack) -> Iterator[Problem]:
    """GKE refuses windows that leave it too little time, and freezes that never end."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster):
        return
    given, path = cluster.maintenance, "cluster.maintenance"
    days = len(given.days)
    if days * given.hours * _WINDOW_WEEKS < _WINDOW_HOURS:
        least = -(-_WINDOW_HOURS // (_WINDOW_WEEKS * days))
        yield problem(
            f"{path}.hours",
            given.hours,
            f"must be at least {least} with {days} day(s) a week: GKE wants 48 hours in 32 days",
            set_command(f"{path}.hours", least),
            f"{path}.days",
        )
    for number, one in enumerate(given.exclusions):
        key = f"{path}.exclusions[{number}].end"
        first, end = date.fromisoformat(one.start), date.fromisoformat(one.end)
        length = (end - first).days
        if number >= _MOST_FREEZES:
            yield problem(
                f"{path}.exclusions[{number}]",
                one.name,
                f"is one too many: GKE keeps {_MOST_FREEZES}",
                remove_command(f"{path}.exclusions[{number}]"),
            )
        elif length <= 0:
            yield problem(
                key,
                one.end,
                f"must be after start ({one.start})",
                set_command(key, first + timedelta(days=1)),
                f"{path}.exclusions[{number}].start",
            )
        elif one.scope is ExclusionScope.NO_UPGRADES and length > _LONGEST_FREEZE:
            yield problem(
                key,
                one.end,
                f"must be at most {_LONGEST_FREEZE} days after start with scope no-upgrades; longer ones hold back "
                "minor versions alone",
                set_command(f"{path}.exclusions[{number}].scope", ExclusionScope.NO_MINOR_UPGRADES),
                f"{path}.exclusions[{number}].start",
                f"{path}.exclusions[{number}].scope",
            )


def node_pools(stack: Stack) -> Iterator[Problem]:
    """Nodes whose number is possible, and that stay where data is."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster):
        return
    pools = cluster.node_pools
    if cluster.autopilot:
        if pools != NodePools():
            yield problem(
                "cluster.nodePools",
                None,
                "isn't used with Autopilot, which makes nodes for the pods that there are",
                remove_command("cluster.nodePools"),
                "cluster.autopilot",
            )
        return
    named: dict[str, NodePool | None] = {"main": pools.main, "spot": pools.spot, "gpu": pools.gpu}
    for name, pool in named.items():
        if pool is not None and pool.min_nodes > pool.max_nodes:
            yield problem(
                f"cluster.nodePools.{name}.minNodes",
                pool.min_nodes,
                f"must be at most maxNodes ({pool.max_nodes})",
                set_command(f"cluster.nodePools.{name}.minNodes", pool.max_nodes),
                f"cluster.nodePools.{name}.maxNodes",
            )
    zones = 3 if not cluster.zones else len(set(cluster.zones))
    if stack.settings.production and pools.main.max_nodes < zones:
        yield problem(
            "cluster.nodePools.main.maxNodes",
            pools.main.max_nodes,
            f"must be at least {zones} in production, one node for each zone",
            set_command("cluster.nodePools.main.maxNodes", zones),
            "production",
            "cluster.zones",
        )
    if stack.settings.production and pools.main.spot:
        yield problem(
            "cluster.nodePools.main.spot",
            True,
            "puts data on nodes that Google takes back at 30 seconds' notice, all at once if it needs them; "
            "production keeps it on nodes that stay. Spot nodes can stand beside: cluster.nodePools.spot",
            set_command("cluster.nodePools.main.spot", False),
            "production",
        )
