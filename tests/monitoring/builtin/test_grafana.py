"""Grafana: nobody gets in without the password, it calls nobody, and shows what the definition gives."""

from typing import Any

import yaml

from components.contracts import Endpoint, Peer, SecretRef
from components.monitoring.builtin import grafana
from components.monitoring.dashboards import grafana_dashboards
from tests.monitoring.rules.definitions import builtin
from tests.program import plain

DASHBOARDS = grafana_dashboards(builtin())
SPEC = plain(grafana.grafana_spec("provisioning", ["first", "second"], SecretRef(name="s", key="password")))[
    "template"
]["spec"]


def container() -> Any:
    """Grafana's own."""
    return SPEC["containers"][0]


def test_nobody_gets_in_without_the_password() -> None:
    """Dashboards show how many people use it, and when."""
    settings = grafana.settings()
    assert settings["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert settings["GF_USERS_ALLOW_SIGN_UP"] == "false"
    password = next(one for one in container()["env"] if one["name"] == "GF_SECURITY_ADMIN_PASSWORD")
    assert password["value_from"] == {"secret_key_ref": {"name": "s", "key": "password"}}


def test_it_calls_nobody() -> None:
    """The network lets it reach Prometheus and Alertmanager alone: each other call would be a time-out."""
    settings = grafana.settings()
    calls = (
        "REPORTING",
        "CHECK_FOR_UPDATES",
        "CHECK_FOR_PLUGIN_UPDATES",
        "NEWS_FEED",
        "EXTERNAL",
        "PLUGIN_ADMIN",
    )
    for word in calls:
        assert [value for name, value in settings.items() if word in name] == ["false"], word
    assert settings["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


def test_every_dashboard_is_where_it_looks() -> None:
    """One that is left out of the folder isn't shown, without a word."""
    folder = next(one for one in container()["volume_mounts"] if one["name"] == "dashboards")["mount_path"]
    sources = next(one for one in SPEC["volumes"] if one["name"] == "dashboards")["projected"]["sources"]
    provider = yaml.safe_load(grafana.provisioning()["dashboards.yml"])["providers"][0]
    assert [one["config_map"]["name"] for one in sources] == ["first", "second"]
    assert provider["options"]["path"] == folder
    assert grafana.settings()["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/{grafana.OVERVIEW}"
    assert grafana.OVERVIEW in DASHBOARDS


def test_dashboards_are_in_few_config_maps_that_the_api_server_takes() -> None:
    """It refuses more than a MiB in one, and each is one more thing that an `up` compares."""
    packs = grafana.packed(DASHBOARDS)
    assert {file: content for pack in packs for file, content in pack.items()} == DASHBOARDS
    assert len(packs) == 1
    many = {f"{number}.json": "x" * 300_000 for number in range(7)}
    packs = grafana.packed(many)
    assert [len(pack) for pack in packs] == [2, 2, 2, 1]
    assert {file for pack in packs for file in pack} == set(many)


def test_it_asks_the_stacks_own_servers() -> None:
    """By their Services' names and ports."""
    loki = Endpoint(host="loki", port=3100, peer=Peer(labels={}))
    shown = yaml.safe_load(grafana.provisioning(loki)["datasources.yml"])["datasources"]
    assert [one["url"] for one in shown if one["type"] == "loki"] == ["http://loki:3100"]
    found = yaml.safe_load(grafana.provisioning()["datasources.yml"])["datasources"]
    assert {one["name"]: one["url"] for one in found} == {
        "Prometheus": "http://prometheus:9090",
        "Alertmanager": "http://alertmanager:9093",
    }
    assert [one["name"] for one in found if one.get("isDefault")] == ["Prometheus"]
