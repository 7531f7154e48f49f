"""What the kubernetes stand-in takes for a change, and which changes replace the object."""

import pytest

from sandbox.providers import protocol
from sandbox.providers.kubernetes import state
from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.protocol import Difference
from sandbox.providers.wire import UNKNOWN, Properties, Secret
from tests.sandbox.providers import requests

TYPES = {
    "ConfigMap": "kubernetes:core/v1:ConfigMap",
    "Deployment": "kubernetes:apps/v1:Deployment",
    "Secret": "kubernetes:core/v1:Secret",
    "StatefulSet": "kubernetes:apps/v1:StatefulSet",
    "Job": "kubernetes:batch/v1:Job",
    "Service": "kubernetes:core/v1:Service",
    "RoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "PersistentVolumeClaim": "kubernetes:core/v1:PersistentVolumeClaim",
    "Thing": "kubernetes:example.com/v1:Thing",
}


def changes(
    kind: str,
    old: Properties,
    new: Properties,
    *ignored: str,
    autonamed: bool = True,
    live: Properties | None = None,
) -> Difference:
    """The difference between an object as it was made from `old`, and `new`."""
    version = TYPES[kind].split(":")[1].removeprefix("core/")
    head: Properties = {"apiVersion": version, "kind": kind}
    annotations: Properties = {"annotations": {"pulumi.com/autonamed": "true"}} if autonamed else {}
    metadata: Properties = {"name": "a", "namespace": "n", **annotations}
    before: Properties = {**head, "metadata": metadata, **old}
    after: Properties = {**head, "metadata": metadata, **new}
    server: Properties = {**state.to_object(before), "status": {"phase": "x"}, **(live or {})}
    stored = state.checkpoint(state.to_object(before), server, before, version, "manager")
    return Kubernetes(requests.Host()).diff(requests.diff(TYPES[kind], stored, after, ignored))


def deployment(**spec: object) -> Properties:
    base: Properties = {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"spec": {"containers": [{"name": "c", "image": "i:1", "args": ["x", "y"]}]}},
    }
    return {"spec": {**base, **spec}}  # type: ignore[dict-item]  # the tests' own literals


def test_nothing_changes_where_the_server_only_filled_in_more() -> None:
    """Defaults and status are the cluster's business."""
    found = changes(
        "Deployment", deployment(), deployment(), live=deployment(replicas=1, strategy={"type": "x"})
    )
    assert found.detail == {}
    assert protocol.diff_response(found).changes == 1  # type: ignore[attr-defined]  # DIFF_NONE


def test_changes_are_named_by_their_path() -> None:
    new = deployment(
        template={"spec": {"containers": [{"name": "c", "image": "i:2", "args": ["x"]}]}}, paused=True
    )
    assert changes("Deployment", deployment(), new).detail == {
        "spec.template.spec.containers[0].image": protocol.UPDATE,
        "spec.template.spec.containers[0].args[1]": protocol.DELETE,
        "spec.paused": protocol.ADD,
    }


def test_a_key_with_dots_is_quoted_in_the_path() -> None:
    old: Properties = {"metadata": {"name": "a", "namespace": "n", "labels": {"a.b/c": "1"}}}
    new: Properties = {"metadata": {"name": "a", "namespace": "n", "labels": {"a.b/c": "2"}}}
    assert list(changes("ConfigMap", old, new).detail) == ['metadata.labels["a.b/c"]']


def test_drift_is_a_change() -> None:
    found = changes("Deployment", deployment(replicas=2), deployment(replicas=2), live=deployment(replicas=7))
    assert found.detail == {"spec.replicas": protocol.UPDATE}


def test_what_is_not_known_yet_is_a_change() -> None:
    found = changes("ConfigMap", {"data": {"a": "1"}}, {"data": {"a": UNKNOWN, "b": UNKNOWN}})
    assert found.detail == {"data.a": protocol.UPDATE_REPLACE, "data.b": protocol.ADD_REPLACE}


@pytest.mark.parametrize(
    ("kind", "old", "new", "path"),
    [
        ("ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, "data.a"),
        ("Secret", {"data": {"a": "MQ=="}}, {"data": {"a": "Mg=="}}, "data.a"),
        (
            "Deployment",
            deployment(),
            deployment(selector={"matchLabels": {"a": "c"}}),
            "spec.selector.matchLabels.a",
        ),
        ("StatefulSet", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, "spec.serviceName"),
        (
            "StatefulSet",
            {"spec": {"volumeClaimTemplates": [{"spec": {"x": 1}}]}},
            {"spec": {"volumeClaimTemplates": [{"spec": {"x": 2}}]}},
            "spec.volumeClaimTemplates[0].spec.x",
        ),
        ("Job", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}}, "spec.template.a"),
        ("Service", {"spec": {"clusterIP": "None"}}, {"spec": {}}, "spec.clusterIP"),
        ("RoleBinding", {"roleRef": {"name": "a"}}, {"roleRef": {"name": "b"}}, "roleRef.name"),
        (
            "PersistentVolumeClaim",
            {"spec": {"storageClassName": "a"}},
            {"spec": {"storageClassName": "b"}},
            "spec.storageClassName",
        ),
        ("Thing", {}, {"metadata": {"name": "b", "namespace": "n"}}, "metadata.annotations"),
    ],
)
def test_what_cannot_change_in_place_replaces(kind: str, old: Properties, new: Properties, path: str) -> None:
    found = changes(kind, old, new)
    assert path in found.detail
    if kind != "Thing":
        assert found.replaces == [path]


def test_a_quantity_or_an_image_changes_in_place() -> None:
    old: Properties = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    new: Properties = {"spec": {"resources": {"requests": {"storage": "2048Mi"}}}}
    found = changes("PersistentVolumeClaim", old, new)
    assert found.detail == {"spec.resources.requests.storage": protocol.UPDATE}
    assert found.replaces == []


def test_only_an_object_with_a_name_of_its_own_is_deleted_first() -> None:
    """A generated name lets the new one start beside the old one."""
    old: Properties = {"data": {"a": "1"}}
    new: Properties = {"data": {"a": "2"}}
    assert not changes("ConfigMap", old, new).delete_first
    assert changes("ConfigMap", old, new, autonamed=False).delete_first


def test_another_name_is_no_reason_to_delete_first() -> None:
    new: Properties = {"metadata": {"name": "b", "namespace": "n"}}
    found = changes("ConfigMap", {}, new, autonamed=False)
    assert found.replaces == ["metadata.name"]
    assert not found.delete_first


def test_ignored_changes_are_none() -> None:
    found = changes(
        "Deployment", deployment(replicas=1), deployment(replicas=3, paused=True), "spec.replicas"
    )
    assert list(found.detail) == ["spec.paused"]


def test_a_secrets_text_and_its_encoding_are_the_same() -> None:
    old: Properties = {"data": Secret({"a": "Yg=="})}
    assert changes("Secret", old, {"stringData": {"a": Secret("b")}}).detail == {}


def test_an_immutable_config_map_is_replaced_even_if_config_maps_may_change() -> None:
    provider = Kubernetes(requests.Host())
    head: Properties = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    old: Properties = {**head, "data": {"a": "1"}}
    for immutable, kind in ((False, protocol.UPDATE), (True, protocol.UPDATE_REPLACE)):
        extra: Properties = {"immutable": True} if immutable else {}
        stored = state.checkpoint({**old, **extra}, {**old, **extra}, old, "v1", "m")
        provider._settings = provider._settings.__class__(config_maps_mutable=True)
        found = provider.diff(requests.diff(TYPES["ConfigMap"], stored, {**old, **extra, "data": {"a": "2"}}))
        assert found.detail == {"data.a": kind}


def test_inputs_get_a_name_and_keep_their_secrets() -> None:
    provider = Kubernetes(requests.Host())
    news: Properties = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": Secret("b")}}
    inputs, failures = provider.check(requests.check(TYPES["Secret"], news, name="login"))
    assert failures == {}
    assert inputs["data"] == Secret({"a": "Yg=="})
    assert "stringData" not in inputs


@pytest.mark.parametrize(
    "token",
    ["kubernetes:helm.sh/v3:Release", "kubernetes:yaml/v2:ConfigGroup", "kubernetes:core/v1:ConfigMapPatch"],
)
def test_what_only_the_official_plugin_can_do_is_refused_by_name(token: str) -> None:
    news: Properties = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    with pytest.raises(Exception, match=f"{token} is not supported.*official plugin"):
        Kubernetes(requests.Host()).check(requests.check(token, news))
