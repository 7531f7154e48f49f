"""What must hold for every resource of every stack, checked on the whole program under mocks."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.config.fields import amount
from components.images import (
    CHROMA,
    CLOUD_SQL_PROXY,
    ELASTICSEARCH,
    OAUTH2_PROXY,
    POSTGRES,
    QDRANT,
)

from .program import SENTINEL, Registration, evaluate, resolved
from .stacks import VARIANTS, graph_of

pytestmark = pytest.mark.parametrize("stack", VARIANTS)
_LABELS = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component",
           "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"}  # fmt: skip


def _text(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def test_preview_and_update_register_the_same(stack: str) -> None:
    """Else a pull request's preview would show another change than the one that is made."""
    preview = {one.urn: _text(one.inputs) for one in graph_of(stack, preview=True).registrations}
    update = {one.urn: _text(one.inputs) for one in graph_of(stack).registrations}
    assert preview == update
    assert len(update) > 20


def test_every_object_is_in_the_tree_and_on_the_stacks_own_cluster(stack: str) -> None:
    """Without a parent the tree can't be read; without our provider an object goes to kubectl's current cluster."""
    graph = graph_of(stack)
    (cluster,) = graph.of("kubernetes")
    for one in graph.registrations:
        assert one.parent, one.urn
        if one.is_kubernetes:
            assert one.provider.startswith(cluster.urn), one.urn
        if one.type.startswith("gcp:"):
            (google,) = graph.of("gcp")
            assert one.provider.startswith(google.urn), one.urn


def test_every_object_has_the_recommended_labels_and_our_namespace(stack: str) -> None:
    for one in graph_of(stack).kubernetes:
        if one.kind == "Release":
            continue
        metadata = one.inputs["metadata"]
        assert metadata["labels"].keys() >= _LABELS, one.urn
        if one.kind not in ("Namespace", "StorageClass", "GatewayClass"):
            assert metadata["namespace"] == "kotaemon", one.urn


def test_no_generated_or_supplied_secret_leaves_a_secret(stack: str) -> None:
    """A password in an environment variable or ConfigMap is read by everyone who may list pods."""
    graph = graph_of(stack)
    holders = {one.urn for one in graph.registrations if SENTINEL in _text(one.inputs)}
    # Cloud SQL must be told its administrator's password; it is encrypted there, too.
    told = {one.urn for one in graph.of("User") if "password" in one.encrypted}
    assert {urn for urn in holders if "core/v1:Secret::" not in urn} == told
    assert {one.urn for one in graph.of("Secret")} == holders - told, (
        "the sentinel was not seen where it must be"
    )


def test_containers_are_restricted(stack: str) -> None:
    """Non-root, read-only root, nothing gained: a takeover of the application stays in the application."""
    for owner, container in graph_of(stack).containers():
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True, owner.urn
        assert context["allowPrivilegeEscalation"] is False, owner.urn
        assert context["runAsNonRoot"] is True, owner.urn
        assert context["capabilities"] == {"drop": ["ALL"]}, owner.urn


def test_pods_are_restricted(stack: str) -> None:
    for one in graph_of(stack).registrations:
        if (spec := one.pod_spec) is None:
            continue
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False, "a token is what an intruder looks for first"
        assert spec["enableServiceLinks"] is False, (
            "other services' addresses would shadow Kotaemon's settings"
        )


def test_containers_say_what_they_need(stack: str) -> None:
    for owner, container in graph_of(stack).containers():
        for side in ("requests", "limits"):
            assert container["resources"][side].keys() >= {"cpu", "memory", "ephemeral-storage"}, owner.urn


def test_servers_have_all_three_probes(stack: str) -> None:
    for one in graph_of(stack).of("Deployment") + graph_of(stack).of("StatefulSet"):
        for container in (one.pod_spec or {})["containers"]:
            assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}, one.urn


def test_images_are_pinned(stack: str) -> None:
    for owner, container in graph_of(stack).containers():
        image = container["image"]
        assert re.search(r":v?[0-9]+\.[0-9]+\.[0-9]+[^:]*$", image), (owner.urn, image)
        assert "bitnami" not in image
        assert image in (
            CHROMA,
            CLOUD_SQL_PROXY,
            ELASTICSEARCH,
            OAUTH2_PROXY,
            POSTGRES,
            QDRANT,
        ) or image.startswith("ghcr.io/cinnamon/kotaemon:")


def test_replicas_are_spread_and_evicted_one_at_a_time(stack: str) -> None:
    graph = graph_of(stack)
    budgets = {_text(one.inputs["spec"]["selector"]) for one in graph.of("PodDisruptionBudget")}
    for one in graph.of("Deployment") + graph.of("StatefulSet"):
        spec = one.inputs["spec"]
        if spec.get("replicas") == 1:
            continue
        assert _text(spec["selector"]) in budgets, one.urn
        assert {c["topologyKey"] for c in (one.pod_spec or {})["topologySpreadConstraints"]} == {
            "topology.kubernetes.io/zone", "kubernetes.io/hostname",
        }  # fmt: skip


def test_mounts_have_volumes_and_writable_ones_are_scratch_or_data(stack: str) -> None:
    for one in graph_of(stack).registrations:
        if (spec := one.pod_spec) is None:
            continue
        claims = {c["metadata"]["name"] for c in one.inputs["spec"].get("volumeClaimTemplates") or []}
        volumes = {volume["name"] for volume in spec.get("volumes") or []} | claims
        for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
            for mounted in container.get("volumeMounts") or []:
                assert mounted["name"] in volumes, (one.urn, mounted)


def test_scratch_folders_are_bounded(stack: str) -> None:
    """An unbounded one fills the node's disk, and the node evicts everybody."""
    for one in graph_of(stack).registrations:
        for volume in (one.pod_spec or {}).get("volumes") or []:
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], one.urn


def test_scratch_folders_fit_the_limit_that_evicts(stack: str) -> None:
    """The kubelet counts them: a pod that may fill more than its limit is evicted while it does."""
    for one in graph_of(stack).registrations:
        if (spec := one.pod_spec) is None:
            continue
        folders = [volume["emptyDir"] for volume in spec.get("volumes") or [] if "emptyDir" in volume]
        disk = sum(amount(folder["sizeLimit"]) for folder in folders if folder.get("medium") != "Memory")
        limits = [container["resources"]["limits"]["ephemeral-storage"] for container in spec["containers"]]
        assert disk < sum(amount(limit) for limit in limits), one.urn


def test_stateful_sets_and_claims_keep_their_names(stack: str) -> None:
    """A new name would be a new, empty volume."""
    graph = graph_of(stack)
    for one in graph.of("StatefulSet") + graph.of("PersistentVolumeClaim"):
        assert not one.inputs["metadata"]["name"].endswith("-0123abcd"), one.urn


def test_secrets_and_configmaps_are_immutable_and_named_by_content(stack: str) -> None:
    """So that a rotated key rolls the pods that read it, instead of being noticed at the next crash."""
    graph = graph_of(stack)
    for one in graph.of("Secret") + graph.of("ConfigMap"):
        assert one.inputs["immutable"] is True, one.urn
        assert "name" not in one.inputs["metadata"], one.urn


def test_secrets_are_encrypted_in_the_state(stack: str) -> None:
    for one in graph_of(stack).of("Secret"):
        assert "stringData" in one.encrypted, one.urn


def test_every_secret_that_a_pod_reads_exists(stack: str) -> None:
    graph = graph_of(stack)
    known: dict[str, set[str]] = {}
    for one in graph.of("Secret"):
        known[f"{one.name}-0123abcd"] = set(one.inputs["stringData"])
    existing: Mapping[str, Any] = dict(VARIANTS[stack].config.get("kotaemon:secrets", {}))  # type: ignore[call-overload]  # a mapping in every variant
    for there in existing.values():
        known.setdefault(there["name"], set()).add(there["key"])
    for managed in graph.of("SecretSync"):
        known[managed.inputs["metadata"]["name"]] = {
            entry["targetKey"] for entry in managed.inputs["spec"]["secretObject"]["data"]
        }
    for owner, container in graph.containers():
        for variable in container.get("env") or []:
            ref = (variable.get("valueFrom") or {}).get("secretKeyRef")
            if ref is not None:
                assert ref["key"] in known.get(ref["name"], ()), (owner.urn, variable)


def test_network_denies_by_default_and_each_side_of_a_flow_is_open(stack: str) -> None:
    """A flow with one side open is a time-out that takes an hour to understand."""
    policies = {
        one.inputs["metadata"]["name"]: one.inputs["spec"] for one in graph_of(stack).of("NetworkPolicy")
    }
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        if not name.endswith("-egress"):
            continue
        (rule,) = spec["egress"]
        (peer,) = rule["to"]
        if "podSelector" in peer:
            other = policies[name.removesuffix("egress") + "ingress"]
            assert other["podSelector"] == peer["podSelector"], name
            assert other["ingress"] == [
                {"from": [{"podSelector": spec["podSelector"]}], "ports": rule["ports"]}
            ]


def test_flows_lead_to_pods_and_ports_that_exist(stack: str) -> None:
    graph = graph_of(stack)
    pods = [one for one in graph.registrations if one.pod_spec is not None]
    for policy in graph.of("NetworkPolicy"):
        selected = policy.inputs["spec"]["podSelector"].get("matchLabels", {})
        owners = [one for one in pods if selected.items() <= _pod_labels(one).items()]
        if policy.name.startswith("edge-to-certificate-challenge"):
            continue  # cert-manager's own pods, which come and go
        assert owners, policy.urn
        for rule in policy.inputs["spec"].get("ingress") or []:
            open_ports = {
                port["containerPort"]
                for one in owners
                for group in ("containers", "initContainers")
                for container in (one.pod_spec or {}).get(group) or []
                for port in container.get("ports") or []
            }
            assert {port["port"] for port in rule["ports"]} <= open_ports, policy.urn


def test_nobody_gets_in_without_signing_in(stack: str) -> None:
    """Kotaemon can be taken over without a password: whoever is let in to it must have signed in before.

    Either oauth2-proxy is all that listens in its pods, or only Google's load balancers reach them, and IAP is on.
    """
    graph = graph_of(stack)
    services = [one for one in graph.of("Service") if one.is_kubernetes]
    assert {one.inputs["spec"]["type"] for one in services} == {"ClusterIP"}
    assert not graph.of("Ingress")
    entrances = [
        (rule, peer)
        for one in graph.of("NetworkPolicy")
        if one.inputs["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        == "kotaemon"
        for rule in one.inputs["spec"].get("ingress") or []
        for peer in rule["from"]
    ]
    if not graph.of("Gateway"):
        assert entrances == []
        return
    (deployment,) = graph.of("Deployment")
    (kotaemon,) = (deployment.pod_spec or {})["containers"]
    listens = {variable["name"]: variable.get("value") for variable in kotaemon["env"]}["GRADIO_SERVER_NAME"]
    sidecars = {one["name"] for one in (deployment.pod_spec or {})["initContainers"]}
    if "sign-in" in sidecars:
        assert listens == "127.0.0.1"
        assert {port["port"] for rule, _ in entrances for port in rule["ports"]} == {4180}
    else:
        (policy,) = graph.of("GCPBackendPolicy")
        assert policy.inputs["spec"]["default"]["iap"]["enabled"] is True
        assert [peer for _, peer in entrances] == [
            {"ipBlock": {"cidr": "35.191.0.0/16"}}, {"ipBlock": {"cidr": "130.211.0.0/22"}},
        ]  # fmt: skip


def test_kotaemon_cannot_reach_the_metadata_server_or_private_networks(stack: str) -> None:
    """An intruder's next step would be the node's credentials."""
    spec = graph_of(stack).one("NetworkPolicy", "kotaemon-to-internet-egress").inputs["spec"]
    block = spec["egress"][0]["to"][0]["ipBlock"]
    assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(block["except"])


def test_outputs_say_how_to_get_in(stack: str) -> None:
    # Outputs belong to the latest evaluation: this one needs its own.
    variant = VARIANTS[stack]
    outputs = evaluate(variant.config, stack=variant.stack, secrets=variant.secrets).outputs
    assert resolved(outputs["open"]) == "kubectl -n kotaemon port-forward service/kotaemon 7860:80"
    assert outputs["adminUsername"] == "admin"
    assert set(outputs["databases"]) == {"metadata", "vectors", "documents"}
    password = resolved(outputs["adminPassword"])
    assert password.startswith(SENTINEL) or "in the Secret team" in password


def _pod_labels(one: Registration) -> Mapping[str, str]:
    labels: Mapping[str, str] = one.inputs["spec"]["template"]["metadata"]["labels"]
    return labels
