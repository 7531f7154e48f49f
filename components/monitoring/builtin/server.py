"""Prometheus' pod, and what it may see of the cluster."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pulumi
from pulumi_kubernetes import apps, core, rbac

from components import images
from components.config.fields import amount
from components.config.monitoring import BuiltinMonitoring
from components.contracts import SecretRef
from components.kubernetes import config_volume, http, mount, pod, probes, stateful_set
from components.monitoring.manifests import UID, USES_TOKEN, identity, server, token_mount, token_volume
from components.monitoring.names import PROMETHEUS as NAME

from .prometheus import PORT, RULES, SECRETS

_SETTINGS = "/etc/prometheus/settings"
_DATA = "/prometheus"
_SHARE = Decimal("0.8")
"""Of the volume that series may take: the rest is for what is being written and compacted."""
CONFIG_FILE, RULES_FILE = "prometheus.yml", "kotaemon.yml"


def arguments(settings: BuiltinMonitoring) -> list[str]:
    """How long it keeps series: as long as the objectives look back, and never more than its volume holds."""
    days = max(settings.retention_days, settings.objectives.days + 1)
    mebibytes = int(amount(settings.storage.size) * _SHARE / 2**20)
    return [
        f"--config.file={_SETTINGS}/{CONFIG_FILE}",
        f"--storage.tsdb.path={_DATA}",
        f"--storage.tsdb.retention.time={days}d",
        f"--storage.tsdb.retention.size={mebibytes}MB",
        f"--web.listen-address=:{PORT}",
        f"--web.external-url=http://localhost:{PORT}/",  # as a port-forward shows it
    ]


def prometheus_spec(
    settings: BuiltinMonitoring,
    config: pulumi.Input[str],
    rules: pulumi.Input[str],
    bearers: Mapping[str, SecretRef],
    account: pulumi.Input[str],
) -> apps.v1.StatefulSetSpecArgs:
    """One Prometheus and its volume; `bearers` has the tokens of the jobs that want one.

    What it hasn't written yet is read again when it starts, which takes minutes where there is much of it.
    """
    container = server(
        NAME,
        images.PROMETHEUS,
        arguments(settings),
        settings.resources,
        probes(http("/-/ready", "http"), http("/-/healthy", "http"), start_seconds=900),
        ports=[("http", PORT)],
        mounts=[
            mount("data", _DATA),
            mount("config", _SETTINGS, read_only=True),
            mount("rules", RULES, read_only=True),
            token_mount(),
            *([mount("bearers", SECRETS, read_only=True)] if bearers else []),
        ],
    )
    volumes = [
        config_volume("config", config),
        config_volume("rules", rules),
        token_volume(),
        *([_bearers_volume(bearers)] if bearers else []),
    ]
    template = pod(
        NAME,
        UID,
        containers=[container],
        volumes=volumes,
        annotations={USES_TOKEN: "it finds the pods to scrape, and reads the nodes' metrics"},
        grace_seconds=120,
        service_account=account,
    )
    return stateful_set(NAME, template, settings.storage)


def _bearers_volume(bearers: Mapping[str, SecretRef]) -> core.v1.VolumeArgs:
    """Each job's token as a file of the job's name."""
    return core.v1.VolumeArgs(
        name="bearers",
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                core.v1.VolumeProjectionArgs(
                    secret=core.v1.SecretProjectionArgs(
                        name=ref.name, items=[core.v1.KeyToPathArgs(key=ref.key, path=job)]
                    )
                )
                for job, ref in bearers.items()
            ],
        ),
    )


def pods_rules() -> list[rbac.v1.PolicyRuleArgs]:
    """What it may read in its own namespace: where pods are."""
    return [rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["get", "list", "watch"])]


def nodes_rules() -> list[rbac.v1.PolicyRuleArgs]:
    """What it may read of the cluster: where nodes are, and their metrics. Not `nodes/proxy`, which runs commands."""
    return [
        rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["nodes"], verbs=["get", "list", "watch"]),
        rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["nodes/metrics"], verbs=["get"]),
    ]


def account(
    namespace: pulumi.Input[str],
    others: Sequence[pulumi.Output[str]],
    cluster_name: str,
    parent: pulumi.Resource,
) -> tuple[core.v1.ServiceAccount, list[pulumi.Resource]]:
    """Register its identity below `parent`, and what gives it its rights."""
    return identity(
        NAME,
        namespace,
        others=others,
        own=pods_rules(),
        cluster=nodes_rules(),
        cluster_name=cluster_name,
        parent=parent,
    )
