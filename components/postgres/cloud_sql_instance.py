"""A Cloud SQL instance: private address, TLS enforced, backups, and what it logs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.fields import amount
from components.config.google import Availability, CloudSql, DatabaseLogin, Day, Edition
from components.signals.model import Scope

_LEAST_CONNECTIONS = 200
_EDITIONS = {Edition.ENTERPRISE: "ENTERPRISE", Edition.ENTERPRISE_PLUS: "ENTERPRISE_PLUS"}


@dataclass(frozen=True, kw_only=True)
class CloudSqlArgs:
    """What `CloudSqlPostgres` needs."""

    settings: CloudSql
    prefix: str
    """What the names of its Google resources start with."""
    project: pulumi.Input[str]
    project_id: str
    region: str
    network: pulumi.Input[str]
    """A network in which Google's services have addresses."""
    addresses: str | None
    """These addresses (CIDR), where they are known."""
    namespace: pulumi.Input[str]
    namespace_name: str
    identities: pulumi.Input[str]
    """The cluster's pool of workload identities, known once it is there."""
    databases: tuple[str, ...]
    """One database for each application; its pods run as the Kubernetes service account of the same name."""
    connections: int
    """Most connections that the applications hold together."""
    scope: Scope
    monitored: bool
    """Whether somebody reads its statistics."""
    protect: bool


def flags(settings: CloudSql, connections: int) -> Mapping[str, str]:
    """PostgreSQL's settings: what the CIS benchmark logs, and room for the applications' connections."""
    return {
        "max_connections": str(max(_LEAST_CONNECTIONS, connections + 20)),
        "log_statement": "ddl",
        "log_connections": "on",
        "log_disconnections": "on",
        "log_lock_waits": "on",
        "log_checkpoints": "on",
        "log_temp_files": "0",
        "idle_in_transaction_session_timeout": "600000",
        **({"cloudsql.iam_authentication": "on"} if settings.login is DatabaseLogin.IAM else {}),
    }


def instance_args(args: CloudSqlArgs) -> gcp.sql.DatabaseInstanceArgs:
    """The instance. Source: cloud.google.com/sql/docs/postgres/instance-settings."""
    settings, sql = args.settings, gcp.sql
    return sql.DatabaseInstanceArgs(
        project=args.project,
        region=args.region,
        database_version=f"POSTGRES_{settings.version}",
        deletion_protection=args.protect,
        settings=sql.DatabaseInstanceSettingsArgs(
            edition=_EDITIONS[settings.edition],
            tier=settings.tier,
            availability_type="REGIONAL" if settings.availability is Availability.REGIONAL else "ZONAL",
            disk_type="PD_SSD",
            disk_size=max(10, int(amount(settings.storage) / 2**30)),
            disk_autoresize=True,
            deletion_protection_enabled=args.protect,
            retain_backups_on_delete=args.protect,
            ip_configuration=sql.DatabaseInstanceSettingsIpConfigurationArgs(
                ipv4_enabled=False,
                private_network=args.network,
                ssl_mode="ENCRYPTED_ONLY",
                # An authority of the instance's own: nobody else has a certificate of it.
                server_ca_mode="GOOGLE_MANAGED_INTERNAL_CA",
            ),
            backup_configuration=sql.DatabaseInstanceSettingsBackupConfigurationArgs(
                enabled=True,
                start_time="01:00",
                point_in_time_recovery_enabled=True,
                transaction_log_retention_days=settings.point_in_time_days,
                backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                    retained_backups=settings.backups, retention_unit="COUNT"
                ),
            ),
            maintenance_window=sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
                day=list(Day).index(settings.maintenance.day) + 1,
                hour=settings.maintenance.hour,
                update_track="stable",
            ),
            insights_config=sql.DatabaseInstanceSettingsInsightsConfigArgs(
                query_insights_enabled=True,
                query_plans_per_minute=5,
                query_string_length=1024,
                record_application_tags=True,
                record_client_address=False,
            ),
            database_flags=[
                sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value)
                for name, value in flags(settings, args.connections).items()
            ],
        ),
    )
