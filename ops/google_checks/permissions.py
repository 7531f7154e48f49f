"""Which permissions the program needs in a project, and the role that brings each."""

from collections.abc import Iterator, Mapping

from components.config.edge import GoogleEdge
from components.config.google import CloudSql, DatabaseLogin, ExistingGke, GkeCluster, GoogleBackup
from components.config.logs import GoogleLogs
from components.config.monitoring import GoogleMonitoring
from components.config.settings import Settings
from components.config.traces import CloudTrace, CollectorTraces

from .access import Api, ApiError, entries

_ALWAYS = {
    "roles/serviceusage.serviceUsageAdmin": ("serviceusage.services.enable", "serviceusage.services.use"),
    "roles/cloudkms.admin": (
        "cloudkms.keyRings.create",
        "cloudkms.cryptoKeys.create",
        "cloudkms.cryptoKeys.setIamPolicy",
    ),
}
_IN_A_CLUSTER = {"roles/container.developer": ("container.clusters.get", "container.deployments.create")}
_OWN_CLUSTER = {
    "roles/container.admin": (
        "container.clusters.create",
        "container.clusters.get",
        "container.clusters.update",
        "container.deployments.create",
    ),
    "roles/compute.networkAdmin": (
        "compute.networks.create",
        "compute.subnetworks.create",
        "compute.routers.create",
        "compute.routers.update",
        "compute.addresses.create",
        "compute.globalAddresses.createInternal",
        "servicenetworking.services.addPeering",
    ),
    "roles/compute.securityAdmin": ("compute.firewalls.create",),
    "roles/iam.serviceAccountAdmin": ("iam.serviceAccounts.create",),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs",),
    "roles/resourcemanager.projectIamAdmin": ("resourcemanager.projects.setIamPolicy",),
}
_PRIVATE_SERVICES = {
    "roles/compute.networkAdmin": (
        "compute.globalAddresses.createInternal",
        "servicenetworking.services.addPeering",
    )
}
_CLOUD_SQL = {
    "roles/cloudsql.admin": (
        "cloudsql.instances.create",
        "cloudsql.users.create",
    )
}
_SQL_BY_IAM = {
    "roles/iam.serviceAccountAdmin": ("iam.serviceAccounts.create", "iam.serviceAccounts.setIamPolicy"),
    "roles/resourcemanager.projectIamAdmin": ("resourcemanager.projects.setIamPolicy",),
}
_EDGE = {
    "roles/certificatemanager.owner": (
        "certificatemanager.certs.create",
        "certificatemanager.certmaps.create",
        "certificatemanager.certmapentries.create",
        "certificatemanager.dnsauthorizations.create",
    ),
    "roles/compute.loadBalancerAdmin": ("compute.globalAddresses.create", "compute.sslPolicies.create"),
}
_ARMOR = {"roles/compute.securityAdmin": ("compute.securityPolicies.create",)}
_IAP = {"roles/iap.admin": ("iap.web.getIamPolicy", "iap.web.setIamPolicy")}
_DNS = {"roles/dns.admin": ("dns.changes.create", "dns.resourceRecordSets.create")}
_DNS_ZONE = {"roles/dns.admin": ("dns.managedZones.create",)}
_BACKUP = {
    "roles/storage.admin": ("storage.buckets.create", "storage.buckets.setIamPolicy"),
    "roles/gkebackup.admin": ("gkebackup.backupPlans.create",),
}
_MONITORING = {
    "roles/monitoring.editor": (
        "monitoring.alertPolicies.create",
        "monitoring.dashboards.create",
        "monitoring.notificationChannels.create",
        "monitoring.uptimeCheckConfigs.create",
    )
}
_COUNTED_IN_LOGS = {"roles/logging.configWriter": ("logging.logMetrics.create",)}
_LOGS = {
    "roles/logging.configWriter": (
        "logging.buckets.create",
        "logging.exclusions.create",
        "logging.logMetrics.create",
        "logging.sinks.create",
    )
}
_TRACES = {"roles/resourcemanager.projectIamAdmin": ("resourcemanager.projects.setIamPolicy",)}
_SECRETS = {
    "roles/secretmanager.admin": ("secretmanager.secrets.getIamPolicy", "secretmanager.secrets.setIamPolicy")
}

_MOST_AT_ONCE = 100


def needed(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Role -> the permissions of it that this stack needs."""
    roles: dict[str, dict[str, None]] = {}
    for group in _groups(settings):
        for role, permissions in group.items():
            roles.setdefault(role, {}).update(dict.fromkeys(permissions))
    return {role: tuple(permissions) for role, permissions in roles.items()}


def _groups(settings: Settings) -> Iterator[Mapping[str, tuple[str, ...]]]:
    yield _ALWAYS
    if isinstance(settings.cluster, GkeCluster):
        yield _OWN_CLUSTER
    if isinstance(settings.cluster, ExistingGke):
        yield _IN_A_CLUSTER
        if settings.cluster.google_services is not None:
            yield _PRIVATE_SERVICES
    if isinstance(settings.postgres, CloudSql):
        yield _CLOUD_SQL
        if settings.postgres.login is DatabaseLogin.IAM:
            yield _SQL_BY_IAM
    if isinstance(settings.edge, GoogleEdge):
        yield _EDGE
        if settings.edge.armor is not None:
            yield _ARMOR
        if settings.edge.auth.kind == "iap":
            yield _IAP
        if settings.edge.dns is not None:
            yield _DNS
            if settings.edge.dns.create is not None:
                yield _DNS_ZONE
    if isinstance(settings.backup, GoogleBackup):
        yield _BACKUP
    if isinstance(settings.monitoring, GoogleMonitoring):
        yield _MONITORING
        if isinstance(settings.postgres, CloudSql):
            # Of Cloud SQL's backups only its audit log tells.
            yield _COUNTED_IN_LOGS
    if isinstance(settings.logs, GoogleLogs):
        yield _LOGS
    if isinstance(settings.traces, CollectorTraces) and isinstance(settings.traces.to, CloudTrace):
        yield _TRACES
    if settings.secret_manager:
        yield _SECRETS


def missing(api: Api, project: str, roles: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Role -> what of it the caller hasn't got. Raises ApiError, UnreachableError."""
    asked = sorted({permission for permissions in roles.values() for permission in permissions})
    lacking = {
        permission
        for start in range(0, len(asked), _MOST_AT_ONCE)
        for permission in _lacking(api, project, asked[start : start + _MOST_AT_ONCE])
    }
    found = {
        role: tuple(permission for permission in permissions if permission in lacking)
        for role, permissions in roles.items()
    }
    return {role: permissions for role, permissions in found.items() if permissions}


def _lacking(api: Api, project: str, asked: list[str]) -> set[str]:
    url = f"{api.endpoints.resource_manager}/v3/projects/{project}:testIamPermissions"
    try:
        answer = api.post(url, {"permissions": list(asked)})
    except ApiError as error:
        if error.status != 400:
            raise
        # A name that can't be tested on a project spoils the whole request: leave out that one alone.
        half = len(asked) // 2
        if not half:
            return set()
        return _lacking(api, project, asked[:half]) | _lacking(api, project, asked[half:])
    return set(asked) - {str(permission) for permission in entries(answer.get("permissions"))}
