"""Every metric that a rule reads is one that its way of watching has."""

import re

import pytest

from components.monitoring.definition import Definition
from components.monitoring.names import ACHIEVED, AVAILABLE, BUDGET, ERRORS, FAST, OBSERVED
from components.signals.model import Recording

from .definitions import VARIANTS, google

OF_GOOGLE = {
    # docs.cloud.google.com/kubernetes-engine/docs/how-to/kube-state-metrics (10 April 2026)
    "kube_persistentvolume_capacity_bytes", "kube_persistentvolume_claim_ref", "kube_persistentvolume_info",
    "kube_persistentvolume_status_phase", "kube_persistentvolumeclaim_info",
    "kube_persistentvolumeclaim_resource_requests_storage_bytes", "kube_persistentvolumeclaim_status_phase",
    "kube_pod_container_status_ready", "kube_pod_container_status_waiting_reason", "kube_pod_status_phase",
    "kube_pod_status_unschedulable", "kube_deployment_spec_replicas", "kube_deployment_status_replicas_available",
    "kube_deployment_status_replicas_updated", "kube_statefulset_replicas", "kube_statefulset_status_replicas_ready",
    "kube_statefulset_status_replicas_updated", "kube_daemonset_status_desired_number_scheduled",
    "kube_daemonset_status_number_misscheduled", "kube_daemonset_status_number_ready",
    "kube_daemonset_status_updated_number_scheduled",
    "kube_horizontalpodautoscaler_spec_max_replicas", "kube_horizontalpodautoscaler_status_current_replicas",
    # docs.cloud.google.com/kubernetes-engine/docs/how-to/cadvisor-kubelet-metrics (10 April 2026)
    "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total",
    "container_cpu_usage_seconds_total", "container_memory_rss", "container_memory_working_set_bytes",
    "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes", "kubelet_volume_stats_inodes",
    "kubelet_volume_stats_inodes_free", "kubelet_volume_stats_inodes_used", "kubelet_volume_stats_used_bytes",
    # docs.cloud.google.com/monitoring/api/metrics_kubernetes, as PromQL names them
    "kubernetes_io:container_memory_limit_utilization", "kubernetes_io:container_restart_count",
}  # fmt: skip
"""What GKE's packages of metrics hold, as far as a rule may ask of it."""
OLD = {
    "absent", "avg_over_time", "clamp_max", "count", "count_over_time", "increase", "label_replace", "max",
    "max_over_time", "min", "min_over_time", "predict_linear", "rate", "sum", "sum_over_time", "time", "vector",
    # operators and their modifiers
    "and", "or", "unless", "on", "by", "bool",
}  # fmt: skip
"""What the rules are made of; all of it is in Prometheus since 2.0."""
_RECORDED = {AVAILABLE, FAST, ERRORS, BUDGET, ACHIEVED, OBSERVED}


def metrics(definition: Definition) -> set[str]:
    """Names of the series that its rules read."""
    return {
        name
        for group in definition.groups
        for rule in group.rules
        for name in re.findall(r"([a-zA-Z_:][\w:]*)(?=\{)", rule.expr)
    }


def test_google_has_what_its_rules_ask_for() -> None:
    """A rule on a metric that nobody writes looks like one, and never fires."""
    asked = {name for name in metrics(google()) if name.startswith(("kube", "container_"))}
    assert asked <= OF_GOOGLE
    assert len(asked) > 10


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_read_as_recorded_is_recorded(name: str) -> None:
    """A recording's name stands in two places, and in the dashboards."""
    definition = VARIANTS[name]
    recorded = {
        rule.record for group in definition.groups for rule in group.rules if isinstance(rule, Recording)
    }
    assert recorded == _RECORDED
    assert {metric for metric in metrics(definition) if metric.startswith("stack:")} <= recorded


@pytest.mark.parametrize("name", VARIANTS)
def test_every_series_is_the_stacks_own(name: str) -> None:
    """A server that watches others, too, would mix their outages into this stack's."""
    definition = VARIANTS[name]
    elsewhere = {watch.workload.namespace for watch in definition.watches if watch.workload}
    own = {definition.scope.namespace, *elsewhere} - {None}
    for group in definition.groups:
        for rule in group.rules:
            for metric, chosen in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", rule.expr):
                # Nodes have no namespace.
                if metric == "kube_node_status_condition":
                    assert f"kube_pod_info{{{definition.scope}}}" in rule.expr
                elif metric.startswith("kubernetes_io:"):
                    assert f'namespace_name="{definition.scope.namespace}"' in chosen
                else:
                    assert any(f'namespace="{one}"' in chosen for one in own), rule.expr


def test_minimal_reads_nothing_of_a_databases_inside() -> None:
    """It is what is scraped where only what tells that people can use it is wanted."""
    read = metrics(VARIANTS["minimal"])
    prefixes = (
        "probe_",
        "kube_",
        "container_",
        "kubelet_",
        "stack:",
        "prometheus_",
        "alertmanager_",
        "up",
        "backup_",
    )
    assert {name for name in read if not name.startswith(prefixes)} == set()
    assert len(read) < len(metrics(VARIANTS["builtin"]))


@pytest.mark.parametrize("name", VARIANTS)
def test_no_function_is_newer_than_the_oldest_prometheus(name: str) -> None:
    """Google's and Debian's know no experimental functions, and a rule file with one is refused as a whole."""
    used = {
        function
        for group in VARIANTS[name].groups
        for rule in group.rules
        for function in re.findall(r"\b([a-z_]+) ?\(", rule.expr)
    }
    assert used <= OLD
