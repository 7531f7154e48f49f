"""GKE node pools, and parts of a cluster whose rules aren't a plain setting."""

import re
from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.rule import Violation, unmet, want
from policies.values import UNKNOWN, absent, at, below, differs, items, shown, text

CLUSTER = "gcp:container/cluster:Cluster"
POOL = "gcp:container/nodePool:NodePool"
ACCOUNT = "gcp:serviceaccount/account:Account"
NODE_ROLES = frozenset({"roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"})
"""Write logs and metrics, pull images: all that a node does itself."""
_MEMBERS = (
    "gcp:projects/iAMMember:IAMMember",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
)
_ZONES = 3
_WINDOWS = ("recurringWindow", "recurringMaintenanceWindow", "dailyMaintenanceWindow")


def is_autopilot(cluster: Resource) -> bool:
    """Whether Google runs the cluster's nodes."""
    return at(cluster.inputs, "enableAutopilot") is True


def is_regional(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """Control plane and nodes in three zones."""
    location = text(cluster.inputs.get("location"))
    if location is not None and re.search(r"\d-[a-z]$", location):
        yield Violation("location", f"is {location}, one zone")
    zones = cluster.inputs.get("nodeLocations")
    if zones is not UNKNOWN and len(items(zones)) < _ZONES:
        yield Violation("nodeLocations", f"has {len(items(zones))} zones, must have {_ZONES}")


def has_a_closed_control_plane(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """By its DNS name, behind IAM, or from named networks."""
    if not differs(at(cluster.inputs, "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled"), False):
        return
    networks = cluster.inputs.get("masterAuthorizedNetworksConfig")
    if networks is None:
        yield Violation("controlPlaneEndpointsConfig", "leaves an address that every network reaches")
    yield from unmet(
        cluster.inputs, want("masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled", False, None)
    )
    for block in items(at(networks, "cidrBlocks")):
        if at(block, "cidrBlock") in ("0.0.0.0/0", "::/0"):
            yield Violation("masterAuthorizedNetworksConfig.cidrBlocks", "lets every address in")


def has_private_nodes(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """Nodes without addresses of their own, and a NAT for what they fetch."""
    yield from unmet(cluster.inputs, want("privateClusterConfig.enablePrivateNodes", True))
    if not graph.of("gcp:compute/routerNat:RouterNat"):
        yield Violation("", "has private nodes and no Cloud NAT: they pull no image")


def scales_evenly(graph: Graph, pool: Resource) -> Iterator[Violation]:
    """Between two numbers; spot and GPU nodes wherever there are any."""
    scaling = pool.inputs.get("autoscaling")
    if absent(scaling):
        yield Violation("autoscaling", "isn't set")
        return
    if absent(at(scaling, "totalMaxNodeCount")) and absent(at(scaling, "maxNodeCount")):
        yield Violation("autoscaling.totalMaxNodeCount", "isn't set: nothing bounds the bill")
    spot = True in (at(pool.inputs, "nodeConfig.spot"), at(pool.inputs, "nodeConfig.preemptible"))
    scarce = spot or not absent(at(pool.inputs, "nodeConfig.guestAccelerators"))
    allowed = ("BALANCED", "ANY") if scarce else ("BALANCED",)
    yield from unmet(pool.inputs, want("autoscaling.locationPolicy", *allowed))


def upgrades_one_by_one(graph: Graph, pool: Resource) -> Iterator[Violation]:
    """A new node first, then the old one goes; or a whole new set."""
    yield from unmet(pool.inputs, want("management.autoRepair", True), want("management.autoUpgrade", True))
    if at(pool.inputs, "upgradeSettings.strategy") in ("BLUE_GREEN", UNKNOWN):
        return
    yield from unmet(pool.inputs, want("upgradeSettings.maxUnavailable", 0))
    if below(at(pool.inputs, "upgradeSettings.maxSurge"), 1):
        yield Violation("upgradeSettings.maxSurge", "is 0 or not set: nodes go before others come")


def upgrades_at_its_hour(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """A release channel, and a window in which it may work."""
    yield from unmet(cluster.inputs, want("releaseChannel.channel", "REGULAR", "STABLE", "EXTENDED"))
    policy = cluster.inputs.get("maintenancePolicy")
    if all(absent(at(policy, one)) for one in _WINDOWS):
        yield Violation("maintenancePolicy", "has no window: upgrades come at any hour")


def pool_identity(resource: Resource) -> tuple[str, object]:
    """Where the nodes' service account is named, and which it is."""
    path = "nodeConfig.serviceAccount"
    if resource.type == CLUSTER:
        path = "clusterAutoscaling.autoProvisioningDefaults.serviceAccount"
    return path, at(resource.inputs, path)


def has_own_identity(graph: Graph, resource: Resource) -> Iterator[Violation]:
    """A service account of the stack's own, with the two roles and no other."""
    if resource.type == CLUSTER and not is_autopilot(resource):
        return  # its pools say it
    path, account = pool_identity(resource)
    if (
        absent(account)
        or account == "default"
        or str(account).endswith("-compute@developer.gserviceaccount.com")
    ):
        yield Violation(path, f"is {shown(account)}: the default account may edit the whole project")
        return
    owner = _account(graph, resource, account)
    if owner is None:
        return  # somebody else's account: its roles aren't in the graph
    given = [
        member.inputs.get("role")
        for member in graph.of(*_MEMBERS)
        if owner.urn in member.dependencies or member.inputs.get("member") == f"serviceAccount:{account}"
    ]
    if UNKNOWN in given:
        return
    roles = set(map(str, given))
    for role in sorted(NODE_ROLES - roles):
        yield Violation(path, f"has an account without {role}: nodes can't do their work")
    for role in sorted(roles - NODE_ROLES):
        yield Violation(path, f"has an account with {role}, which every pod of the node could use")


def _account(graph: Graph, resource: Resource, email: object) -> Resource | None:
    """The service account among the stack's own that the nodes run as."""
    accounts = graph.of(ACCOUNT)
    named = [one for one in accounts if str(email).startswith(f"{one.inputs.get('accountId')}@")]
    return next(iter(named or [one for one in accounts if one.urn in resource.dependencies]), None)


def isnt_deleted(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """No pool that Google made, and no deletion by a slip in production."""
    if not is_autopilot(cluster):
        yield from unmet(cluster.inputs, want("removeDefaultNodePool", True))
    if graph.production:
        yield from unmet(cluster.inputs, want("deletionProtection", True))


def has_addresses(graph: Graph, cluster: Resource) -> Iterator[Violation]:
    """Pods and Services have ranges of the VPC."""
    if absent(cluster.inputs.get("ipAllocationPolicy")) and not is_autopilot(cluster):
        yield Violation("ipAllocationPolicy", "isn't set: the cluster wouldn't be VPC-native")
