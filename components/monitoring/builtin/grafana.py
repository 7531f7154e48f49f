"""Grafana, which shows the dashboards: everything in it is put there by files, so that it needs to keep nothing.

Source: grafana.com, "Configure Grafana" and "Provision Grafana" (13).
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config import overhead
from components.contracts import Endpoint, SecretRef
from components.kubernetes import config_volume, environment, http, mount, pod, probes, scratch
from components.monitoring.manifests import as_yaml, one_pod, server
from components.monitoring.names import ALERTMANAGER, PROMETHEUS

from . import alertmanager, prometheus

NAME = "grafana"
PORT = 3000
UID = 472
ADMINISTRATOR = "admin"
OVERVIEW = "overview.json"
"""The dashboard that people see first."""
_PROVISIONING = "/etc/grafana/provisioning"
_DASHBOARDS = "/etc/grafana/dashboards"
_PACK = 700 * 2**10  # bytes; 1 MiB with what the API server adds
_DATA = "/var/lib/grafana"
_DATASOURCES_FILE, _DASHBOARDS_FILE = "datasources.yml", "dashboards.yml"


def settings() -> Mapping[str, str]:
    """Its settings, as environment variables: nobody gets in without the password, and it calls nobody."""
    return {
        "GF_PATHS_DATA": _DATA,
        "GF_PATHS_PLUGINS": f"{_DATA}/plugins",
        "GF_PATHS_PROVISIONING": _PROVISIONING,
        "GF_LOG_MODE": "console",
        "GF_SERVER_HTTP_PORT": str(PORT),
        # What a port-forward shows, which is the only way to it.
        "GF_SERVER_ROOT_URL": f"http://localhost:{PORT}/",
        "GF_SECURITY_ADMIN_USER": ADMINISTRATOR,
        "GF_SECURITY_COOKIE_SAMESITE": "strict",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_USERS_ALLOW_ORG_CREATE": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_PLUGINS_PLUGIN_ADMIN_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
        # Prometheus evaluates the rules; Grafana only shows what fires.
        "GF_UNIFIED_ALERTING_EXECUTE_ALERTS": "false",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{_DASHBOARDS}/{OVERVIEW}",
    }


def provisioning(logs: Endpoint | None = None) -> Mapping[str, str]:
    """The files that say where metrics, alerts and `logs` are, and which dashboards there are, by name."""
    datasources: list[dict[str, object]] = [
        {
            "name": "Prometheus",
            "uid": "prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": f"http://{PROMETHEUS}:{prometheus.PORT}",
            "isDefault": True,
            "editable": False,
            "jsonData": {"timeInterval": "30s", "httpMethod": "POST", "manageAlerts": True},
        },
        {
            "name": "Alertmanager",
            "uid": "alertmanager",
            "type": "alertmanager",
            "access": "proxy",
            "url": f"http://{ALERTMANAGER}:{alertmanager.PORT}",
            "editable": False,
            "jsonData": {"implementation": "prometheus"},
        },
    ]
    if logs is not None:
        datasources.append(
            {
                "name": "Loki",
                "uid": "loki",
                "type": "loki",
                "access": "proxy",
                "url": f"http://{logs.address}",
                "editable": False,
            }
        )
    provider = {
        "name": "kotaemon",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": _DASHBOARDS},
    }
    return {
        _DATASOURCES_FILE: as_yaml({"apiVersion": 1, "datasources": datasources}),
        _DASHBOARDS_FILE: as_yaml({"apiVersion": 1, "providers": [provider]}),
    }


def packed(files: Mapping[str, str]) -> list[dict[str, str]]:
    """Dashboards in as few ConfigMaps as hold them: the API server refuses more than 1 MiB in one."""
    packs: list[dict[str, str]] = [{}]
    size = 0
    for file, content in files.items():
        length = len(content.encode())
        if packs[-1] and size + length > _PACK:
            packs.append({})
            size = 0
        packs[-1][file] = content
        size += length
    return packs


def grafana_spec(
    provisioned: pulumi.Input[str],
    dashboards: Sequence[pulumi.Input[str]],
    password: SecretRef,
) -> apps.v1.DeploymentSpecArgs:
    """One Grafana. `provisioned` is the ConfigMap of `provisioning`, `dashboards` are those of `packed`."""
    container = server(
        NAME,
        images.GRAFANA,
        [],
        overhead.GRAFANA,
        probes(http("/api/health", "http")),
        ports=[("http", PORT)],
        env=environment(settings(), {"GF_SECURITY_ADMIN_PASSWORD": password}),
        mounts=[
            mount("data", _DATA),
            mount("tmp", "/tmp"),  # noqa: S108  in the container
            *(
                mount("provisioning", f"{_PROVISIONING}/{folder}/{file}", read_only=True, sub_path=file)
                for folder, file in (("datasources", _DATASOURCES_FILE), ("dashboards", _DASHBOARDS_FILE))
            ),
            mount("dashboards", _DASHBOARDS, read_only=True),
        ],
        disk="512Mi",
    )
    volumes = [
        scratch("data", size="256Mi"),
        scratch("tmp", size="64Mi"),
        config_volume("provisioning", provisioned),
        _dashboards_volume(dashboards),
    ]
    return one_pod(NAME, pod(NAME, UID, containers=[container], volumes=volumes, grace_seconds=30))


def _dashboards_volume(dashboards: Sequence[pulumi.Input[str]]) -> core.v1.VolumeArgs:
    """Every dashboard's file in one folder."""
    return core.v1.VolumeArgs(
        name="dashboards",
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o444,
            sources=[
                core.v1.VolumeProjectionArgs(config_map=core.v1.ConfigMapProjectionArgs(name=name))
                for name in dashboards
            ],
        ),
    )
