"""What the agents may, and may not: the one part of a stack that sees a node's files."""

import json
import re
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import pulumi
import pytest

from components.config.logs import ElasticsearchLogs, ExistingLoki, FluentBitLogs
from components.config.logs import Loki as LokiSettings
from components.contracts import Flow, Peer
from components.logs.agent import READS_NODE, LogAgent, LogAgentArgs, agents_namespace
from components.logs.elasticsearch import policy, template
from components.logs.fluent_bit import Destination
from components.logs.loki import Loki, LokiArgs, loki_config
from policies.check import check
from policies.rules import RULES
from policies.values import at
from tests.program import SENTINEL, Evaluation, registered
from tests.stacks import CERTIFICATE

NAMESPACE = "kotaemon"
AGENTS = agents_namespace(NAMESPACE)
DESTINATIONS: dict[str, tuple[Destination, str]] = {
    "loki": (LokiSettings(), "http://loki.kotaemon.svc:3100"),
    "existing-loki": (
        ExistingLoki(
            kind="existing-loki", url="https://loki.example.com", username="w", ca_certificate=CERTIFICATE
        ),
        "https://loki.example.com",
    ),
    "elasticsearch": (
        ElasticsearchLogs(kind="elasticsearch", url="https://es.example.com:9200", username="w"),
        "https://es.example.com:9200",
    ),
}


@cache
def made(name: str) -> Evaluation:
    """The agents that send to one of the destinations."""
    to, url = DESTINATIONS[name]

    def program() -> None:
        LogAgent(
            "fluent-bit",
            LogAgentArgs(
                settings=FluentBitLogs(kind="fluent-bit", to=to),
                namespace=NAMESPACE,
                namespace_name=NAMESPACE,
                password=pulumi.Output.secret(f"{SENTINEL}-logs"),
                watchers=(Peer(namespace=NAMESPACE),),
            ),
            url,
        )

    return registered(program)


def inputs(name: str, kind: str, resource: str = "fluent-bit") -> Any:
    return made(name).one(kind, resource).inputs


def pod(name: str) -> Any:
    return inputs(name, "DaemonSet")["spec"]["template"]["spec"]


each = pytest.mark.parametrize("name", DESTINATIONS)


@each
def test_the_node_is_only_read_and_only_where_logs_are(name: str) -> None:
    """Whoever gets into the agent must find neither the node's keys nor a place to write."""
    paths = {one["name"]: one["hostPath"]["path"] for one in pod(name)["volumes"] if "hostPath" in one}
    assert paths == {"pods": "/var/log/pods"}
    (container,) = pod(name)["containers"]
    (mount,) = [one for one in container["volumeMounts"] if one["name"] == "pods"]
    assert mount["readOnly"] is True


@each
def test_the_agent_has_no_privilege_but_the_group_of_the_files(name: str) -> None:
    """The namespace's level allows all; the pod asks for what Pod Security restricted allows, and one folder."""
    security = pod(name)["securityContext"]
    assert (security["runAsNonRoot"], security["runAsGroup"]) == (True, 0)
    assert security["runAsUser"] > 0
    assert pod(name)["automountServiceAccountToken"] is False
    (container,) = pod(name)["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert not [one for one in made(name).resources if "rbac" in one.type]


@each
def test_no_rule_is_broken_but_the_two_about_a_node_s_files(name: str) -> None:
    """Reading them needs the one volume and the one level that the rules forbid, and both say why."""
    broken = {
        (found.rule.id, found.resource.kind)
        for outcome in check(made(name), RULES)
        for found in outcome.findings
        if found.rule.id != "STR-05"  # these tests have no provider
    }
    assert broken <= {("POD-06", "DaemonSet"), ("NS-01", "Namespace")}
    space = inputs(name, "Namespace", "fluent-bit-namespace")["metadata"]
    pods = inputs(name, "DaemonSet", "fluent-bit")["spec"]["template"]["metadata"]
    assert READS_NODE in space["annotations"]
    assert READS_NODE in pods["annotations"]


@each
def test_the_agents_reach_the_destination_alone(name: str) -> None:
    """What it reads it can tell nobody else."""
    policies = [one for one in made(name).resources if one.kind == "NetworkPolicy"]
    names = {at(one.inputs, "metadata.name") for one in policies}
    lifecycle = {"logs-lifecycle-to-destination-egress"} if name == "elasticsearch" else set()
    assert names == {
        "default-deny", "allow-dns", "fluent-bit-to-destination-egress", "watchers-to-agents-ingress", *lifecycle,
    }  # fmt: skip
    egress = inputs(name, "NetworkPolicy", "fluent-bit-to-destination-egress")["spec"]["egress"]
    assert [port["port"] for rule in egress for port in rule["ports"]] == [
        {"loki": 3100, "existing-loki": 443, "elasticsearch": 9200}[name]
    ]


@each
def test_the_password_is_in_a_secret_alone(name: str) -> None:
    for one in made(name).resources:
        text = json.dumps(dict(one.inputs), default=str)
        if one.kind == "Secret":
            assert name != "loki"
        else:
            assert SENTINEL not in text


@each
def test_a_changed_configuration_rolls_the_agents(name: str) -> None:
    """Its ConfigMap is named by what is in it, and can't be changed behind their back."""
    (mounted,) = [one["configMap"]["name"] for one in pod(name)["volumes"] if one["name"] == "config"]
    config = inputs(name, "ConfigMap")
    assert config["immutable"] is True
    assert mounted == "fluent-bit-0123abcd"
    assert set(config["data"]) == {"fluent-bit.yaml", "logs.lua", "mask.lua", "noise.lua"}


@each
def test_the_configuration_names_only_what_is_there(name: str) -> None:
    """Its scripts, parsers and folders; and the password by the variable that the pod has."""
    (container,) = pod(name)["containers"]
    data = inputs(name, "ConfigMap")["data"]
    config = json.loads(data["fluent-bit.yaml"])
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    (read,), filters = config["pipeline"]["inputs"], config["pipeline"]["filters"]
    (output,) = config["pipeline"]["outputs"]
    scripts = [PurePosixPath(one["script"]) for one in filters if "script" in one]
    assert scripts
    assert all(script.name in data and str(script.parent) in mounts for script in scripts)
    parsers = {one["name"] for one in (*config["parsers"], *config["multiline_parsers"])}
    named = {one.get("parser", one.get("multiline.parser")) for one in filters} - {None}
    assert named == parsers
    assert read["path"] == f"/var/log/pods/{NAMESPACE}_*/*/*.log"
    assert {read["db"].rpartition("/")[0], config["service"]["storage.path"].rpartition("/")[0]} <= mounts
    variables = {one["name"] for one in container["env"]}
    assert set(re.findall(r"\$\{(\w+)\}", data["fluent-bit.yaml"])) <= variables
    assert ("http_passwd" in output) == (name != "loki")


def test_it_runs_on_every_node_that_may_have_a_pod_of_the_stack() -> None:
    """A tainted node's pods write logs, too."""
    assert pod("loki")["tolerations"] == [{"operator": "Exists"}]


def test_the_authority_of_an_existing_server_is_where_the_configuration_says() -> None:
    (container,) = pod("existing-loki")["containers"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    config = json.loads(inputs("existing-loki", "ConfigMap", "fluent-bit")["data"]["fluent-bit.yaml"])
    (output,) = config["pipeline"]["outputs"]
    assert output["tls.ca_file"] == f"{mounts['ca']}/ca.crt"
    assert output["tls"] == "on"


@pytest.mark.parametrize("days", [1, 14, 3650])
def test_loki_deletes_what_is_older_than_asked_for(days: int) -> None:
    """Without the compactor's part, Loki keeps everything, whatever the limit says."""
    config = json.loads(loki_config(LokiSettings(retention_days=days)))
    assert config["limits_config"]["retention_period"] == f"{24 * days}h"
    assert config["compactor"]["retention_enabled"] is True
    assert config["compactor"]["delete_request_store"]


@pytest.mark.parametrize("days", [1, 30, 3650])
def test_elasticsearch_deletes_what_is_older_than_asked_for(days: int) -> None:
    phases: Any = policy(days)["policy"]
    assert phases["phases"]["delete"] == {"min_age": f"{days}d", "actions": {"delete": {}}}
    settings: Any = template("team-logs")["template"]
    assert settings["settings"] == {"index.lifecycle.name": "team-logs"}


def test_a_changed_retention_is_told_to_elasticsearch_again() -> None:
    """The Job mounts a ConfigMap whose name comes from its content, so that it runs once more."""
    job = inputs("elasticsearch", "Job", "fluent-bit-lifecycle")["spec"]["template"]["spec"]
    (files,) = [one["configMap"]["name"] for one in job["volumes"] if one["name"] == "files"]
    assert files == "fluent-bit-lifecycle-0123abcd"
    assert job["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def _loki() -> None:
    Loki("loki", LokiArgs(settings=LokiSettings(), namespace=NAMESPACE, writers=AGENTS, protect=True))


def test_loki_keeps_every_rule_for_pods() -> None:
    """It is a server like the others: nothing of the node, nothing as root."""
    evaluation = registered(_loki)
    pods = [
        one
        for outcome in check(evaluation, RULES)
        if outcome.rule.id.startswith("POD")
        for one in outcome.findings
    ]
    assert not pods


def test_only_the_agents_may_write_to_loki() -> None:
    """It has no password."""
    flows: list[Flow] = []

    def program() -> None:
        flows.extend(
            Loki(
                "loki", LokiArgs(settings=LokiSettings(), namespace=NAMESPACE, writers=AGENTS, protect=True)
            ).flows
        )

    registered(program)
    (flow,) = flows
    assert flow.origins == (Peer(namespace=AGENTS),)
    assert flow.ports == (3100,)
