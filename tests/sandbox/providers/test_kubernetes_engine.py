"""The stand-ins under the real engine, against a real API server and its controllers."""

import base64
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random
import pytest

from tests.sandbox.providers import slow_program
from tests.sandbox.providers.conftest import Engine
from tests.sandbox.providers.slow_program import deployment

pytestmark = pytest.mark.sandbox

Program = Callable[[], None]


def options(engine: Engine, kubeconfig: str | None = None) -> pulumi.ResourceOptions:
    """A provider of the test's cluster, or of another."""
    provider = kubernetes.Provider(
        "cluster", kubeconfig=kubeconfig or engine.kubeconfig.read_text(), cluster_identifier="test"
    )
    return pulumi.ResourceOptions(provider=provider)


def config_map(engine: Engine, data: dict[str, str], name: str | None = None) -> Program:
    def program() -> None:
        kubernetes.core.v1.ConfigMap(
            "settings",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=name),
            data=data,
            opts=options(engine),
        )

    return program


def workload(engine: Engine, cpu: str = "100m", image: str = "app:1", seconds: str = "60") -> Program:
    def program() -> None:
        kubernetes.apps.v1.Deployment(
            "app",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(annotations={"pulumi.com/timeoutSeconds": seconds}),
            spec=deployment("app", cpu, image),
            opts=options(engine),
        )

    return program


def test_what_did_not_change_stays_and_what_did_is_updated_in_place(engine: Engine) -> None:
    """`0.50` and `""` aren't what the server stores: they must not be changes for ever."""
    engine.up(workload(engine, cpu="0.50"))
    assert engine.up(workload(engine, cpu="0.50")).summary.resource_changes == {"same": 3}
    before = engine.resources()["app"]["id"]
    result = engine.up(workload(engine, cpu="0.50", image="app:2"))
    assert result.summary.resource_changes == {"same": 2, "update": 1}
    assert engine.resources()["app"]["id"] == before
    assert engine.up(workload(engine, cpu="0.50", image="app:2")).summary.resource_changes == {"same": 3}


def test_a_preview_changes_nothing_and_shows_what_the_server_would_refuse(engine: Engine) -> None:
    result = engine.stack(workload(engine)).preview()
    assert result.change_summary == {"create": 3}
    assert "app" not in engine.kubectl("get", "deployments", "--namespace=default")
    program = workload(engine, image="")
    with pytest.raises(Exception, match=r"image: Required value"):
        engine.stack(program).preview()


def test_changed_settings_get_a_new_name_and_the_old_ones_go(engine: Engine) -> None:
    """That is what rolls the pods that refer to them."""
    engine.up(config_map(engine, {"a": "1"}))
    old = str(engine.resources()["settings"]["id"])
    engine.up(config_map(engine, {"a": "2"}))
    new = str(engine.resources()["settings"]["id"])
    assert old != new
    found = engine.kubectl("get", "configmaps", "--namespace=default", "--output=name")
    assert new.removeprefix("default/") in found
    assert old.removeprefix("default/") not in found


def test_a_named_object_is_deleted_before_it_is_made_again(engine: Engine) -> None:
    engine.up(config_map(engine, {"a": "1"}, name="named"))
    engine.up(config_map(engine, {"a": "2"}, name="named"))
    assert engine.kubectl("get", "configmap", "named", "--output=jsonpath={.data.a}") == "2"


def test_a_field_that_the_program_drops_goes_away_and_a_foreign_one_stays(engine: Engine) -> None:
    def program(labels: dict[str, str]) -> Program:
        def run() -> None:
            metadata = kubernetes.meta.v1.ObjectMetaArgs(name="labelled", labels=labels)
            kubernetes.core.v1.ServiceAccount("labelled", metadata=metadata, opts=options(engine))

        return run

    engine.up(program({"one": "1", "two": "2"}))
    engine.kubectl("label", "serviceaccount", "labelled", "foreign=yes")
    engine.up(program({"one": "1"}))
    labels = json.loads(engine.kubectl("get", "serviceaccount", "labelled", "--output=json"))["metadata"][
        "labels"
    ]
    assert labels == {"one": "1", "foreign": "yes"}


def test_a_field_of_somebody_elses_is_a_conflict_that_names_them(engine: Engine) -> None:
    def program(value: str, force: str) -> Program:
        def run() -> None:
            metadata = kubernetes.meta.v1.ObjectMetaArgs(
                name="shared", labels={"who": value}, annotations={"pulumi.com/patchForce": force}
            )
            kubernetes.core.v1.ServiceAccount("shared", metadata=metadata, opts=options(engine))

        return run

    engine.up(program("us", "false"))
    theirs = {
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "shared", "namespace": "default", "labels": {"who": "them"}},
    }  # fmt: skip
    engine.kubectl(
        "apply", "--server-side", "--force-conflicts", "--field-manager=them", "--filename=-",
        stdin=json.dumps(theirs),
    )  # fmt: skip
    said = engine.fails(program("us again", "false"))
    assert "field conflict detected" in said or "Invalid value" in said
    said = engine.fails(program("us-again", "false"))
    assert 'conflict with "them"' in said
    engine.up(program("us-again", "true"))


def test_secrets_are_nowhere_in_plain_text(engine: Engine) -> None:
    """Not in the state, its history, or what is printed: neither the text nor its encoding."""

    def program() -> None:
        password = pulumi_random.RandomPassword("password", length=30, special=False)
        kubernetes.core.v1.Secret("login", string_data={"password": password.result}, opts=options(engine))
        pulumi.export("password", password.result)

    value = str(engine.up(program).outputs["password"].value)
    encoded = base64.b64encode(value.encode()).decode()
    stored = engine.state_files() + "\n".join(engine.said)
    assert len(value) == 30
    assert value not in stored
    assert encoded not in stored
    live = engine.kubectl(
        "get", "secrets", "--namespace=default", "--output=jsonpath={.items[*].data.password}"
    )
    assert encoded in live


def test_a_pod_that_cannot_be_scheduled_is_explained_and_tried_again(engine: Engine) -> None:
    said = engine.fails(workload(engine, cpu="1000", seconds="4"))
    assert "timed out waiting to be Ready" in said
    assert "Minimum number of live Pods was not attained" in said
    assert re.search(r"nodes are available.*Insufficient cpu", said)
    assert "app" in engine.resources(), "it is there, so it belongs in the state"
    engine.up(workload(engine, cpu="100m"))
    assert engine.up(workload(engine, cpu="100m")).summary.resource_changes == {"same": 3}


def test_a_refresh_notices_drift_and_what_is_gone(engine: Engine) -> None:
    engine.up(config_map(engine, {"a": "1"}, name="drifting"))
    engine.kubectl("patch", "configmap", "drifting", "--patch", '{"data": {"a": "2"}}')
    assert engine.stack(
        config_map(engine, {"a": "1"}, name="drifting")
    ).refresh().summary.resource_changes == {
        "same": 2,
        "update": 1,
    }
    engine.up(config_map(engine, {"a": "1"}, name="drifting"))
    assert engine.kubectl("get", "configmap", "drifting", "--output=jsonpath={.data.a}") == "1"
    engine.kubectl("delete", "configmap", "drifting")
    engine.stack(lambda: None).refresh()
    assert "settings" not in engine.resources()


def test_an_object_that_exists_is_imported_not_taken_over(engine: Engine) -> None:
    """The official provider, too, refuses to create what is there (since 4.29)."""
    engine.kubectl("create", "configmap", "found", "--from-literal=a=1")
    said = engine.fails(config_map(engine, {"a": "1"}, name="found"))
    assert 'configmaps "found" already exists' in said
    assert "pulumi import" in said

    def program() -> None:
        kubernetes.core.v1.ConfigMap(
            "settings",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name="found", namespace="default"),
            data={"a": "1"},
            opts=pulumi.ResourceOptions.merge(
                options(engine), pulumi.ResourceOptions(import_="default/found")
            ),
        )

    assert engine.up(program).summary.resource_changes == {"same": 2, "import": 1}
    assert engine.up(config_map(engine, {"a": "1"}, name="found")).summary.resource_changes == {"same": 3}


def test_a_custom_kind_and_an_object_of_it_come_up_together(engine: Engine) -> None:
    """The definition takes a moment to be served: the object's create is tried again."""

    def program() -> None:
        own = options(engine)
        kubernetes.apiextensions.v1.CustomResourceDefinition(
            "things",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name="things.example.com"),
            spec=kubernetes.apiextensions.v1.CustomResourceDefinitionSpecArgs(
                group="example.com",
                scope="Cluster",
                names=kubernetes.apiextensions.v1.CustomResourceDefinitionNamesArgs(
                    plural="things", kind="Thing"
                ),
                versions=[
                    kubernetes.apiextensions.v1.CustomResourceDefinitionVersionArgs(
                        name="v1",
                        served=True,
                        storage=True,
                        schema=kubernetes.apiextensions.v1.CustomResourceValidationArgs(
                            open_apiv3_schema=kubernetes.apiextensions.v1.JSONSchemaPropsArgs(
                                type="object", x_kubernetes_preserve_unknown_fields=True
                            )
                        ),
                    )
                ],
            ),
            opts=own,
        )
        kubernetes.apiextensions.CustomResource(
            "thing", api_version="example.com/v1", kind="Thing", spec={"a": 1}, opts=own
        )

    assert engine.stack(program).preview().change_summary == {"create": 4}
    engine.up(program)
    assert engine.resources()["thing"]["id"] == str(engine.resources()["thing"]["id"]).rpartition("/")[2]
    assert engine.up(program).summary.resource_changes == {"same": 4}


def test_a_cluster_that_cannot_be_reached_is_named(engine: Engine) -> None:
    """A preview goes on, as the official provider's does; an update says which server, and what to do."""
    nowhere = re.sub(r"server: \S+", "server: https://127.0.0.1:1", engine.kubeconfig.read_text())
    nowhere = re.sub(r'"server": "[^"]*"', '"server": "https://127.0.0.1:1"', nowhere)

    def program() -> None:
        kubernetes.core.v1.ConfigMap("settings", data={"a": "1"}, opts=options(engine, nowhere))

    assert engine.stack(program).preview(on_output=engine.said.append).change_summary == {"create": 3}
    assert "Kubernetes cluster is unreachable (https://127.0.0.1:1)" in "\n".join(engine.said)
    said = engine.fails(program)
    assert "configured Kubernetes cluster is unreachable" in said
    assert "connection refused" in said
    assert "kubernetes:context" in said


def test_a_killed_update_can_be_gone_on_with(engine: Engine) -> None:
    """Nothing is lost: what was being made is in the state's pending operations, under its final name.

    The next run takes over what has a name of its own, if it is told to, also with other values than
    the killed run's; what has a generated name can be found and removed. The plugins end with the engine.
    """
    doomed = engine.command(
        "tests.sandbox.providers.slow_program", str(engine.folder), str(engine.kubeconfig), str(engine.binary)
    )
    wait_for(
        lambda: engine.kubectl("get", "deployments", "--namespace=killed", "--output=name").count("\n") == 2
    )
    os.killpg(doomed.pid, signal.SIGKILL)
    doomed.wait(10)
    wait_for(lambda: not plugins_of(engine.folder))

    stack = engine.stack(lambda: None)
    stack.cancel()
    pending = [
        (one["resource"]["type"].rsplit(":", 1)[-1], one["resource"]["inputs"]["metadata"]["name"])
        for one in (stack.export_stack().deployment or {})["pending_operations"]
        if one["type"] == "creating"
    ]
    made = engine.kubectl("get", "deployments", "--namespace=killed", "--output=name").split()
    assert sorted(made) == sorted(f"deployment.apps/{name}" for kind, name in pending if kind == "Deployment")
    for kind, name in pending:
        # On a slow machine the ConfigMap, too, may be made and not yet written down as made.
        if name != "named":
            engine.kubectl("delete", kind, "--namespace=killed", name)

    engine.extra = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true", "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
    engine.up(lambda: slow_program.program(engine.kubeconfig, cpu="100m"))
    found = engine.kubectl("get", "deployments,configmaps", "--namespace=killed", "--output=name").split()
    assert sorted(re.sub(r"-[0-9a-f]{8}$", "", name) for name in found) == [
        "configmap/kube-root-ca.crt",
        "configmap/settings",
        "deployment.apps/generated",
        "deployment.apps/named",
    ]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def plugins_of(folder: Path) -> list[str]:
    """The plugins that this engine started and that still run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if (
                b"sandbox.providers." in command
                and str(folder).encode() in (process / "environ").read_bytes()
            ):
                found.append(process.name)
        except OSError:
            continue  # It has ended.
    return found
