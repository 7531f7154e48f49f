"""The GKE cluster: regional, private nodes, hardened. Each choice: docs/hardening.md."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pulumi
import pulumi_gcp as gcp

from components.config.google import ControlPlane, ExclusionScope, GkeCluster, Maintenance
from components.config.regions import ZONES

from . import node_pools
from .kubeconfig import kubeconfig
from .network import PODS, SERVICES

_SCOPES = {
    ExclusionScope.NO_UPGRADES: "NO_UPGRADES",
    ExclusionScope.NO_MINOR_UPGRADES: "NO_MINOR_UPGRADES",
    ExclusionScope.NO_MINOR_OR_NODE_UPGRADES: "NO_MINOR_OR_NODE_UPGRADES",
}
_FIRST_SATURDAY = datetime(2026, 1, 3)  # a window needs a first day; the weekdays follow from the rule
_LOGGED = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"]
_MEASURED = [
    "SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER", "STORAGE", "POD", "DEPLOYMENT",
    "STATEFULSET", "DAEMONSET", "HPA", "CADVISOR", "KUBELET",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GkeArgs:
    """What `Gke` needs."""

    settings: GkeCluster
    cluster_name: str
    project: pulumi.Input[str]
    region: str
    network: pulumi.Input[str]
    subnet: pulumi.Input[str]
    secrets_key: pulumi.Input[str]
    """KMS key that encrypts Secrets in the cluster's database."""
    sync_secrets: bool
    """Whether Kubernetes Secrets are kept in step with Secret Manager."""
    protect: bool


def maintenance_policy(settings: Maintenance) -> gcp.container.ClusterMaintenancePolicyArgs:
    """When Google may upgrade, and when not."""
    hour, minute = (int(part) for part in settings.start.split(":"))
    start = _FIRST_SATURDAY.replace(hour=hour, minute=minute)
    end = start + timedelta(hours=settings.hours)
    days = ",".join(day.value[:2].upper() for day in settings.days)
    return gcp.container.ClusterMaintenancePolicyArgs(
        recurring_window=gcp.container.ClusterMaintenancePolicyRecurringWindowArgs(
            start_time=f"{start.isoformat()}Z",
            end_time=f"{end.isoformat()}Z",
            recurrence=f"FREQ=WEEKLY;BYDAY={days}",
        ),
        maintenance_exclusions=[
            gcp.container.ClusterMaintenancePolicyMaintenanceExclusionArgs(
                exclusion_name=exclusion.name,
                start_time=f"{exclusion.start}T00:00:00Z",
                end_time=f"{exclusion.end}T00:00:00Z",
                exclusion_options=gcp.container.ClusterMaintenancePolicyMaintenanceExclusionExclusionOptionsArgs(
                    scope=_SCOPES[exclusion.scope]
                ),
            )
            for exclusion in settings.exclusions
        ]
        or None,
    )


def zones_of(settings: GkeCluster, region: str) -> list[str]:
    """The zones of its nodes."""
    return list(settings.zones or ZONES[region][:3])


def cluster_args(args: GkeArgs, node_account: pulumi.Input[str]) -> gcp.container.ClusterArgs:
    """The whole cluster but its node pools; Autopilot decides some of it by itself and refuses to be told."""
    settings, c = args.settings, gcp.container
    standard = not settings.autopilot
    return c.ClusterArgs(
        name=args.cluster_name,
        project=args.project,
        location=args.region,
        node_locations=zones_of(settings, args.region),
        deletion_protection=args.protect,
        enable_autopilot=settings.autopilot or None,
        # A pool that is made with the cluster can't be changed without it.
        remove_default_node_pool=True if standard else None,
        initial_node_count=1 if standard else None,
        node_config=node_pools.throwaway(node_account) if standard else None,
        node_pool_defaults=c.ClusterNodePoolDefaultsArgs(
            node_config_defaults=c.ClusterNodePoolDefaultsNodeConfigDefaultsArgs(
                insecure_kubelet_readonly_port_enabled="FALSE"
            )
        )
        if standard
        else None,
        node_pool_auto_config=None if standard else node_pools.autopilot_nodes(),
        cluster_autoscaling=c.ClusterClusterAutoscalingArgs(autoscaling_profile="BALANCED")
        if standard
        else node_pools.autopilot_account(node_account),
        # Who reaches it.
        network=args.network,
        subnetwork=args.subnet,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy=c.ClusterIpAllocationPolicyArgs(
            cluster_secondary_range_name=PODS, services_secondary_range_name=SERVICES
        ),
        private_cluster_config=c.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True,
        ),
        control_plane_endpoints_config=_endpoints(settings.control_plane),
        master_authorized_networks_config=_authorized(settings.control_plane),
        datapath_provider="ADVANCED_DATAPATH" if standard else None,
        enable_fqdn_network_policy=True if standard else None,
        enable_intranode_visibility=True if standard else None,
        dns_config=c.ClusterDnsConfigArgs(cluster_dns="CLOUD_DNS", cluster_dns_scope="CLUSTER_SCOPE")
        if standard
        else None,
        # Who may do what.
        workload_identity_config=c.ClusterWorkloadIdentityConfigArgs(
            workload_pool=pulumi.Output.concat(args.project, ".svc.id.goog")
        )
        if standard
        else None,
        enable_shielded_nodes=True if standard else None,
        enable_legacy_abac=False,
        master_auth=c.ClusterMasterAuthArgs(
            client_certificate_config=c.ClusterMasterAuthClientCertificateConfigArgs(
                issue_client_certificate=False
            )
        ),
        rbac_binding_config=c.ClusterRbacBindingConfigArgs(
            enable_insecure_binding_system_authenticated=False,
            enable_insecure_binding_system_unauthenticated=False,
        ),
        anonymous_authentication_config=c.ClusterAnonymousAuthenticationConfigArgs(mode="LIMITED"),
        database_encryption=c.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=args.secrets_key),
        binary_authorization=c.ClusterBinaryAuthorizationArgs(
            evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE"
            if settings.binary_authorization
            else "DISABLED"
        ),
        security_posture_config=c.ClusterSecurityPostureConfigArgs(mode="BASIC"),
        secret_manager_config=c.ClusterSecretManagerConfigArgs(enabled=True),
        # From GKE 1.34 on, which the slower channels may not have yet.
        secret_sync_config=c.ClusterSecretSyncConfigArgs(enabled=True) if args.sync_secrets else None,
        # When it changes.
        release_channel=c.ClusterReleaseChannelArgs(channel=settings.release_channel.value.upper()),
        maintenance_policy=maintenance_policy(settings.maintenance),
        pod_autoscaling=c.ClusterPodAutoscalingArgs(hpa_profile="PERFORMANCE") if standard else None,
        vertical_pod_autoscaling=c.ClusterVerticalPodAutoscalingArgs(enabled=True),
        # What is seen of it, and what it costs.
        logging_config=c.ClusterLoggingConfigArgs(enable_components=_LOGGED),
        monitoring_config=c.ClusterMonitoringConfigArgs(
            enable_components=_MEASURED,
            managed_prometheus=c.ClusterMonitoringConfigManagedPrometheusArgs(enabled=True),
            advanced_datapath_observability_config=_flows() if standard else None,
        ),
        cost_management_config=c.ClusterCostManagementConfigArgs(enabled=True),
        gateway_api_config=c.ClusterGatewayApiConfigArgs(channel="CHANNEL_STANDARD"),
        addons_config=_addons(standard),
    )


def _endpoints(settings: ControlPlane) -> gcp.container.ClusterControlPlaneEndpointsConfigArgs:
    """By its DNS name, where IAM checks each call; by address only from networks that are named."""
    return gcp.container.ClusterControlPlaneEndpointsConfigArgs(
        dns_endpoint_config=gcp.container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
            allow_external_traffic=settings.external
        ),
        ip_endpoints_config=gcp.container.ClusterControlPlaneEndpointsConfigIpEndpointsConfigArgs(
            enabled=bool(settings.authorized_networks)
        ),
    )


def _authorized(
    settings: ControlPlane,
) -> gcp.container.ClusterMasterAuthorizedNetworksConfigArgs | None:
    if not settings.authorized_networks:
        return None
    return gcp.container.ClusterMasterAuthorizedNetworksConfigArgs(
        cidr_blocks=[
            gcp.container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(
                cidr_block=one.cidr, display_name=one.name
            )
            for one in settings.authorized_networks
        ],
        gcp_public_cidrs_access_enabled=False,
    )


def _flows() -> gcp.container.ClusterMonitoringConfigAdvancedDatapathObservabilityConfigArgs:
    """Which pods talk to which, and what a policy dropped."""
    return gcp.container.ClusterMonitoringConfigAdvancedDatapathObservabilityConfigArgs(
        enable_metrics=True, enable_relay=False
    )


def _addons(standard: bool) -> gcp.container.ClusterAddonsConfigArgs:
    c = gcp.container
    return c.ClusterAddonsConfigArgs(
        gke_backup_agent_config=c.ClusterAddonsConfigGkeBackupAgentConfigArgs(enabled=True),
        gcp_filestore_csi_driver_config=c.ClusterAddonsConfigGcpFilestoreCsiDriverConfigArgs(enabled=True),
        gcs_fuse_csi_driver_config=c.ClusterAddonsConfigGcsFuseCsiDriverConfigArgs(enabled=True),
        # Autopilot has these anyway, and refuses to be told.
        gce_persistent_disk_csi_driver_config=c.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(
            enabled=True
        )
        if standard
        else None,
        dns_cache_config=c.ClusterAddonsConfigDnsCacheConfigArgs(enabled=True) if standard else None,
        http_load_balancing=c.ClusterAddonsConfigHttpLoadBalancingArgs(disabled=False),
        horizontal_pod_autoscaling=c.ClusterAddonsConfigHorizontalPodAutoscalingArgs(disabled=False)
        if standard
        else None,
    )


class Gke(pulumi.ComponentResource):
    """A GKE cluster and its nodes. Source: cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster."""

    id: pulumi.Output[str]
    """projects/P/locations/L/clusters/NAME."""
    name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """How to reach it, known once its nodes are there; it holds no secret."""

    def __init__(self, name: str, args: GkeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Gke", name, None, opts)
        account = node_pools.NodeAccount(f"{name}-nodes", args.project, pulumi.ResourceOptions(parent=self))
        cluster = gcp.container.Cluster(
            name,
            cluster_args(args, account.email),
            pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # The autoscaler's and the upgrades' business.
                ignore_changes=["initialNodeCount", "nodeConfig"],
            ),
        )
        pools = [] if args.settings.autopilot else self._pools(name, args, cluster, account)
        self.id, self.name = cluster.id, cluster.name
        control_plane = args.settings.control_plane
        by_address = not control_plane.external and bool(control_plane.authorized_networks)
        self.kubeconfig = pulumi.Output.all(
            name=cluster.name,
            dns=cluster.control_plane_endpoints_config.apply(
                lambda config: config.dns_endpoint_config and config.dns_endpoint_config.endpoint
            ),
            address=cluster.endpoint,
            # Beside it stand the cluster's old credentials, so the provider hides all of it.
            certificate=pulumi.Output.unsecret(cluster.master_auth.cluster_ca_certificate),
            nodes=pulumi.Output.all(*[pool.urn for pool in pools]),
        ).apply(
            lambda known: kubeconfig(
                known["name"],
                known["address"] if by_address else known["dns"] or known["address"],
                known["certificate"] if by_address or not known["dns"] else None,
            )
        )
        self.register_outputs({})

    def _pools(
        self, name: str, args: GkeArgs, cluster: gcp.container.Cluster, account: node_pools.NodeAccount
    ) -> list[gcp.container.NodePool]:
        """The main nodes, then the others: GKE taints nodes with GPUs only where there are nodes without."""
        made: list[gcp.container.NodePool] = []
        wanted = node_pools.pools(
            args.settings,
            cluster.id,
            args.project,
            args.region,
            zones_of(args.settings, args.region),
            account.email,
        )
        for pool, pool_args in wanted.items():
            opts = pulumi.ResourceOptions(
                parent=self, ignore_changes=["initialNodeCount"], depends_on=made[:1]
            )
            made.append(gcp.container.NodePool(f"{name}-{pool}", pool_args, opts))
        return made
