"""What tells metrics of those who tell none: the prober, the databases' exporters, kube-state-metrics.

Each runs once, keeps nothing, and is as restricted as all pods here.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config import overhead
from components.contracts import DatabaseAccess, DocumentAccess, Flow
from components.kubernetes import (
    ca_volume,
    config_volume,
    environment,
    http,
    metadata,
    mount,
    pod,
    probes,
    selector,
    service_spec,
)
from components.signals.model import (
    ElasticsearchExport,
    PostgresExport,
    ScrapeTarget,
    Watch,
    Workload,
    WorkloadKind,
)

from .definition import Definition
from .manifests import UID, one_pod, server, to_api_server
from .names import BLACKBOX, ELASTICSEARCH_EXPORTER, KUBE_STATE_METRICS, POSTGRES_EXPORTER
from .probes import modules_file
from .state_metrics import STATE_TARGET, state_account, state_spec

BLACKBOX_PORT, _POSTGRES_PORT, _ELASTICSEARCH_PORT = 9115, 9187, 9114
_METRICS = "metrics"
_CA = "/etc/postgres-ca"
_MODULES = "blackbox.yml"
TARGETS = {
    BLACKBOX: ScrapeTarget(
        job=BLACKBOX,
        pods=selector(BLACKBOX),
        port=BLACKBOX_PORT,
        port_name=_METRICS,
        keep=("blackbox_exporter_config_last_reload_successful", "process_.*"),
    ),
    POSTGRES_EXPORTER: ScrapeTarget(
        job=POSTGRES_EXPORTER,
        pods=selector(POSTGRES_EXPORTER),
        port=_POSTGRES_PORT,
        port_name=_METRICS,
        # It tells each of PostgreSQL's 350 settings as well.
        keep=(
            "pg_up",
            "pg_exporter_last_scrape_error",
            "pg_settings_max_connections",
            "pg_database_size_bytes",
            "pg_locks_count",
            "pg_replication_lag_seconds",
            "pg_stat_activity_(count|max_tx_duration)",
            "pg_stat_database_.*",
            "pg_stat_user_tables_n_(live|dead)_tup",
            "pg_wal_size_bytes",
        ),
    ),
    ELASTICSEARCH_EXPORTER: ScrapeTarget(
        job=ELASTICSEARCH_EXPORTER,
        pods=selector(ELASTICSEARCH_EXPORTER),
        port=_ELASTICSEARCH_PORT,
        port_name=_METRICS,
        keep=(
            "elasticsearch_cluster_health_.*",
            "elasticsearch_filesystem_data_.*",
            "elasticsearch_indices_(docs|store_size_bytes)",
            "elasticsearch_indices_(indexing|search)_.*",
            "elasticsearch_jvm_memory_.*",
        ),
    ),
    KUBE_STATE_METRICS: STATE_TARGET,
}
"""What each serves, by its job. The prober's answers are asked for by whoever asks its questions, on BLACKBOX_PORT."""


def exporters(definition: Definition, *, state: bool) -> tuple[str, ...]:
    """Which of them a stack needs, by job; `state` where nobody tells the state of Kubernetes' objects yet."""
    kinds = [type(export) for export in definition.exports]
    return (
        BLACKBOX,
        *((POSTGRES_EXPORTER,) if PostgresExport in kinds else ()),
        *((ELASTICSEARCH_EXPORTER,) if ElasticsearchExport in kinds else ()),
        *((KUBE_STATE_METRICS,) if state else ()),
    )


_SAID = {
    BLACKBOX: ("The prober", "the answer to whether people can use Kotaemon: nobody would notice an outage"),
    POSTGRES_EXPORTER: ("PostgreSQL's exporter", "the statistics of PostgreSQL, and the alerts on them"),
    ELASTICSEARCH_EXPORTER: (
        "Elasticsearch's exporter",
        "the statistics of Elasticsearch, and the alerts on them",
    ),
    KUBE_STATE_METRICS: ("kube-state-metrics", "the alerts on pods, jobs and volumes"),
}


def exporters_watches(*, postgres: bool, elasticsearch: bool, state: bool) -> tuple[Watch, ...]:
    """Who watches is watched, too: each exporter's pods. What it serves is in `TARGETS`."""
    there = {BLACKBOX: True, POSTGRES_EXPORTER: postgres, ELASTICSEARCH_EXPORTER: elasticsearch}
    return tuple(
        Watch(
            component=name,
            title=title,
            loss=loss,
            workload=Workload(kind=WorkloadKind.DEPLOYMENT, name=name),
        )
        for name, (title, loss) in _SAID.items()
        if there.get(name, state)
    )


def blackbox_spec(config: pulumi.Input[str]) -> apps.v1.DeploymentSpecArgs:
    """The prober. `config` is the ConfigMap with its modules. Source: github.com/prometheus/blackbox_exporter."""
    container = server(
        BLACKBOX,
        images.BLACKBOX_EXPORTER,
        [f"--config.file=/etc/blackbox/{_MODULES}", "--log.level=warn"],
        overhead.EXPORTER,
        probes(http("/-/healthy", _METRICS)),
        ports=[(_METRICS, BLACKBOX_PORT)],
        mounts=[mount("config", "/etc/blackbox", read_only=True)],
    )
    return one_pod(
        BLACKBOX,
        pod(
            BLACKBOX, UID, containers=[container], volumes=[config_volume("config", config)], grace_seconds=15
        ),
    )


def postgres_spec(access: DatabaseAccess) -> apps.v1.DeploymentSpecArgs:
    """PostgreSQL's exporter. Source: github.com/prometheus-community/postgres_exporter, README.

    Its page and its probes' page are different ones: asking whether it lives must not ask the database.
    Raises ValueError where the role has no password: it can't sign in as a pod.
    """
    if access.password is None:
        raise ValueError("PostgreSQL's exporter needs a role with a password")
    query, mounts, volumes = {"sslmode": access.ssl_mode}, [], []
    if access.ca is not None:
        query["sslrootcert"] = f"{_CA}/ca.crt"
        mounts.append(mount("ca", _CA, read_only=True))
        volumes.append(ca_volume("ca", access.ca))
    address = f"{access.endpoint.address}/{access.database}?{urlencode(query, safe='/')}"
    container = server(
        POSTGRES_EXPORTER,
        images.POSTGRES_EXPORTER,
        ["--log.level=warn"],
        overhead.EXPORTER,
        probes(http("/", _METRICS)),
        ports=[(_METRICS, _POSTGRES_PORT)],
        env=environment(
            {"DATA_SOURCE_URI": address, "DATA_SOURCE_USER": access.username},
            {"DATA_SOURCE_PASS": access.password},
        ),
        mounts=mounts,
    )
    return one_pod(
        POSTGRES_EXPORTER,
        pod(POSTGRES_EXPORTER, UID, containers=[container], volumes=volumes, grace_seconds=15),
    )


def elasticsearch_spec(access: DocumentAccess) -> apps.v1.DeploymentSpecArgs:
    """Elasticsearch's exporter. Source: github.com/prometheus-community/elasticsearch_exporter, README."""
    if access.endpoint is None or access.username is None or access.password is None:
        raise ValueError("Elasticsearch's exporter needs a server and a login")
    container = server(
        ELASTICSEARCH_EXPORTER,
        images.ELASTICSEARCH_EXPORTER,
        [f"--es.uri=http://{access.endpoint.address}", "--es.indices", "--es.timeout=8s", "--log.level=warn"],
        overhead.EXPORTER,
        probes(http("/healthz", _METRICS)),
        ports=[(_METRICS, _ELASTICSEARCH_PORT)],
        env=environment({"ES_USERNAME": access.username}, {"ES_PASSWORD": access.password}),
    )
    return one_pod(
        ELASTICSEARCH_EXPORTER, pod(ELASTICSEARCH_EXPORTER, UID, containers=[container], grace_seconds=15)
    )


@dataclass(frozen=True, kw_only=True)
class ExportersArgs:
    """What `Exporters` needs."""

    namespace: pulumi.Input[str]
    definition: Definition
    state: bool
    """Whether kube-state-metrics is among them: a cluster with the Prometheus operator, or Google's, has its own."""
    others: tuple[pulumi.Output[str], ...] = ()
    """The stack's other namespaces, known once they are there: their objects' state is told, too."""


class Exporters(pulumi.ComponentResource):
    """The exporters that a stack needs, each with a Service of its name."""

    targets: tuple[ScrapeTarget, ...]
    """What they serve."""
    flows: tuple[Flow, ...]
    """Whom they ask; who may ask them is for whoever scrapes to say."""

    def __init__(self, name: str, args: ExportersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Exporters", name, None, opts)
        self._namespace = args.namespace
        there = exporters(args.definition, state=args.state)
        self.targets = tuple(TARGETS[job] for job in there)
        modules = core.v1.ConfigMap(
            BLACKBOX,
            metadata=metadata(BLACKBOX, args.namespace),
            data={_MODULES: modules_file()},
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._server(BLACKBOX, blackbox_spec(modules.metadata.name))
        flows = list(_probe_flows(args.definition))
        for export in args.definition.exports:
            endpoint = export.access.endpoint
            if endpoint is None:
                raise ValueError("what has no server needs no exporter")
            if isinstance(export, PostgresExport):
                job, spec = POSTGRES_EXPORTER, postgres_spec(export.access)
            else:
                job, spec = ELASTICSEARCH_EXPORTER, elasticsearch_spec(export.access)
            self._server(job, spec)
            flows.append(
                Flow(
                    name=f"{job}-to-{endpoint.host}",
                    source=selector(job),
                    destination=endpoint.peer,
                    ports=(endpoint.port,),
                )
            )
        if args.state:
            unique = f"{args.definition.scope.namespace}-{KUBE_STATE_METRICS}"
            account, rights = state_account(args.namespace, args.others, unique, self)
            spaces = (args.namespace, *args.others)
            self._server(KUBE_STATE_METRICS, state_spec(spaces, account.metadata.name), *rights)
            flows.append(to_api_server(KUBE_STATE_METRICS))
        self.flows = tuple(flows)
        self.register_outputs({})

    def _server(self, name: str, spec: apps.v1.DeploymentSpecArgs, *after: pulumi.Resource) -> None:
        target = TARGETS[name]
        child = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        core.v1.Service(
            name,
            metadata=metadata(name, self._namespace, name=name),
            spec=service_spec(name, [(target.port_name, target.port)]),
            opts=child,
        )
        apps.v1.Deployment(name, metadata=metadata(name, self._namespace, name=name), spec=spec, opts=child)


def _probe_flows(definition: Definition) -> tuple[Flow, ...]:
    """The prober's flows, one for each question."""
    return tuple(
        Flow(
            name=f"{BLACKBOX}-to-{probe.name}",
            source=selector(BLACKBOX),
            destination=probe.to,
            ports=(probe.port,),
        )
        for probe in definition.probes
    )
