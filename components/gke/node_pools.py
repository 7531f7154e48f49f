"""Nodes: their own identity that may do next to nothing, secure boot, and upgrades that wait for budgets."""

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp

from components.config.fields import amount
from components.config.google import GkeCluster, GpuPool, NodePool

_ROLES = ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader")
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]  # the account's roles are the limit, not scopes
_SMALLEST = "e2-medium"


class NodeAccount(pulumi.ComponentResource):
    """What nodes are to Google: they write logs and metrics and pull images, nothing else.

    Source: cloud.google.com/kubernetes-engine/docs/how-to/service-accounts. Pods have identities of their own.
    """

    email: pulumi.Output[str]
    """Known once it has its roles: a node without them can't join."""

    def __init__(
        self, name: str, project: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:NodeAccount", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = gcp.serviceaccount.Account(
            name,
            project=project,
            account_id=name[:30],
            display_name="Nodes of Kotaemon's cluster",
            opts=child,
        )
        grants = [
            gcp.projects.IAMMember(
                f"{name}-{role.rpartition('/')[2]}",
                project=project,
                role=role,
                member=account.member,
                opts=child,
            )
            for role in _ROLES
        ]
        self.email = pulumi.Output.all(account.email, *[grant.urn for grant in grants]).apply(
            lambda known: str(known[0])
        )
        self.register_outputs({})


def pools(
    settings: GkeCluster,
    cluster: pulumi.Input[str],
    project: pulumi.Input[str],
    region: str,
    zones: list[str],
    account: pulumi.Input[str],
) -> Mapping[str, gcp.container.NodePoolArgs]:
    """The node pools that are wanted, by name."""
    wanted: dict[str, NodePool | None] = {
        "main": settings.node_pools.main,
        "spot": settings.node_pools.spot,
        "gpu": settings.node_pools.gpu,
    }
    return {
        name: gcp.container.NodePoolArgs(
            cluster=cluster,
            project=project,
            location=region,
            node_locations=zones,
            # One in each zone, unless these were more than there may be.
            initial_node_count=1 if pool.min_nodes and pool.max_nodes >= len(zones) else 0,
            autoscaling=gcp.container.NodePoolAutoscalingArgs(
                total_min_node_count=pool.min_nodes,
                total_max_node_count=pool.max_nodes,
                # Spot and GPUs are taken where there are any.
                location_policy="ANY" if pool.spot or isinstance(pool, GpuPool) else "BALANCED",
            ),
            management=gcp.container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
            # A new node first; then the old one is drained, which waits up to an hour for disruption budgets.
            upgrade_settings=gcp.container.NodePoolUpgradeSettingsArgs(
                strategy="SURGE", max_surge=1, max_unavailable=0
            ),
            node_drain_configs=[
                gcp.container.NodePoolNodeDrainConfigArgs(respect_pdb_during_node_pool_deletion=True)
            ],
            network_config=gcp.container.NodePoolNetworkConfigArgs(enable_private_nodes=True),
            node_config=node_config(pool, name, account),
        )
        for name, pool in wanted.items()
        if pool is not None
    }


def node_config(
    pool: NodePool, name: str, account: pulumi.Input[str]
) -> gcp.container.NodePoolNodeConfigArgs:
    """One node. Spot and GPU nodes beside the main ones are for what tolerates them."""
    c = gcp.container
    taints = [
        c.NodePoolNodeConfigTaintArgs(key="cloud.google.com/gke-spot", value="true", effect="NO_SCHEDULE")
    ]
    return c.NodePoolNodeConfigArgs(
        machine_type=pool.machine_type,
        disk_size_gb=int(amount(pool.disk_size) / 2**30),
        disk_type="pd-balanced",
        image_type="COS_CONTAINERD",
        spot=pool.spot,
        labels={"pool": name},
        # GKE itself taints nodes with GPUs, where there are others already.
        taints=taints if pool.spot and name == "spot" else None,
        guest_accelerators=[
            c.NodePoolNodeConfigGuestAcceleratorArgs(
                type=pool.accelerator,
                count=pool.accelerators,
                gpu_driver_installation_config=c.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(
                    gpu_driver_version="LATEST"
                ),
            )
        ]
        if isinstance(pool, GpuPool)
        else None,
        service_account=account,
        oauth_scopes=_SCOPES,
        workload_metadata_config=c.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        shielded_instance_config=c.NodePoolNodeConfigShieldedInstanceConfigArgs(
            # Google's GPU drivers are signed from COS 105 on.
            enable_secure_boot=True,
            enable_integrity_monitoring=True,
        ),
        kubelet_config=c.NodePoolNodeConfigKubeletConfigArgs(
            insecure_kubelet_readonly_port_enabled="FALSE",
            pod_pids_limit=4096,
            # The provider's default beside any other of these has been no limit at all.
            cpu_cfs_quota=True,
        ),
        gcfs_config=c.NodePoolNodeConfigGcfsConfigArgs(
            enabled=True
        ),  # streams images, those in Artifact Registry
        gvnic=c.NodePoolNodeConfigGvnicArgs(enabled=True),
        metadata={"disable-legacy-endpoints": "true"},
    )


def throwaway(account: pulumi.Input[str]) -> gcp.container.ClusterNodeConfigArgs:
    """The node that a cluster can't be made without; it is gone before anything runs on it."""
    c = gcp.container
    return c.ClusterNodeConfigArgs(
        machine_type=_SMALLEST,
        disk_type="pd-standard",
        disk_size_gb=20,
        service_account=account,
        oauth_scopes=_SCOPES,
        workload_metadata_config=c.ClusterNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        shielded_instance_config=c.ClusterNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
    )


def autopilot_nodes() -> gcp.container.ClusterNodePoolAutoConfigArgs:
    """What may be said of Autopilot's nodes."""
    return gcp.container.ClusterNodePoolAutoConfigArgs(
        node_kubelet_config=gcp.container.ClusterNodePoolAutoConfigNodeKubeletConfigArgs(
            insecure_kubelet_readonly_port_enabled="FALSE"
        )
    )


def autopilot_account(account: pulumi.Input[str]) -> gcp.container.ClusterClusterAutoscalingArgs:
    """Autopilot's nodes as the same account as ours would be."""
    return gcp.container.ClusterClusterAutoscalingArgs(
        auto_provisioning_defaults=gcp.container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs(
            service_account=account, oauth_scopes=_SCOPES
        )
    )
