"""Every rule holds for a stack that keeps it, and notices one that doesn't."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from policies.check import Verdict, check, outcome
from policies.graph import Resource, graph_of
from policies.rule import Rule, Severity
from policies.rules import RULES
from policies.rules.pods import USES_TOKEN
from policies.rules.secrets import NO_SECRET
from policies.values import UNKNOWN

from .cases import CASES, NEVER_THERE, Case, Step, added, changed, option, set_to
from .sample import good, sample

BY_ID = {rule.id: rule for rule in RULES}


def verdict(rule: str, *steps: Step, production: bool = True) -> Verdict:
    graph = changed(*steps, production=production)
    return outcome(BY_ID[rule], graph, graph.resources).verdict


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_good_stack_keeps_every_rule(rule: Rule) -> None:
    """And the rule looks at something in it: one that never applies holds for ever."""
    found = outcome(rule, good(), good().resources)
    assert [str(one) for one in found.findings] == []
    assert found.verdict is (Verdict.NOT_APPLICABLE if rule.id in NEVER_THERE else Verdict.PASS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_a_broken_rule_is_noticed(case: Case) -> None:
    graph = case.graph()
    found = outcome(BY_ID[case.rule], graph, graph.resources)
    assert found.verdict is Verdict.FAIL
    assert all(one.violation.what for one in found.findings)


def test_every_rule_has_a_case_and_an_id_of_its_own() -> None:
    assert {case.rule for case in CASES} == set(BY_ID)
    assert len(BY_ID) == len(RULES)


def test_every_rule_says_why_and_what_to_do() -> None:
    for rule in RULES:
        assert len(rule.title) <= 75, rule.id
        assert rule.reason.endswith("."), rule.id
        assert rule.remedy, rule.id


@pytest.mark.parametrize("label", sorted(one.label for one in sample() if one.custom))
def test_what_is_not_known_yet_breaks_no_rule(label: str) -> None:
    """In a preview any input may be unknown: it can't be judged, so it is neither a failure nor a crash."""
    (resource,) = [one for one in sample() if one.label == label]
    others = [one for one in sample() if one is not resource]
    for hidden in _each_unknown(resource.inputs):
        assert isinstance(hidden, dict)
        graph = graph_of([*others, replace(resource, inputs=hidden)], production=True)
        broken = [str(one) for found in check(graph, RULES) for one in found.findings]
        assert broken == [], hidden


def _each_unknown(value: object) -> Iterator[object]:
    """Copies of a value in which one part is unknown."""
    if isinstance(value, dict):
        for key, part in value.items():
            for hidden in (UNKNOWN, *_each_unknown(part)):
                yield {**value, key: hidden}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for hidden in (UNKNOWN, *_each_unknown(part)):
                yield [*value[:index], hidden, *value[index + 1 :]]


def test_what_only_production_needs_is_asked_of_production_alone() -> None:
    for rule in ("DATA-01", "DATA-02", "GKE-01", "SQL-05", "BKT-04", "EDGE-11", "ARM-01"):
        assert verdict(rule, production=False) is Verdict.NOT_APPLICABLE, rule
    point_in_time = "settings/backupConfiguration/pointInTimeRecoveryEnabled"
    assert (
        verdict("SQL-03", set_to("DatabaseInstance/sql", point_in_time, False), production=False)
        is Verdict.PASS
    )


def test_a_token_may_be_used_where_somebody_says_why() -> None:
    token = "spec/template/spec/automountServiceAccountToken"
    why = set_to(
        "Deployment/app", "spec/template/metadata/annotations", {USES_TOKEN: "watches its own leases"}
    )
    assert verdict("POD-08", set_to("Deployment/app", token, True), why) is Verdict.PASS


def test_every_kind_of_pod_is_looked_at() -> None:
    """A CronJob's pods are as dangerous as a Deployment's."""
    (app,) = [one for one in sample() if one.label == "Deployment/app"]
    template = {**app.inputs["spec"]["template"], "spec": {"containers": [{"name": "a", "image": "a"}]}}  # type: ignore[index]  # as it was built
    for type_, inputs in {
        "kubernetes:core/v1:Pod": {"metadata": {}, "spec": template["spec"]},
        "kubernetes:batch/v1:Job": {"spec": {"template": template}},
        "kubernetes:batch/v1:CronJob": {"spec": {"jobTemplate": {"spec": {"template": template}}}},
        "kubernetes:apps/v1:DaemonSet": {"spec": {"template": template}},
    }.items():
        for rule in ("POD-01", "POD-02", "POD-08", "POD-10", "POD-20"):
            assert verdict(rule, added(type_, "bad", inputs)) is Verdict.FAIL, (type_, rule)


def test_a_job_needs_no_probes_and_one_replica_no_budget() -> None:
    assert (
        verdict("POD-21", added("kubernetes:batch/v1:Job", "job", {"spec": {"template": {"spec": {}}}}))
        is Verdict.PASS
    )
    assert verdict("POD-23", set_to("Deployment/app", "spec/replicas", 1)) is Verdict.NOT_APPLICABLE


def test_autopilot_is_exempt_from_what_google_fixes_and_from_nothing_else() -> None:
    autopilot = (
        set_to("Cluster/gke", "enableAutopilot", True),
        set_to("Cluster/gke", "datapathProvider", None),
        set_to("Cluster/gke", "enableShieldedNodes", None),
        set_to("Cluster/gke", "enableIntranodeVisibility", None),
    )
    graph = changed(*autopilot)
    fixed = outcome(BY_ID["GKE-04"], graph, graph.resources)
    assert fixed.verdict is Verdict.NOT_APPLICABLE
    assert [reason for _, reason in fixed.exempt] == ["Autopilot: always Dataplane V2"]
    assert verdict("GKE-14", *autopilot) is Verdict.PASS
    assert verdict("GKE-09", *autopilot, set_to("Cluster/gke", "databaseEncryption", None)) is Verdict.FAIL


def test_spot_nodes_may_come_from_any_zone() -> None:
    anywhere = set_to("NodePool/pool", "autoscaling/locationPolicy", "ANY")
    assert verdict("GKE-12", anywhere, set_to("NodePool/pool", "nodeConfig/spot", True)) is Verdict.PASS


def test_the_metadata_server_may_be_reached_on_purpose() -> None:
    """Workload Identity answers there: who needs it names exactly that address."""
    only = {"cidr": "169.254.169.254/32"}
    block = set_to("NetworkPolicy/app-to-internet-egress", "spec/egress/0/to/0/ipBlock", only)
    assert verdict("NET-05", block) is Verdict.PASS


def test_the_proxy_of_oauth2_is_a_front_too() -> None:
    """A route to it needs no IAP, even though Kotaemon is behind it."""
    route = "HTTPRoute/httproute-app"
    proxied = set_to(route, "spec/rules/0/backendRefs/0/name", "oauth2-proxy")
    iap = set_to("GCPBackendPolicy/gcpbackendpolicy-app", "spec/default/iap", None)
    assert verdict("EDGE-05", iap) is Verdict.FAIL
    assert verdict("EDGE-05", proxied, iap) is Verdict.PASS


def _sign_in(image: str) -> tuple[Step, ...]:
    """A sidecar before Kotaemon, to which its Service and the network policy lead from another cluster's gateway."""
    sidecar, ports = "spec/template/spec/initContainers/0", [{"name": "door", "containerPort": 4180}]
    return (
        set_to("Deployment/app", f"{sidecar}/ports", ports),
        set_to("Deployment/app", f"{sidecar}/image", image),
        set_to("Service/app", "spec/ports/0/targetPort", "door"),
        set_to("GCPBackendPolicy/gcpbackendpolicy-app", "spec/default/iap", None),
        set_to("NetworkPolicy/google-to-app-ingress", "spec/ingress/0/from", [{"namespaceSelector": {"a": "b"}}]),
        set_to("NetworkPolicy/google-to-app-ingress", "spec/ingress/0/ports/0/port", 4180),
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["EDGE-05", "NET-04"])
def test_a_proxy_beside_kotaemon_is_a_front_too(rule: str) -> None:
    """It is the container that listens on the port, not the name of anything, that counts."""
    assert verdict(rule, *_sign_in("quay.io/oauth2-proxy/oauth2-proxy:v7.12.0")) is Verdict.PASS
    assert verdict(rule, *_sign_in("docker.io/library/nginx:1.29.0")) is Verdict.FAIL
    past = set_to("Service/app", "spec/ports/0/targetPort", "http")
    policy = set_to("NetworkPolicy/google-to-app-ingress", "spec/ingress/0/ports/0/port", 8080)
    assert verdict(rule, *_sign_in("quay.io/oauth2-proxy/oauth2-proxy:v7.12.0"), past, policy) is Verdict.FAIL


def test_who_collects_logs_may_read_the_nodes_and_its_namespace_may_allow_it() -> None:
    """Pod Security has no level between: nothing of the node, or all of it."""
    reads = {"policies.kotaemon/reads-node": "logs"}
    said = set_to("Deployment/app", "spec/template/metadata/annotations", reads)
    volume = {"name": "logs", "hostPath": {"path": "/var/log/pods"}}
    logs = set_to("Deployment/app", "spec/template/spec/volumes/0", volume)
    mounts = [{"name": "logs", "mountPath": "/logs", "readOnly": True}]
    mounted = set_to("Deployment/app", "spec/template/spec/containers/0/volumeMounts", mounts)
    assert verdict("POD-06", said, logs, mounted) is Verdict.PASS
    assert verdict("POD-06", logs, mounted) is Verdict.FAIL
    privileged = set_to(
        "Namespace/space", "metadata/labels/pod-security.kubernetes.io~1enforce", "privileged"
    )
    assert (
        verdict("NS-01", said, privileged, set_to("Namespace/space", "metadata/annotations", reads))
        is Verdict.PASS
    )
    assert verdict("NS-01", said, privileged) is Verdict.FAIL


def test_flows_to_pods_that_a_controller_makes_are_left_to_it() -> None:
    """cert-manager proves a domain by pods of its own."""
    solver = {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}}
    assert (
        verdict("NET-06", set_to("NetworkPolicy/google-to-app-ingress", "spec/podSelector", solver))
        is Verdict.PASS
    )


def test_a_variable_may_say_that_there_is_no_secret() -> None:
    """Where a proxy signs the application in, it still asks for a password."""
    literal = {"name": "PG_PASSWORD", "value": NO_SECRET}
    where = "spec/template/spec/containers/0/env/0"
    assert verdict("SEC-03", set_to("Deployment/app", where, literal)) is Verdict.PASS


def test_a_chart_is_no_object() -> None:
    """Its objects' labels are its author's."""
    assert (
        verdict("STR-01", added("kubernetes:helm.sh/v3:Release", "operator", {"chart": "a"})) is Verdict.PASS
    )


def test_advice_blocks_nothing() -> None:
    graph = changed(set_to("Cluster/gke", "maintenancePolicy/maintenanceExclusions", []))
    found = outcome(BY_ID["GKE-18"], graph, graph.resources)
    assert found.rule.severity is Severity.ADVISORY
    assert found.findings
    assert not found.blocks


def test_two_resources_of_one_name_are_both_judged() -> None:
    first, second = sample()[0], replace(sample()[0], inputs={"a": 1})
    found: list[Resource] = list(graph_of([first, second], production=False).resources)
    assert len(found) == 2
    assert verdict("STR-04", option("Service/app", urn="u"), option("Secret/secret", urn="u")) is Verdict.FAIL
