"""What Prometheus is told to collect: enough for every rule and dashboard, and nothing else."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from components.contracts import Peer
from components.logs.watch import agent_watch
from components.monitoring.builtin import server
from components.monitoring.builtin.component import builtin_flows
from components.monitoring.builtin.prometheus import RULES, SECRETS, scraped
from components.monitoring.dashboards import boards
from components.monitoring.definition import Definition
from components.monitoring.exporters import exporters
from components.monitoring.manifests import TOKEN_FILE
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
from components.monitoring.rules.pace import length
from components.monitoring.rules.render import rule_file
from components.signals.model import Recording
from sandbox import build
from tests.monitoring.rules.definitions import NAMESPACE, VARIANTS, builtin
from tests.program import plain

from .rendered import prometheus_settings, prometheus_text

OWN = {name: one for name, one in VARIANTS.items() if name not in ("operator", "google")}
each_way = pytest.mark.parametrize("definition", OWN.values(), ids=OWN)
_SELECTED = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\{")
_PROMETHEUS_OWN = {"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_samples_post_metric_relabeling"}
_NOT_HERE = {"backup_size_bytes", "fluentbit_input_bytes_total"}
"""Of components that these definitions haven't got; their targets keep them."""


def jobs(definition: Definition, **more: float) -> dict[str, Any]:
    """The scrape settings by job."""
    return {job["job_name"]: job for job in prometheus_settings(definition, **more)["scrape_configs"]}


def kept(job: Any) -> str | None:
    """The pattern of the names that a job keeps."""
    for step in job.get("metric_relabel_configs", ()):
        if step.get("action") == "keep" and step["source_labels"] == ["__name__"]:
            return str(step["regex"])
    return None


def read(definition: Definition) -> Iterator[str]:
    """Every metric that a rule or a dashboard reads."""
    expressions = [rule.expr for group in definition.groups for rule in group.rules]
    expressions += [query.expr for board in boards(definition) for _, query in board.queries()]
    recorded = {
        rule.record for group in definition.groups for rule in group.rules if isinstance(rule, Recording)
    }
    for expr in expressions:
        for name in _SELECTED.findall(expr):
            if name not in _PROMETHEUS_OWN | _NOT_HERE and not any(one.endswith(name) for one in recorded):
                yield name


@each_way
def test_every_metric_that_a_rule_or_a_dashboard_reads_is_kept(definition: Definition) -> None:
    """An alert on a metric that is thrown away never fires, and nobody notices."""
    patterns = [pattern for job in jobs(definition).values() if (pattern := kept(job))]
    wanted = set(read(definition))
    missing = {name for name in wanted if not any(re.fullmatch(one, name) for one in patterns)}

    assert len(wanted) > 20
    assert not missing


@each_way
def test_every_source_is_bounded_by_the_metrics_that_are_kept(definition: Definition) -> None:
    """An exporter's next version tells hundreds more, and the volume fills."""
    assert [name for name, job in jobs(definition).items() if kept(job) is None] == []


def test_nodes_metrics_are_kept_of_the_stacks_own_pods_alone() -> None:
    """A node tells of every tenant's pods."""
    alone = tuple(watch for watch in builtin().watches if not watch.workload or not watch.workload.namespace)
    found = jobs(replace(builtin(), watches=alone))
    for name in (CADVISOR, KUBELET):
        first = found[name]["metric_relabel_configs"][0]
        assert first == {"action": "keep", "source_labels": ["namespace"], "regex": NAMESPACE}


def test_parts_in_a_namespace_of_their_own_are_seen_too() -> None:
    """Logs' agents read the node's files, which the stack's namespace doesn't allow."""
    found = jobs(replace(builtin(), watches=(agent_watch(NAMESPACE, "agents"),)))
    assert found[CADVISOR]["metric_relabel_configs"][0]["regex"] == f"{NAMESPACE}|agents"
    discovery = found["fluent-bit"]["kubernetes_sd_configs"][0]
    assert discovery["namespaces"] == {"names": ["agents"]}
    assert {"target_label": "namespace", "replacement": NAMESPACE} in found["fluent-bit"]["relabel_configs"]


def test_a_whole_node_isnt_taken_for_a_pod() -> None:
    """Series without a namespace get the target's: without a pod they are the node's own."""
    job = jobs(builtin())[CADVISOR]
    assert {"action": "keep", "source_labels": ["pod"], "regex": ".+"} in job["metric_relabel_configs"]
    assert "pod" not in [step.get("target_label") for step in job["relabel_configs"]]


def test_the_state_of_objects_isnt_labelled_with_the_pod_that_tells_it() -> None:
    """A Deployment's series would have that pod's name, and alerts would start anew when it is replaced."""
    labels = [step.get("target_label") for step in jobs(builtin())[KUBE_STATE_METRICS]["relabel_configs"]]
    assert "pod" not in labels
    assert "component" not in labels


def test_tokens_are_read_from_files() -> None:
    """The settings lie in a ConfigMap, which more people may read than Secrets."""
    found = {name: job["authorization"] for name, job in jobs(builtin()).items() if "authorization" in job}
    assert found == {
        "qdrant": {"credentials_file": "/etc/prometheus/secrets/qdrant"},
        CADVISOR: {"credentials_file": TOKEN_FILE},
        KUBELET: {"credentials_file": TOKEN_FILE},
    }


@each_way
@pytest.mark.parametrize("pace", [1, 30])
def test_no_scrape_takes_longer_than_until_the_next(definition: Definition, pace: float) -> None:
    """Prometheus refuses such settings as a whole."""
    for job in jobs(definition, pace=pace).values():
        assert length(job["scrape_timeout"]) <= length(job["scrape_interval"])
        for targets in job.get("static_configs", ()):
            labels = targets["labels"]
            if "__scrape_interval__" in labels:
                assert length(labels["__scrape_timeout__"]) <= length(labels["__scrape_interval__"])


def test_a_slow_answer_is_seen_as_slow() -> None:
    """A scrape that ends before its probe leaves nothing but a gap."""
    assert length(jobs(builtin())[PROBES]["scrape_timeout"]) >= PATIENCE + timedelta(seconds=1)


def test_each_question_says_which_part_it_is_about() -> None:
    """Alerts name the part; the address changes."""
    found = [targets["labels"] for targets in jobs(builtin())[PROBES]["static_configs"]]
    assert [one["probe"] for one in found] == [probe.name for probe in builtin().probes]
    database = next(one for one in found if one["probe"] == "postgres")
    assert (database["component"], database["part"], database["essential"], database["namespace"]) == (
        "postgres",
        "PostgreSQL",
        "true",
        NAMESPACE,
    )


def test_the_least_leaves_out_what_databases_tell() -> None:
    """What stays says whether people can use it: probes, pods, volumes, and whether somebody is told."""
    assert set(jobs(builtin(minimal=True))) == {
        PROBES,
        BLACKBOX,
        KUBE_STATE_METRICS,
        CADVISOR,
        KUBELET,
        PROMETHEUS,
        ALERTMANAGER,
    }
    assert exporters(builtin(minimal=True), state=True) == (BLACKBOX, KUBE_STATE_METRICS)


@each_way
def test_the_network_lets_it_reach_all_that_it_scrapes(definition: Definition) -> None:
    """In a namespace that denies by default a target without a flow is down for ever."""
    flows = [
        (flow.destination, flow.ports)
        for flow in builtin_flows(definition)
        if flow.source["app.kubernetes.io/name"] == PROMETHEUS
    ]
    for one in scraped(definition):
        there = Peer(namespace=one.namespace) if one.namespace else Peer(labels=dict(one.pods))
        assert (there, (one.port,)) in flows, one.job


def test_it_may_read_metrics_and_no_more() -> None:
    """`nodes/proxy` would let whoever takes it over run commands in every pod."""
    rules = [plain(rule) for rule in (*server.pods_rules(), *server.nodes_rules())]
    allowed = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert {resource for resource, _ in allowed} == {"pods", "nodes", "nodes/metrics"}
    assert {verb for _, verb in allowed} == {"get", "list", "watch"}


def test_series_are_kept_as_long_as_the_objectives_look_back() -> None:
    """Else the error budget is computed from less than it says."""
    settings = builtin().watching
    long = settings.model_copy(update={"retention_days": 7})  # the objectives count over 30
    assert "--storage.tsdb.retention.time=31d" in server.arguments(long)  # type: ignore[arg-type]  # it is the builtin one


def test_the_volume_is_never_filled() -> None:
    """A Prometheus whose disk is full stops, and with it all alerts."""
    assert "--storage.tsdb.retention.size=8192MB" in server.arguments(builtin().watching)  # type: ignore[arg-type]  # of 10Gi


def test_the_same_definition_gives_the_same_file() -> None:
    """A difference would roll its pod at every update."""
    assert prometheus_text(builtin()) == prometheus_text(builtin())


@pytest.mark.sandbox
@each_way
@pytest.mark.parametrize("pace", [1, 30])
def test_prometheus_accepts_the_settings_the_rules_and_every_file_they_name(
    definition: Definition, pace: float, tmp_path: Path
) -> None:
    """By its own tool, which looks for each file; in the pod a missing one is a server that doesn't start."""
    text = prometheus_text(definition, pace=pace)
    for there, name in ((SECRETS, "secrets"), (RULES, "rules"), (str(Path(TOKEN_FILE).parent), "account")):
        text = text.replace(there, f"{tmp_path}/{name}")
        (tmp_path / name).mkdir()
    for file in ("account/token", "account/ca.crt", *(f"secrets/{one.job}" for one in scraped(definition))):
        (tmp_path / file).touch()
    (tmp_path / "rules" / server.RULES_FILE).write_text(rule_file(definition, pace=pace))
    (tmp_path / server.CONFIG_FILE).write_text(text)
    done = subprocess.run(
        [build.ensure(["promtool"])["promtool"], "check", "config", tmp_path / server.CONFIG_FILE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout
