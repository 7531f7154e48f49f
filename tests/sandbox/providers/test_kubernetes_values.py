"""Objects, names and states of the kubernetes stand-in, without a server."""

import base64
from pathlib import Path

import pytest

from sandbox.providers import paths
from sandbox.providers.base import Failure
from sandbox.providers.kubernetes import config, kubeconfig, managers, naming, normal, state
from sandbox.providers.kubernetes.objects import dig
from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.kubernetes.quantity import canonical
from sandbox.providers.kubernetes.waits import custom
from sandbox.providers.wire import UNKNOWN, Properties, Secret
from tests.sandbox.providers import requests

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0.5", "500m"), ("1000m", "1"), (0.1, "100m"), (2, "2"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"),
        ("100M", "100M"), ("1000k", "1M"), ("0", "0"), ("0.0001", "100u"), ("1e3", "1e3"), ("1500Ki", "1500Ki"),
        ("1e-10", "1e-9"), ("512", "512"), ("-1.5", "-1500m"), ("0.5Ki", "512"),
    ],
)  # fmt: skip
def test_quantities_are_spelt_as_the_server_spells_them(given: str | float, stored: str) -> None:
    """Another spelling would be a change at every update, for ever."""
    assert canonical(given) == stored


def test_what_is_no_quantity_is_left_to_the_server() -> None:
    assert canonical("much") is None


def test_a_secrets_string_data_becomes_its_data() -> None:
    """The server does that; a state that keeps `stringData` differs from the live object for ever."""
    secret: Properties = {
        "apiVersion": "v1",
        "kind": "Secret",
        "stringData": {"a": "b"},
        "data": {"c": "ZA=="},
    }
    found = normal.normalise(secret)
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": base64.b64encode(b"b").decode(), "c": "ZA=="},
    }
    assert secret["stringData"] == {"a": "b"}, "the inputs themselves must not change"


def test_inputs_with_unknowns_are_left_as_they_are() -> None:
    secret: Properties = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": UNKNOWN}}
    assert normal.normalise(secret) == secret


def test_custom_resources_are_left_as_they_are() -> None:
    """Nobody but their controller knows what their fields mean."""
    custom_resource: Properties = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "spec": {"limits": {"cpu": "1000m"}, "a": None},
    }
    assert normal.normalise(custom_resource) == custom_resource


def test_pruning_keeps_what_the_inputs_speak_of() -> None:
    live: Properties = {"a": {"b": 1, "c": 2}, "l": [{"x": 1, "y": 2}, {"x": 3}], "d": 4}
    assert normal.prune(live, {"a": {"b": 0}, "l": [{"x": 0}]}) == {"a": {"b": 1}, "l": [{"x": 1}]}


def test_an_empty_value_that_the_server_does_not_store_is_no_change() -> None:
    """`hostNetwork: false`, `value: ""`: asked for before, and not in the live object."""
    asked: Properties = {"hostNetwork": False, "env": [{"name": "A", "value": ""}]}
    live: Properties = {"env": [{"name": "A"}]}
    assert normal.without_omitted(asked, asked, live) == live
    before: Properties = {"env": [{"name": "A", "value": ""}]}
    found = normal.without_omitted(asked, before, live)
    assert dig(found, "hostNetwork") is False, "a new empty value is a change"


def test_secrets_in_inputs_are_secret_in_the_state() -> None:
    """At the smallest place that is a map; a list is secret as a whole, since its order may change."""
    given: Properties = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": {"open": "a", "hidden": Secret("b")}},
        "spec": {"containers": [{"env": [{"value": Secret("c")}]}]},
    }
    plain = state.to_object(given)
    stored = state.checkpoint(plain, {**plain, "status": {}}, given, "v1", "manager")
    for copy in (stored, stored["__inputs"]):
        assert dig(copy, "metadata", "annotations", "hidden") == Secret("b")
        assert dig(copy, "metadata", "annotations", "open") == "a"
        assert isinstance(dig(copy, "spec", "containers"), Secret)


def test_the_data_of_a_secret_is_secret_even_if_the_program_gave_it_plainly() -> None:
    given: Properties = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="}}
    stored = state.checkpoint(given, given, given, "v1", "manager")
    assert stored["data"] == dig(stored, "__inputs", "data") == Secret({"a": "Yg=="})


def test_a_state_gives_back_its_object() -> None:
    live: Properties = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": "Yg=="},
        "spec": {"x-kubernetes-list-type": "set"},
    }
    inputs: Properties = {"apiVersion": "v1", "kind": "Secret"}
    stored = state.checkpoint(inputs, live, live, "v1", "manager")
    assert dig(stored, "spec", "x_kubernetes_list_type") == "set"
    found_inputs, found_live = state.parse(stored)
    assert found_inputs == inputs
    assert state.without_marks(found_live) == live


def test_a_generated_name_follows_the_resources_name_and_says_so() -> None:
    inputs: Properties = {}
    naming.assign(inputs, requests.check(CONFIG_MAP, {}, name="settings"))
    name = str(dig(inputs, "metadata", "name"))
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert dig(inputs, "metadata", "annotations", "pulumi.com/autonamed") == "true"


def test_an_update_plans_seed_gives_the_planned_name() -> None:
    assert naming.unique("a-", b"seed") == naming.unique("a-", b"seed") != naming.unique("a-", b"other")


def test_a_generated_name_is_kept() -> None:
    old: Properties = {"metadata": {"name": "a-1", "annotations": {"pulumi.com/autonamed": "true"}}}
    inputs: Properties = {}
    naming.adopt(inputs, old)
    assert dig(inputs, "metadata", "name") == "a-1"
    named: Properties = {"metadata": {"name": "b"}}
    naming.adopt(named, old)
    assert named == {"metadata": {"name": "b"}}


@pytest.mark.parametrize(
    "text", ["a.b[0].c", 'metadata.annotations["a.b/c"]', "spec[*].x", 'a["say \\"b\\""]']
)
def test_paths_are_read_as_they_are_written(text: str) -> None:
    if "*" not in text:
        assert paths.write(paths.parse(text)) == text
    assert paths.covers(paths.parse(text), (*paths.parse(text), "more"))


def test_creates_fields_go_over_to_the_appliers() -> None:
    """Or a field that the program no longer has would stay on the object."""
    create: Properties = {
        "manager": "pulumi-kubernetes",
        "operation": "Update",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }
    other: Properties = {"manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": {}}
    live: Properties = {"metadata": {"managedFields": [create, other]}}
    moved = managers.taken_over(live, "pulumi-kubernetes-1")
    assert moved == [other, {**create, "manager": "pulumi-kubernetes-1", "operation": "Apply"}]
    assert managers.taken_over({"metadata": {"managedFields": moved}}, "pulumi-kubernetes-1") is None


def test_what_is_ignored_and_somebody_elses_is_not_applied() -> None:
    """An autoscaler's replicas: applying them would be a conflict."""
    theirs: Properties = {"manager": "hpa", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live: Properties = {"spec": {"replicas": 5, "paused": True}, "metadata": {"managedFields": [theirs]}}
    inputs: Properties = {"spec": {"replicas": 1, "paused": False}}
    managers.leave_ignored(inputs, live, "me", ["spec.replicas", "spec.paused"])
    assert inputs == {"spec": {"paused": True}}


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: one, cluster: {server: "https://one:6443"}}
- {name: two, cluster: {server: "https://two:6443", insecure-skip-tls-verify: true}}
users: [{name: me, user: {token: hunter2}}]
contexts:
- {name: one, context: {cluster: one, user: me}}
- {name: two, context: {cluster: two, user: me, namespace: apps}}
"""


def test_a_kubeconfig_is_read_from_text_or_file_and_overridden(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    for source in (KUBECONFIG, str(file)):
        found = kubeconfig.access(kubeconfig.parse(source), context="two")
        assert (found.server, found.namespace, found.insecure) == ("https://two:6443", "apps", True)
        assert "hunter2" not in repr(found)


def test_an_unknown_context_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r'context "three" does not exist \(contexts: one, two\)'):
        kubeconfig.access(kubeconfig.parse(KUBECONFIG), context="three")


def test_a_login_command_gives_the_token(tmp_path: Path) -> None:
    script = tmp_path / "login"
    script.write_text('#!/bin/sh\necho "{\\"status\\": {\\"token\\": \\"$WORD\\"}}"\n')
    script.chmod(0o700)
    user: Properties = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(script),
        "env": [{"name": "WORD", "value": "t1"}],
    }
    parsed = kubeconfig.parse(KUBECONFIG)
    parsed["users"] = [{"name": "me", "user": {"exec": user}}]
    assert kubeconfig.access(parsed).headers == (("Authorization", "Bearer t1"),)


@pytest.mark.parametrize(
    ("olds", "news", "replaces"),
    [
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG.replace("hunter2", "other")}, []),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG.replace("one:6443", "1:6443")}, ["kubeconfig"]),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG, "context": "two"}, ["context"]),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": UNKNOWN}, ["kubeconfig"]),
        ({"kubeconfig": KUBECONFIG, "clusterIdentifier": "a"}, {"kubeconfig": UNKNOWN, "clusterIdentifier": "a"}, []),
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, ["clusterIdentifier"]),
        ({}, {"clusterIdentifier": "b"}, []),
    ],
)  # fmt: skip
def test_only_another_cluster_replaces_the_provider(
    olds: Properties, news: Properties, replaces: list[str]
) -> None:
    """A replaced provider replaces everything in it: a new token must not."""
    found = config.diff(requests.diff("pulumi:providers:kubernetes", olds, news))
    assert found.replaces == replaces


def test_settings_come_from_the_engine_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", "true")
    assert config.read({}).config_maps_mutable
    assert not config.read({"kubernetes:config:enableConfigMapMutable": "false"}).config_maps_mutable


def test_what_only_the_official_plugin_can_do_is_refused() -> None:
    with pytest.raises(Failure, match=r"renderYamlToDirectory is not supported.*official plugin"):
        config.read({"kubernetes:config:renderYamlToDirectory": "out"})


OBJECT: Properties = {
    "metadata": {"generation": 2},
    "status": {
        "phase": "Running",
        "ready": True,
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Old", "status": "True", "observedGeneration": 1},
        ],
    },
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("condition=ready", True),
        ("condition=Ready=false", False),
        ("condition=Old", False),
        ("condition=Missing", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.phase}=Running", True),
        ("jsonpath={.status.ready}=true", True),
        ("jsonpath={.status.phase}=Failed", False),
        ("jsonpath={.status.missing}", False),
        ("jsonpath={.status.conditions[?(@.type=='Ready')].status}=True", True),
        ("jsonpath={.status.conditions[0]['type']}=Ready", True),
    ],
)
def test_wait_for_conditions_hold_as_they_say(expression: str, holds: bool) -> None:
    assert custom.holds(OBJECT, expression) is holds


@pytest.mark.parametrize("expression", ["status=True", "jsonpath=.status", "jsonpath={.a[?length(@)>1]}"])
def test_a_condition_that_is_not_understood_is_an_error(expression: str) -> None:
    """Taken for false it would wait for ten minutes; taken for true, not at all."""
    with pytest.raises(Failure, match=r"waitFor|prefix"):
        custom.holds({"a": [1]}, expression)


def test_a_preview_goes_on_where_nobody_can_log_in() -> None:
    """A GKE cluster's kubeconfig logs in by a command that needs a Google account; a preview needs none."""
    host = requests.Host()
    provider = Kubernetes(host)
    text = """
        {"current-context": "gke", "contexts": [{"name": "gke", "context": {"cluster": "c", "user": "u"}}],
         "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
         "users": [{"name": "u", "user": {"exec": {"command": "no-such-login-command"}}}]}
    """
    provider.configure(requests.configure({"kubernetes:config:kubeconfig": text}))
    given: Properties = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    token = CONFIG_MAP
    assert provider.create(requests.create(token, given, preview=True)) == ("", given)
    with pytest.raises(Failure, match="no-such-login-command is not installed"):
        provider.create(requests.create(token, given))
    assert "no login" in host.logged[0]
