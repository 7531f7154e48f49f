"""The sample's part on Google Cloud."""

import pulumi
from pulumi_gcp import (
    compute,
    container,
    filestore,
    kms,
    projects,
    secretmanager,
    serviceaccount,
    sql,
    storage,
)

from policies.rules.google import SQL_FLAGS
from policies.rules.google_network import OWASP


def google(child: pulumi.ResourceOptions, kept: pulumi.ResourceOptions) -> None:
    """Everything of it."""
    _network(child)
    _cluster(child, kept)
    _data(child, kept)
    _front(child)


def _network(child: pulumi.ResourceOptions) -> None:
    network = compute.Network("network", auto_create_subnetworks=False, opts=child)
    compute.Subnetwork(
        "subnet",
        network=network.id,
        ip_cidr_range="10.0.0.0/20",
        private_ip_google_access=True,
        log_config=compute.SubnetworkLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
        opts=child,
    )
    compute.Subnetwork(
        "proxies",
        network=network.id,
        ip_cidr_range="10.1.0.0/23",
        purpose="REGIONAL_MANAGED_PROXY",
        opts=child,
    )
    compute.RouterNat(
        "nat",
        router="router",
        source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
        log_config=compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
        opts=child,
    )
    compute.Firewall(
        "health",
        network=network.id,
        direction="INGRESS",
        allows=[compute.FirewallAllowArgs(protocol="tcp", ports=["8080"])],
        source_ranges=["35.191.0.0/16"],
        log_config=compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
        opts=child,
    )
    projects.Service("api", service="container.googleapis.com", disable_on_destroy=False, opts=child)


def _cluster(child: pulumi.ResourceOptions, kept: pulumi.ResourceOptions) -> None:
    c = container
    nodes = serviceaccount.Account("nodes", account_id="nodes", opts=child)
    for role in ("container.defaultNodeServiceAccount", "artifactregistry.reader"):
        projects.IAMMember(role, project="project", role=f"roles/{role}", member=nodes.member, opts=child)
    cluster = c.Cluster(
        "gke",
        location="europe-west1",
        node_locations=["europe-west1-b", "europe-west1-c", "europe-west1-d"],
        control_plane_endpoints_config=c.ClusterControlPlaneEndpointsConfigArgs(
            ip_endpoints_config=c.ClusterControlPlaneEndpointsConfigIpEndpointsConfigArgs(enabled=False)
        ),
        private_cluster_config=c.ClusterPrivateClusterConfigArgs(enable_private_nodes=True),
        datapath_provider="ADVANCED_DATAPATH",
        enable_fqdn_network_policy=True,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy=c.ClusterIpAllocationPolicyArgs(cluster_secondary_range_name="pods"),
        dns_config=c.ClusterDnsConfigArgs(cluster_dns="CLOUD_DNS", cluster_dns_scope="CLUSTER_SCOPE"),
        workload_identity_config=c.ClusterWorkloadIdentityConfigArgs(workload_pool="project.svc.id.goog"),
        enable_shielded_nodes=True,
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
        database_encryption=c.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name="key"),
        binary_authorization=c.ClusterBinaryAuthorizationArgs(
            evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE"
        ),
        security_posture_config=c.ClusterSecurityPostureConfigArgs(mode="BASIC"),
        release_channel=c.ClusterReleaseChannelArgs(channel="REGULAR"),
        maintenance_policy=c.ClusterMaintenancePolicyArgs(
            recurring_window=c.ClusterMaintenancePolicyRecurringWindowArgs(
                start_time="2026-01-03T03:00:00Z", end_time="2026-01-03T07:00:00Z", recurrence="FREQ=WEEKLY"
            ),
            maintenance_exclusions=[
                c.ClusterMaintenancePolicyMaintenanceExclusionArgs(
                    exclusion_name="year-end",
                    start_time="2026-12-20T00:00:00Z",
                    end_time="2027-01-03T00:00:00Z",
                )
            ],
        ),
        vertical_pod_autoscaling=c.ClusterVerticalPodAutoscalingArgs(enabled=True),
        cluster_autoscaling=c.ClusterClusterAutoscalingArgs(autoscaling_profile="BALANCED"),
        pod_autoscaling=c.ClusterPodAutoscalingArgs(hpa_profile="PERFORMANCE"),
        logging_config=c.ClusterLoggingConfigArgs(enable_components=["SYSTEM_COMPONENTS", "WORKLOADS"]),
        monitoring_config=c.ClusterMonitoringConfigArgs(
            enable_components=["SYSTEM_COMPONENTS"],
            managed_prometheus=c.ClusterMonitoringConfigManagedPrometheusArgs(enabled=True),
        ),
        gateway_api_config=c.ClusterGatewayApiConfigArgs(channel="CHANNEL_STANDARD"),
        cost_management_config=c.ClusterCostManagementConfigArgs(enabled=True),
        enable_intranode_visibility=True,
        addons_config=c.ClusterAddonsConfigArgs(
            gke_backup_agent_config=c.ClusterAddonsConfigGkeBackupAgentConfigArgs(enabled=True),
            gcp_filestore_csi_driver_config=c.ClusterAddonsConfigGcpFilestoreCsiDriverConfigArgs(
                enabled=True
            ),
            gcs_fuse_csi_driver_config=c.ClusterAddonsConfigGcsFuseCsiDriverConfigArgs(enabled=True),
            gce_persistent_disk_csi_driver_config=c.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(
                enabled=True
            ),
        ),
        secret_manager_config=c.ClusterSecretManagerConfigArgs(enabled=True),
        deletion_protection=True,
        remove_default_node_pool=True,
        opts=kept,
    )
    c.NodePool(
        "pool",
        cluster=cluster.name,
        autoscaling=c.NodePoolAutoscalingArgs(
            total_min_node_count=3, total_max_node_count=9, location_policy="BALANCED"
        ),
        management=c.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
        upgrade_settings=c.NodePoolUpgradeSettingsArgs(max_surge=1, max_unavailable=0),
        node_config=c.NodePoolNodeConfigArgs(
            service_account=nodes.email,
            workload_metadata_config=c.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
            shielded_instance_config=c.NodePoolNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
            kubelet_config=c.NodePoolNodeConfigKubeletConfigArgs(
                insecure_kubelet_readonly_port_enabled="FALSE"
            ),
        ),
        opts=child,
    )


def _data(child: pulumi.ResourceOptions, kept: pulumi.ResourceOptions) -> None:
    s = sql
    database = s.DatabaseInstance(
        "sql",
        database_version="POSTGRES_17",
        deletion_protection=True,
        settings=s.DatabaseInstanceSettingsArgs(
            tier="db-custom-2-8192",
            availability_type="REGIONAL",
            deletion_protection_enabled=True,
            ip_configuration=s.DatabaseInstanceSettingsIpConfigurationArgs(
                ipv4_enabled=False, private_network="network", ssl_mode="ENCRYPTED_ONLY"
            ),
            backup_configuration=s.DatabaseInstanceSettingsBackupConfigurationArgs(
                enabled=True,
                point_in_time_recovery_enabled=True,
                backup_retention_settings=s.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                    retained_backups=14
                ),
            ),
            insights_config=s.DatabaseInstanceSettingsInsightsConfigArgs(query_insights_enabled=True),
            maintenance_window=s.DatabaseInstanceSettingsMaintenanceWindowArgs(day=7, hour=3),
            database_flags=[
                s.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=allowed[0])
                for name, allowed in SQL_FLAGS.items()
            ],
        ),
        opts=kept,
    )
    s.User("user", instance=database.name, password=pulumi.Output.secret("hunter2"), opts=child)
    kms.CryptoKey("key", key_ring="ring", rotation_period="7776000s", opts=kept)
    storage.Bucket(
        "bucket",
        location="EU",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning=storage.BucketVersioningArgs(enabled=True),
        encryption=storage.BucketEncryptionArgs(default_kms_key_name="key"),
        force_destroy=False,
        opts=kept,
    )
    filestore.Instance(
        "files",
        tier="BASIC_HDD",
        file_shares=filestore.InstanceFileSharesArgs(capacity_gb=1024, name="files"),
        networks=[filestore.InstanceNetworkArgs(modes=["MODE_IPV4"], network="network")],
        deletion_protection_enabled=True,
        opts=kept,
    )
    secretmanager.SecretVersion(
        "version", secret="secret", secret_data=pulumi.Output.secret("hunter2"), opts=child
    )


def _front(child: pulumi.ResourceOptions) -> None:
    attacks = " || ".join(f"evaluatePreconfiguredWaf('{one}-v33-stable')" for one in OWASP)
    compute.SecurityPolicy(
        "armor",
        name="armor",
        rules=[
            compute.SecurityPolicyRuleArgs(
                action="deny(403)",
                priority=100,
                match=compute.SecurityPolicyRuleMatchArgs(
                    expr=compute.SecurityPolicyRuleMatchExprArgs(expression=attacks)
                ),
            ),
            compute.SecurityPolicyRuleArgs(
                action="throttle",
                priority=200,
                match=compute.SecurityPolicyRuleMatchArgs(
                    versioned_expr="SRC_IPS_V1",
                    config=compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=["*"]),
                ),
            ),
        ],
        opts=child,
    )
    compute.SSLPolicy("tls", name="tls", min_tls_version="TLS_1_2", profile="MODERN", opts=child)
