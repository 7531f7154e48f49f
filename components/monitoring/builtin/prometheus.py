"""Prometheus' settings from the definition: whom it scrapes, what it keeps, how series are called.

No key that only Prometheus 3 knows. Source: prometheus.io, "Configuration".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from components.monitoring.definition import Definition
from components.monitoring.exporters import BLACKBOX_PORT, TARGETS, exporters
from components.monitoring.manifests import CA_FILE, TOKEN_FILE, as_yaml
from components.monitoring.names import (
    ALERTMANAGER,
    BLACKBOX,
    CADVISOR,
    KUBE_STATE_METRICS,
    KUBELET,
    PROBES,
    PROMETHEUS,
)
from components.monitoring.probes import PATIENCE
from components.monitoring.rules.pace import faster
from components.signals.model import ScrapeTarget, span

from . import alertmanager

PORT = 9090
RULES = "/etc/prometheus/rules"
SECRETS = "/etc/prometheus/secrets"
_NAME = "__meta_kubernetes_pod_label_app_kubernetes_io_name"
_TIMEOUT = timedelta(seconds=10)
_PROBE_TIMEOUT = PATIENCE + timedelta(seconds=2)
_INTERVAL = timedelta(seconds=30)

_Settings = Mapping[str, object]

OF_PROBES = (
    "probe_(success|duration_seconds|http_(status_code|duration_seconds|redirects)|ssl_earliest_cert_expiry)",
)
OF_CONTAINERS = (
    "container_cpu_(usage_seconds|cfs_(throttled_)?periods)_total",
    "container_memory_working_set_bytes",
    "container_network_(receive|transmit)_bytes_total",
    "container_oom_events_total",
)
OF_VOLUMES = ("kubelet_volume_stats_.*",)
OF_STATE = (
    "kube_(deployment|statefulset)_(spec_replicas|replicas|status_.*|metadata_generation)",
    "kube_daemonset_status_.*",
    "kube_pod_(info|owner|status_(phase|ready|reason|unschedulable))",
    "kube_pod_container_(info|status_.*|resource_(requests|limits))",
    "kube_persistentvolumeclaim_(status_phase|resource_requests_storage_bytes)",
    "kube_job_(owner|complete|failed|status_.*|spec_completions)",
    "kube_cronjob_(created|next_schedule_time|spec_suspend|status_.*)",
    "kube_resourcequota",
    "kube_horizontalpodautoscaler_(spec_(min|max)_replicas|status_.*)",
    "kube_poddisruptionbudget_status_.*",
    "kube_node_status_condition",
)
OF_PROMETHEUS = (
    "prometheus_(build_info|config_last_reload_.*|notifications_.*_total|notifications_alertmanagers_discovered)",
    "prometheus_(rule_(evaluation_failures|group_iterations_missed)_total|target_scrapes_exceeded_.*)",
    "prometheus_tsdb_(head_series|head_samples_appended_total|head_chunks_storage_size_bytes)",
    "prometheus_tsdb_(storage_blocks_bytes|wal_storage_size_bytes|(compactions|reloads)_(failed|failures)_total)",
    "process_(cpu_seconds_total|resident_memory_bytes)",
)
OF_ALERTMANAGER = (
    "alertmanager_(alerts|build_info|config_last_reload_.*|notifications_(failed_)?total|silences)",
    "process_(cpu_seconds_total|resident_memory_bytes)",
)
"""Names of the metrics that are kept of each source: what rules and dashboards read, and what one asks next."""

_ALERTMANAGER_TARGET = ScrapeTarget(
    job=ALERTMANAGER,
    pods=alertmanager.PODS,
    port=alertmanager.PORT,
    port_name="http",
    keep=OF_ALERTMANAGER,
)


@dataclass(frozen=True, kw_only=True)
class _Pace:
    """How fast everything goes: 1 as people want it, more for tests."""

    factor: float

    def times(self, interval: timedelta, timeout: timedelta = _TIMEOUT) -> _Settings:
        """How often one is asked, and how long is waited for the answer."""
        return {
            "scrape_interval": span(faster(interval, self.factor)),
            "scrape_timeout": span(min(timeout, faster(interval, self.factor))),
        }

    def own(self, interval: timedelta) -> Mapping[str, str]:
        """The same as labels of one target."""
        return {f"__{key}__": str(value) for key, value in self.times(interval, _PROBE_TIMEOUT).items()}


def scraped(definition: Definition) -> tuple[ScrapeTarget, ...]:
    """Pods that it scrapes: the components', the exporters' and Alertmanager."""
    own = (TARGETS[job] for job in exporters(definition, state=True))
    return (*definition.targets, *own, _ALERTMANAGER_TARGET)


def prometheus_file(definition: Definition, probed: Sequence[str], *, pace: float = 1) -> str:
    """The whole of prometheus.yml.

    `probed` are the targets of the definition's probes, once they are known; with `pace` 60 everything takes a
    second that takes a minute otherwise.
    """
    speed = _Pace(factor=pace)
    settings: _Settings = {
        "global": {
            **speed.times(_INTERVAL),
            "evaluation_interval": span(faster(_INTERVAL, pace)),
            "external_labels": {"stack": definition.stack},
        },
        "rule_files": [f"{RULES}/*.yml"],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [f"{ALERTMANAGER}:{alertmanager.PORT}"]}]}]
        },
        "scrape_configs": [
            _probes(definition, probed, speed),
            *(
                _state(target, definition, speed)
                if target.job == KUBE_STATE_METRICS
                else _pods(target, definition, speed)
                for target in scraped(definition)
            ),
            _node(CADVISOR, "/metrics/cadvisor", definition, speed),
            _node(KUBELET, "/metrics", definition, speed),
            _itself(definition, speed),
        ],
    }
    return as_yaml(settings)


def _probes(definition: Definition, probed: Sequence[str], speed: _Pace) -> _Settings:
    """Each question by the prober's Service, with labels that stay when the address changes."""
    asked = [(watch.component, probe) for watch in definition.watches for probe in watch.probes]
    return {
        "job_name": PROBES,
        "metrics_path": "/probe",
        # A scrape that ends before the probe does would hide how slow the answer was.
        **speed.times(_INTERVAL, _PROBE_TIMEOUT),
        "static_configs": [
            {
                "targets": [target],
                "labels": {
                    "__param_module": probe.module.value,
                    **speed.own(probe.interval),
                    "namespace": definition.scope.namespace,
                    "component": component,
                    "probe": probe.name,
                    "part": probe.part,
                    "essential": str(probe.essential).lower(),
                },
            }
            for (component, probe), target in zip(asked, probed, strict=True)
        ],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": f"{BLACKBOX}:{BLACKBOX_PORT}"},
        ],
        "metric_relabel_configs": [_keep(OF_PROBES)],
    }


def _pods(target: ScrapeTarget, definition: Definition, speed: _Pace) -> _Settings:
    """The stack's pods of some labels, by the API server, on one port."""
    bearer = {"authorization": {"credentials_file": f"{SECRETS}/{target.job}"}} if target.bearer else {}
    return {
        "job_name": target.job,
        "metrics_path": target.path,
        **speed.times(target.interval),
        **bearer,
        **_discovery(target),
        "relabel_configs": [
            *_running(target),
            _label("namespace", definition.scope.namespace),
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
            # Not its address, which changes whenever it starts again.
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "instance"},
            {"source_labels": [_NAME], "target_label": "component"},
        ],
        **({"metric_relabel_configs": [_keep(target.keep)]} if target.keep else {}),
    }


def _state(target: ScrapeTarget, definition: Definition, speed: _Pace) -> _Settings:
    """kube-state-metrics: its series' namespace, pod … are those of the objects that they tell of."""
    return {
        "job_name": target.job,
        "metrics_path": target.path,
        "honor_labels": True,
        **speed.times(target.interval),
        **_discovery(target),
        "relabel_configs": [
            *_running(target),
            _label("namespace", definition.scope.namespace),
            # Of its own pod it says nothing: series of a Deployment have no pod, and would get this one.
            _label("instance", target.job),
        ],
        "metric_relabel_configs": [_keep(OF_STATE)],
    }


def _node(job: str, path: str, definition: Definition, speed: _Pace) -> _Settings:
    """Each node's kubelet, of which only the stack's own series are kept."""
    namespace = definition.scope.namespace
    volumes, containers = job == KUBELET, job == CADVISOR
    kept = [_keep(OF_VOLUMES)] if volumes else []
    if containers:
        kept = [
            _keep(OF_CONTAINERS),
            # What a node or a pod as a whole uses would be counted twice.
            {
                "action": "drop",
                "source_labels": ["__name__", "container"],
                "regex": "container_(cpu|memory)_[^;]*;(POD)?",
            },
            {"action": "keep", "source_labels": ["pod"], "regex": ".+"},
        ]
    return {
        "job_name": job,
        "scheme": "https",
        "metrics_path": path,
        # Its series name the pods' namespace themselves.
        "honor_labels": True,
        # cAdvisor dates its values minutes back, and a container that is gone would seem to stay.
        "honor_timestamps": False,
        **speed.times(_INTERVAL),
        "authorization": {"credentials_file": TOKEN_FILE},
        # Most clusters' kubelets sign their own certificates. The token that they see can read metrics, nothing else.
        "tls_config": {"ca_file": CA_FILE, "insecure_skip_verify": True},
        "kubernetes_sd_configs": [{"role": "node"}],
        "relabel_configs": [
            _label("namespace", namespace),
            {"source_labels": ["__meta_kubernetes_node_name"], "target_label": "node"},
            {"source_labels": ["__meta_kubernetes_node_name"], "target_label": "instance"},
        ],
        "metric_relabel_configs": [
            {"action": "keep", "source_labels": ["namespace"], "regex": "|".join(_namespaces(definition))},
            *kept,
        ],
    }


def _namespaces(definition: Definition) -> list[str]:
    """The stack's own, and those in which some of its parts run."""
    others = {watch.workload.namespace for watch in definition.watches if watch.workload}
    return [definition.scope.namespace, *sorted(one for one in others if one)]


def _itself(definition: Definition, speed: _Pace) -> _Settings:
    labels = {"namespace": definition.scope.namespace, "component": PROMETHEUS, "pod": f"{PROMETHEUS}-0"}
    return {
        "job_name": PROMETHEUS,
        **speed.times(_INTERVAL),
        "static_configs": [{"targets": [f"localhost:{PORT}"], "labels": labels}],
        "relabel_configs": [_label("instance", f"{PROMETHEUS}-0")],
        "metric_relabel_configs": [_keep(OF_PROMETHEUS)],
    }


def _discovery(target: ScrapeTarget) -> _Settings:
    """Pods of the stack's own namespaces by their labels: it needs to read no other pod."""
    labels = ",".join(f"{key}={value}" for key, value in target.pods.items())
    return {
        "kubernetes_sd_configs": [
            {
                "role": "pod",
                "namespaces": {"names": [target.namespace]} if target.namespace else {"own_namespace": True},
                "selectors": [{"role": "pod", "label": labels}],
            }
        ]
    }


def _running(target: ScrapeTarget) -> list[_Settings]:
    """One target for each running pod: a pod has one for each of its containers' ports."""
    return [
        {
            "action": "keep",
            "source_labels": ["__meta_kubernetes_pod_container_port_number"],
            "regex": str(target.port),
        },
        {
            "action": "drop",
            "source_labels": ["__meta_kubernetes_pod_phase"],
            "regex": "Pending|Succeeded|Failed",
        },
    ]


def _label(name: str, value: str) -> _Settings:
    return {"target_label": name, "replacement": value}


def _keep(patterns: Sequence[str]) -> _Settings:
    """Only metrics of these names."""
    return {"action": "keep", "source_labels": ["__name__"], "regex": "|".join(patterns)}
