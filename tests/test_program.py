"""What must hold for every resource of every stack beyond the rules, checked on the whole program under mocks.

That every stack keeps the rules themselves is tests/policies/test_stacks.py's.
"""

import json
from collections.abc import Mapping

import pytest

from components import images
from policies.graph import Graph
from policies.podspec import podspec
from policies.values import UNKNOWN, at, items, mapping, number, text

from .program import SENTINEL
from .stacks import VARIANTS, graph_of

pytestmark = pytest.mark.parametrize("stack", VARIANTS)
_CLUSTER_WIDE = ("Namespace", "StorageClass", "GatewayClass", "ClusterRole", "ClusterRoleBinding")
_IMAGES = {value for key, value in vars(images).items() if key.isupper() and isinstance(value, str)}


def _text(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def _foretells(preview: object, update: object) -> bool:
    """Whether an update makes what its preview showed, where that was known."""
    if isinstance(preview, Mapping) and isinstance(update, Mapping):
        return preview.keys() == update.keys() and all(
            _foretells(preview[key], update[key]) for key in preview
        )
    if isinstance(preview, list) and isinstance(update, list):
        return len(preview) == len(update) and all(map(_foretells, preview, update))
    return preview is UNKNOWN or preview == update


def _shape(graph: Graph) -> dict[str, object]:
    """What is registered, and its options."""
    return {one.urn: (one.parent, one.provider, one.protect, one.retain) for one in graph.resources}


def test_preview_and_update_register_the_same(stack: str) -> None:
    """Else a pull request's preview would show another change than the one that is made."""
    preview, update = graph_of(stack, preview=True), graph_of(stack)
    assert _shape(preview) == _shape(update)
    for before, after in zip(preview.resources, update.resources, strict=True):
        assert _foretells(before.inputs, after.inputs), before.urn
    assert len(update.resources) > 20


def test_every_object_is_in_the_tree_and_on_the_stacks_own_cluster(stack: str) -> None:
    """Without a parent the tree can't be read; without our provider an object goes to kubectl's current cluster."""
    graph = graph_of(stack)
    own = {one.kind: one.urn for one in graph.resources if one.type.startswith("pulumi:providers:")}
    for one in graph.resources:
        assert one.parent, one.urn
        if one.package in ("kubernetes", "gcp"):
            assert one.provider == own[one.package], one.urn


def test_every_object_is_in_our_namespace(stack: str) -> None:
    for one in graph_of(stack).objects:
        if one.kind not in _CLUSTER_WIDE:
            # Who reads the nodes' logs needs a namespace of its own.
            assert one.namespace in ("kotaemon", "kotaemon-logs"), one.urn
        elif one.kind.startswith("ClusterRole"):
            assert str(one.object_name).startswith("kotaemon-"), "another stack on the cluster has one, too"


def test_no_generated_or_supplied_secret_leaves_a_secret(stack: str) -> None:
    """A password in an environment variable or ConfigMap is read by everyone who may list pods.

    Looked for by its value: a mark can be lost on the way.
    """
    graph = graph_of(stack)
    holders = {one.urn for one in graph.resources if SENTINEL in _text(one.inputs)}
    # Cloud SQL must be told its administrator's password; it is encrypted there, too.
    told = {one.urn for one in graph.of("gcp:sql/user:User") if "password" in one.secrets}
    # So must Google who is to be told of alerts.
    told |= {
        one.urn for one in graph.of("gcp:monitoring/notificationChannel:NotificationChannel") if one.secrets
    }
    secrets = {one.urn for one in graph.of("Secret")}
    assert holders == told | secrets, "in something else, or not where it must be"


def test_images_are_those_of_the_table(stack: str) -> None:
    """One place to bump them, and to see what runs."""
    for pods in graph_of(stack).pods:
        for container in pods.containers():
            image = text(container.at("image")) or ""
            assert image in _IMAGES or image.startswith("ghcr.io/cinnamon/kotaemon:"), (container.path, image)


def test_pods_run_as_a_number(stack: str) -> None:
    """The kubelet starts nothing whose image names its user: it can't tell that this isn't root."""
    for pods in graph_of(stack).pods:
        assert (number(pods.at("securityContext.runAsUser")) or 0) > 0, pods.owner.urn


def test_mounts_have_volumes(stack: str) -> None:
    for pods in graph_of(stack).pods:
        claims = {
            at(one, "metadata.name") for one in items(at(pods.owner.inputs, "spec.volumeClaimTemplates"))
        }
        volumes = {at(volume, "name") for _, volume in pods.volumes()} | claims
        for container in pods.containers():
            assert {at(one, "name") for one in items(container.at("volumeMounts"))} <= volumes, container.path


def test_every_secret_that_a_pod_reads_exists(stack: str) -> None:
    """A pod that refers to a key which isn't there never starts."""
    graph = graph_of(stack)
    known: dict[object, set[object]] = {
        f"{one.name}-0123abcd": set(mapping(one.inputs["stringData"])) for one in graph.of("Secret")
    }
    for there in mapping(VARIANTS[stack].config.get("kotaemon:secrets")).values():
        known.setdefault(at(there, "name"), set()).add(at(there, "key"))
    for managed in graph.of("SecretSync"):
        known[managed.object_name] = {
            at(one, "targetKey") for one in items(at(managed.inputs, "spec.secretObject.data"))
        }
    for pods in graph.pods:
        for container in pods.containers():
            for variable in items(container.at("env")):
                ref = at(variable, "valueFrom.secretKeyRef")
                if ref is not None:
                    assert at(ref, "key") in known.get(at(ref, "name"), ()), (container.path, variable)


def test_network_denies_by_default_and_each_side_of_a_flow_is_open(stack: str) -> None:
    """A flow with one side open is a time-out that takes an hour to understand."""
    policies = {
        text(one.object_name) or "": at(one.inputs, "spec") for one in graph_of(stack).of("NetworkPolicy")
    }
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        if not name.endswith("-egress"):
            continue
        (rule,) = items(at(spec, "egress"))
        for peer in items(at(rule, "to")):
            if at(peer, "podSelector") is not None and at(peer, "namespaceSelector") is None:
                other = policies[name.removesuffix("egress") + "ingress"]
                assert at(other, "podSelector") == at(peer, "podSelector"), name
                assert at(other, "ingress") == [
                    {"from": [{"podSelector": at(spec, "podSelector")}], "ports": at(rule, "ports")}
                ]


def test_nobody_gets_in_without_signing_in(stack: str) -> None:
    """Kotaemon can be taken over without a password: whoever is let in to it must have signed in before.

    Either oauth2-proxy is all that listens in its pods, or only Google's load balancers reach them, and IAP is on.
    The prober, which asks for pages and can send nothing, may look past both.
    """
    graph = graph_of(stack)
    entrances = [
        (rule, peer)
        for one in graph.of("NetworkPolicy")
        if mapping(at(one.inputs, "spec.podSelector.matchLabels")).get("app.kubernetes.io/name") == "kotaemon"
        for rule in items(at(one.inputs, "spec.ingress"))
        for peer in items(at(rule, "from"))
        if not _is_prober(peer) and not _is_for_metrics(rule)
    ]
    if not graph.of("Gateway"):
        assert entrances == []
        return
    pods = podspec(graph.one("Deployment", "kotaemon"))
    (kotaemon,) = items(pods.at("containers"))
    listens = {at(one, "name"): at(one, "value") for one in items(at(kotaemon, "env"))}["GRADIO_SERVER_NAME"]
    if "sign-in" in {at(one, "name") for one in items(pods.at("initContainers"))}:
        assert listens == "127.0.0.1"
        assert {at(port, "port") for rule, _ in entrances for port in items(at(rule, "ports"))} == {4180}
    else:
        (policy,) = graph.of("GCPBackendPolicy")
        assert at(policy.inputs, "spec.default.iap.enabled") is True
        assert [peer for _, peer in entrances] == [
            {"ipBlock": {"cidr": "35.191.0.0/16"}}, {"ipBlock": {"cidr": "130.211.0.0/22"}},
        ]  # fmt: skip


def _is_prober(peer: object) -> bool:
    return mapping(at(peer, "podSelector.matchLabels")).get("app.kubernetes.io/name") == "blackbox-exporter"


def _is_for_metrics(rule: object) -> bool:
    """oauth2-proxy tells its own metrics there, and passes nothing on."""
    return [at(port, "port") for port in items(at(rule, "ports"))] == [44180]


def test_kotaemon_cannot_reach_the_metadata_server_or_private_networks(stack: str) -> None:
    """An intruder's next step would be the node's credentials."""
    flow = graph_of(stack).one("NetworkPolicy", "kotaemon-to-internet-egress")
    (rule,) = items(at(flow.inputs, "spec.egress"))
    (peer,) = items(at(rule, "to"))
    excepted = items(at(peer, "ipBlock.except"))
    assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(excepted)


def test_outputs_say_how_to_get_in(stack: str) -> None:
    graph = graph_of(stack)
    outputs = graph.outputs
    # Behind a sign-in the Service leads to oauth2-proxy, which sends people to the domain.
    behind = any(one.at("name") == "sign-in" for pods in graph.pods for one in pods.containers())
    way = "deployment/kotaemon 7860" if behind else "service/kotaemon 7860:80"
    assert outputs["open"] == f"kubectl -n kotaemon port-forward {way}"
    assert outputs["adminUsername"] == "admin"
    assert set(outputs["databases"]) == {"metadata", "vectors", "documents"}
    password = outputs["adminPassword"]
    assert password.startswith(SENTINEL) or "in the Secret team" in password
