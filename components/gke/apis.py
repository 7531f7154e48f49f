"""The Google Cloud services (APIs) that must be on in a stack's project."""

from collections.abc import Iterator

from components.config.edge import GoogleEdge
from components.config.google import CloudSql, GkeCluster, GoogleBackup
from components.config.settings import Settings
from components.config.traces import CloudTrace, CollectorTraces

NEEDED_BEFORE = ("serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com")
"""Must be on before the first `up`: by these it looks at the project and turns on the rest."""

_ALWAYS = (
    *NEEDED_BEFORE,
    "compute.googleapis.com",
    "container.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "cloudkms.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
)
_OWN_CLUSTER = (
    "binaryauthorization.googleapis.com",
    "containerfilesystem.googleapis.com",  # nodes stream images
    "containersecurity.googleapis.com",
    "dns.googleapis.com",  # the cluster's own names are in Cloud DNS
    "secretmanager.googleapis.com",  # its add-on is on
)
_PRIVATE_SERVICES = "servicenetworking.googleapis.com"
_EDGE = "certificatemanager.googleapis.com"
_TRACES = "cloudtrace.googleapis.com"
_BACKUP = ("gkebackup.googleapis.com", "storage.googleapis.com")

REQUIRED_APIS = (
    *_ALWAYS,
    *_OWN_CLUSTER,
    _PRIVATE_SERVICES,
    "sqladmin.googleapis.com",
    "file.googleapis.com",
    _EDGE,
    "iap.googleapis.com",
    *_BACKUP,
    _TRACES,
)
"""Every service that some stack needs, in the order in which they are turned on."""


def required_apis(settings: Settings) -> tuple[str, ...]:
    """Those that this stack needs, in the order of `REQUIRED_APIS`; none where it doesn't use Google Cloud."""
    if settings.google is None:
        return ()
    needed = {*_ALWAYS, *_of_parts(settings)}
    return tuple(api for api in REQUIRED_APIS if api in needed)


def _of_parts(settings: Settings) -> Iterator[str]:
    if isinstance(settings.cluster, GkeCluster):
        yield from _OWN_CLUSTER
        yield _PRIVATE_SERVICES  # the network reserves addresses for Google's services
    if isinstance(settings.postgres, CloudSql):
        yield from (_PRIVATE_SERVICES, "sqladmin.googleapis.com")
    if settings.app.storage.filestore is not None:
        yield from (_PRIVATE_SERVICES, "file.googleapis.com")
    if isinstance(settings.edge, GoogleEdge):
        yield _EDGE
        if settings.edge.auth.kind == "iap":
            yield "iap.googleapis.com"
        if settings.edge.dns is not None:
            yield "dns.googleapis.com"
    if isinstance(settings.backup, GoogleBackup):
        yield from _BACKUP
    if isinstance(settings.traces, CollectorTraces) and isinstance(settings.traces.to, CloudTrace):
        yield _TRACES
    if settings.secret_manager:
        yield "secretmanager.googleapis.com"
