"""What must hold between the parts of a stack's file: combinations that lose data or expose people."""

from collections.abc import Collection
from pathlib import Path

from components.config.problems import Problem
from components.config.secret_names import SecretName
from components.config.settings import Settings

from .application import graph_settings_file, image, multimodal
from .cloud import backups, cloud_sql, existing_gke, filestore, google_project, on_gke
from .cluster import cluster_zones, control_plane, maintenance, networks, node_pools
from .edge import certificates, edge, gateway_controller, iap_client, sign_in
from .google_alerts import google_alerts
from .logs import log_agents, log_destination
from .monitoring import mail_server, on_google, window
from .replicas import autoscaling, several_replicas
from .rule import Rule, Stack
from .secrets import needed_secrets
from .sizes import connections, least_sizes, limits, quota
from .stores import external_postgres, namespace, qdrant
from .traces import trace_destination, trace_memory

_RULES: tuple[Rule, ...] = (
    several_replicas,
    autoscaling,
    connections,
    limits,
    least_sizes,
    qdrant,
    image,
    needed_secrets,
    multimodal,
    graph_settings_file,
    external_postgres,
    namespace,
    quota,
    google_project,
    on_gke,
    existing_gke,
    cluster_zones,
    networks,
    control_plane,
    maintenance,
    node_pools,
    cloud_sql,
    filestore,
    backups,
    edge,
    sign_in,
    iap_client,
    certificates,
    gateway_controller,
    window,
    mail_server,
    on_google,
    google_alerts,
    log_agents,
    log_destination,
    trace_destination,
    trace_memory,
)


def broken_rules(settings: Settings, supplied: Collection[SecretName], root: Path) -> list[Problem]:
    """Every rule that `settings` breaks; `supplied` are the secrets set in the stack's file."""
    stack = Stack(settings=settings, supplied=frozenset(supplied), root=root)
    return [problem for rule in _RULES for problem in rule(stack)]
