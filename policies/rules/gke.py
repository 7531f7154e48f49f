"""GKE clusters and node pools: each hardening choice is a rule.

Source: Google Cloud, "Harden your cluster's security"; CIS GKE Benchmark. On Autopilot, Google fixes what is
marked as `standard` here, and runs the nodes.
"""

from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.rule import (
    Check,
    Exempt,
    Rule,
    Scope,
    Severity,
    Subject,
    Violation,
    Want,
    in_production,
    of_type,
    unmet,
    want,
)
from policies.rules import gke_pools as parts
from policies.rules.gke_pools import CLUSTER, POOL, is_autopilot
from policies.values import absent, at, lacks

_LOGS = ("SYSTEM_COMPONENTS", "WORKLOADS")
_METRICS = ("SYSTEM_COMPONENTS",)


def _settings(
    *,
    always: tuple[Want, ...] = (),
    standard: tuple[Want, ...] = (),
    pool: tuple[Want, ...] = (),
    also: Check | None = None,
) -> Check:
    """Checks settings of a cluster (`standard` not on Autopilot), of a pool, and something else."""

    def check(graph: Graph, resource: Resource) -> Iterator[Violation]:
        if resource.type == POOL:
            yield from unmet(resource.inputs, *pool)
        else:
            yield from unmet(resource.inputs, *always, *(() if is_autopilot(resource) else standard))
        if also is not None:
            yield from also(graph, resource)

    return check


def _fixed(what: str) -> Exempt:
    """Exempts clusters where Google fixes all of it."""
    return lambda graph, resource: (
        f"Autopilot: {what}" if resource.type == CLUSTER and is_autopilot(resource) else None
    )


def _is_observed(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for path, wanted in (("loggingConfig", _LOGS), ("monitoringConfig", _METRICS)):
        missing = lacks(at(resource.inputs, f"{path}.enableComponents") or [], wanted)
        if missing:
            yield Violation(f"{path}.enableComponents", f"lacks {', '.join(map(str, missing))}")


def _encrypts(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if absent(at(resource.inputs, "databaseEncryption.keyName")):
        yield Violation("databaseEncryption.keyName", "isn't set")


def _has_a_workload_pool(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if resource.type == CLUSTER and absent(at(resource.inputs, "workloadIdentityConfig.workloadPool")):
        yield Violation("workloadIdentityConfig.workloadPool", "isn't set")


def _upgrades(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from (parts.upgrades_one_by_one if resource.type == POOL else parts.upgrades_at_its_hour)(
        graph, resource
    )


def _scales(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if resource.type == POOL:
        yield from parts.scales_evenly(graph, resource)


_CLUSTERS, _BOTH = of_type(CLUSTER), of_type(CLUSTER, POOL)

RULES = (
    Rule(
        id="GKE-01", subject=Subject.GKE, title="production is regional, in 3 zones", applies=in_production(_CLUSTERS),
        check=parts.is_regional, exempt=_fixed("always regional, nodes in every zone that pods ask for"),
        reason="A zone that fails takes a zonal control plane with it, and the nodes of that zone.",
        remedy="location: a region; nodeLocations: three of its zones",
    ),
    Rule(
        id="GKE-02", subject=Subject.GKE, title="the control plane isn't open to the world", applies=_CLUSTERS,
        check=parts.has_a_closed_control_plane,
        reason="A leaked credential, or a hole in the API server, is then used from anywhere.",
        remedy="use the DNS endpoint alone (ipEndpointsConfig.enabled: false), or name networks in "
        "masterAuthorizedNetworksConfig",
    ),
    Rule(
        id="GKE-03", subject=Subject.GKE, title="nodes are private, behind Cloud NAT", applies=_CLUSTERS,
        check=parts.has_private_nodes, scope=Scope.STACK,
        reason="A node with a public address is scanned within minutes.",
        remedy="privateClusterConfig.enablePrivateNodes: true, and a RouterNat in the network",
    ),
    Rule(
        id="GKE-04", subject=Subject.GKE, title="Dataplane V2, with policies by host name", applies=_CLUSTERS,
        check=_settings(
            standard=(want("datapathProvider", "ADVANCED_DATAPATH"), want("enableFqdnNetworkPolicy", True))
        ),
        exempt=_fixed("always Dataplane V2"),
        reason="Without it network policies aren't enforced at all unless Calico is added.",
        remedy="datapathProvider: ADVANCED_DATAPATH, enableFqdnNetworkPolicy: true",
    ),
    Rule(
        id="GKE-05", subject=Subject.GKE, title="VPC-native, with Cloud DNS", applies=_CLUSTERS,
        check=_settings(
            standard=(
                want("networkingMode", "VPC_NATIVE", None), want("dnsConfig.clusterDns", "CLOUD_DNS"),
                want("dnsConfig.clusterDnsScope", "CLUSTER_SCOPE"),
            ),
            also=parts.has_addresses,
        ),
        exempt=_fixed("VPC-native with Cloud DNS"),
        reason="The load balancer reaches pods directly, and names are answered without a pod that can fail.",
        remedy="set ipAllocationPolicy and dnsConfig",
    ),
    Rule(
        id="GKE-06", subject=Subject.GKE, title="Workload Identity", applies=_BOTH,
        check=_settings(
            pool=(want("nodeConfig.workloadMetadataConfig.mode", "GKE_METADATA"),), also=_has_a_workload_pool
        ),
        exempt=_fixed("always on"),
        reason="Else every pod has the node's credentials by asking the metadata server.",
        remedy="workloadIdentityConfig.workloadPool: PROJECT.svc.id.goog; in pools workloadMetadataConfig GKE_METADATA",
    ),
    Rule(
        id="GKE-07", subject=Subject.GKE, title="nodes are shielded, with secure boot", applies=_BOTH,
        check=_settings(
            standard=(want("enableShieldedNodes", True),),
            pool=(
                want("nodeConfig.shieldedInstanceConfig.enableSecureBoot", True),
                want("nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring", True),
            ),
        ),
        exempt=_fixed("always shielded, with secure boot"),
        reason="A node that was changed below its operating system is noticed, and can't pose as another.",
        remedy="enableShieldedNodes: true; pools: shieldedInstanceConfig with secure boot and integrity monitoring",
    ),
    Rule(
        id="GKE-08", subject=Subject.GKE, title="no legacy or anonymous access", applies=_BOTH,
        check=_settings(
            always=(
                want("enableLegacyAbac", False, None),
                want("masterAuth.clientCertificateConfig.issueClientCertificate", False),
                want("rbacBindingConfig.enableInsecureBindingSystemAuthenticated", False),
                want("rbacBindingConfig.enableInsecureBindingSystemUnauthenticated", False),
                want("anonymousAuthenticationConfig.mode", "LIMITED"),
            ),
            pool=(want("nodeConfig.kubeletConfig.insecureKubeletReadonlyPortEnabled", "FALSE"),),
        ),
        reason="Each is a way in past Google's identities: certificates that can't be revoked, roles for everybody, "
        "a kubelet that answers without a login.",
        remedy="turn each off: see the argument that is named",
    ),
    Rule(
        id="GKE-09", subject=Subject.GKE, title="Secrets are encrypted under a key of ours", applies=_CLUSTERS,
        check=_settings(always=(want("databaseEncryption.state", "ENCRYPTED"),), also=_encrypts),
        reason="A copy of etcd alone then opens no Secret, and disabling the key closes them all.",
        remedy="databaseEncryption: state ENCRYPTED and keyName",
    ),
    Rule(
        id="GKE-10", subject=Subject.GKE, title="Binary Authorization and security posture", applies=_CLUSTERS,
        check=_settings(
            always=(
                want("binaryAuthorization.evaluationMode", "PROJECT_SINGLETON_POLICY_ENFORCE"),
                want("securityPostureConfig.mode", "BASIC", "ENTERPRISE"),
            )
        ),
        reason="One place says which images may run, and what is misconfigured shows in the console.",
        remedy="binaryAuthorization.evaluationMode: PROJECT_SINGLETON_POLICY_ENFORCE, securityPostureConfig: BASIC",
    ),
    Rule(
        id="GKE-11", subject=Subject.GKE, title="upgrades come by themselves, in a window, one node at a time",
        applies=_BOTH, check=_upgrades,
        reason="What isn't upgraded has known holes; what is upgraded at noon, or all at once, is an outage.",
        remedy="releaseChannel REGULAR, maintenancePolicy with a window; pools: management.autoRepair and autoUpgrade, "
        "upgradeSettings maxSurge 1 and maxUnavailable 0",
    ),
    Rule(
        id="GKE-12", subject=Subject.GKE, title="nodes and pods scale by themselves, within bounds", applies=_BOTH,
        check=_settings(
            standard=(
                want("verticalPodAutoscaling.enabled", True),
                want("clusterAutoscaling.autoscalingProfile", "BALANCED", "OPTIMIZE_UTILIZATION"),
                want("podAutoscaling.hpaProfile", "PERFORMANCE"),
            ),
            also=_scales,
        ),
        exempt=_fixed("Google scales the nodes"),
        reason="A fixed number of nodes is too many at night and too few in the morning; an unbounded one is a bill.",
        remedy="pools: autoscaling with totalMinNodeCount, totalMaxNodeCount and locationPolicy BALANCED (ANY for spot "
        "and GPU nodes)",
    ),
    Rule(
        id="GKE-13", subject=Subject.GKE, title="logs, metrics and managed Prometheus", applies=_CLUSTERS,
        check=_settings(always=(want("monitoringConfig.managedPrometheus.enabled", True),), also=_is_observed),
        exempt=_fixed("always on"),
        reason="What isn't recorded can't be explained afterwards, and the alerts read managed Prometheus.",
        remedy=f"loggingConfig.enableComponents: {', '.join(_LOGS)}; monitoringConfig with managedPrometheus",
    ),
    Rule(
        id="GKE-14", subject=Subject.GKE, title="Gateway API, cost allocation, flows between pods", applies=_CLUSTERS,
        check=_settings(
            always=(want("gatewayApiConfig.channel", "CHANNEL_STANDARD"), want("costManagementConfig.enabled", True)),
            standard=(want("enableIntranodeVisibility", True),),
        ),
        reason="The front door needs the Gateway API; flow logs miss what stays on a node; bills name no namespace.",
        remedy="gatewayApiConfig.channel: CHANNEL_STANDARD, costManagementConfig, enableIntranodeVisibility",
    ),
    Rule(
        id="GKE-15", subject=Subject.GKE, title="add-ons for backup, files, buckets, disks and secrets",
        applies=_CLUSTERS,
        check=_settings(
            always=(
                want("addonsConfig.gkeBackupAgentConfig.enabled", True),
                want("secretManagerConfig.enabled", True),
            ),
            standard=(
                want("addonsConfig.gcpFilestoreCsiDriverConfig.enabled", True),
                want("addonsConfig.gcsFuseCsiDriverConfig.enabled", True),
                want("addonsConfig.gcePersistentDiskCsiDriverConfig.enabled", True),
            ),
        ),
        reason="Volumes, shared files, Backup for GKE and Secret Manager wait for ever without theirs.",
        remedy="enable each in addonsConfig, and secretManagerConfig",
    ),
    Rule(
        id="GKE-16", subject=Subject.GKE, title="no default pool; no deletion by a slip", applies=_CLUSTERS,
        check=parts.isnt_deleted,
        reason="The default pool runs as an account that may edit the project. Deletion protection guards production "
        "against other tools too.",
        remedy="removeDefaultNodePool: true; in production deletionProtection: true",
    ),
    Rule(
        id="GKE-17", subject=Subject.GKE, title="nodes have an identity of their own, with two roles", applies=_BOTH,
        check=parts.has_own_identity, scope=Scope.STACK,
        reason="What a node may do, whoever takes it over may do.",
        remedy="a service account with " + " and ".join(sorted(parts.NODE_ROLES)) + ", nothing more",
    ),
    Rule(
        id="GKE-18", subject=Subject.GKE, title="production has room in its calendar", severity=Severity.ADVISORY,
        applies=in_production(_CLUSTERS), check=lambda graph, resource: (
            [Violation("maintenancePolicy.maintenanceExclusions", "is empty")]
            if absent(at(resource.inputs, "maintenancePolicy.maintenanceExclusions"))
            else []
        ),
        reason="No upgrade should come on the days when nobody may touch anything.",
        remedy="add maintenanceExclusions for those days",
    ),
)  # fmt: skip
