"""What `make status`, `make up` and `make doctor` say of watching, with the real program on a real API server."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.paths import HOME_VARIABLE, Home
from tests.program import ROOT
from tests.sandbox.workplace import Workplace, opened

pytestmark = pytest.mark.sandbox
SCHEMA = json.loads((ROOT / "docs/status.schema.json").read_text(encoding="utf-8"))
GROUP = "monitoring.coreos.com"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with opened(tmp_path_factory.mktemp("workplace")) as made:
        yield made


@pytest.fixture(scope="module")
def up(workplace: Workplace) -> Workplace:
    """The local stack, up."""
    workplace.configure()
    workplace.run("up")
    return workplace


def test_an_operator_that_is_not_there_is_refused_before_anything_is_touched(workplace: Workplace) -> None:
    """First of all tests, while nothing is there that could have been touched."""
    client.ApiextensionsV1Api(workplace.api).delete_custom_resource_definition(f"podmonitors.{GROUP}")
    _until(lambda: "podmonitors" not in _kinds(workplace))
    asked = _as_a_cluster_of_ones_own(workplace)
    workplace.configure({"kotaemon:monitoring": {"kind": "operator"}})
    said = asked.run("up", code=1)
    assert f"no Prometheus operator is on this cluster: it doesn't know podmonitors.{GROUP}/v1" in said
    assert "nothing was touched" in said
    assert "no Prometheus operator is on this cluster" in asked.run("doctor", code=1)
    with pytest.raises(ApiException, match="Not Found"):
        client.CoreV1Api(workplace.api).read_namespace(workplace.namespace)


def test_status_is_one_object_on_stdout_and_nothing_else(up: Workplace) -> None:
    """What a program reads must not depend on what the engine, Python or we want to tell a person."""
    done = _status(up)
    made = json.loads(done.stdout)
    jsonschema.validate(made, SCHEMA)
    assert (made["stack"], made["namespace"], made["well"], made["ready"]) == (
        "local",
        "kotaemon",
        True,
        True,
    )
    assert done.returncode == 0
    assert "engine: " in done.stderr


def test_what_simulated_nodes_cannot_tell_is_said(up: Workplace) -> None:
    made = json.loads(_status(up).stdout)
    for part in ("objectives", "alerts", "volumes"):
        assert made[part]["known"] is False
        assert "simulated nodes" in made[part]["why"]
    assert made["versions"]["kubernetes"]["running"].startswith("v1.")
    assert {image["behind"] for image in made["versions"]["items"]} == {False}
    said = up.run("status")
    assert "Objectives, alerts, volumes" in said
    assert "none is configured (kotaemon:backup.kind is none)" in said


def test_a_restore_that_somebody_tried_is_found_by_its_label(up: Workplace) -> None:
    """On the real API server, whose controllers say when it was complete."""
    labels = {"app.kubernetes.io/component": "restore-drill", "app.kubernetes.io/name": "restore-drill"}
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    small = {"cpu": "10m", "memory": "16Mi", "ephemeral-storage": "16Mi"}
    container = {
        "name": "drill",
        "image": "example.com/drill:1",
        "securityContext": security,
        "resources": {"requests": small, "limits": small},
    }
    pod = {
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    body: Any = {  # the client takes an object's JSON, too
        "metadata": {"name": "restore-drill", "labels": labels},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": pod}},
    }
    jobs: Any = client.BatchV1Api(up.api)  # whose annotations are wrong about what it gives
    jobs.create_namespaced_job(up.namespace, body)
    try:
        _until(lambda: jobs.read_namespaced_job("restore-drill", up.namespace).status.completion_time)
        (drill,) = json.loads(_status(up).stdout)["restoreDrills"]["items"]
    finally:
        jobs.delete_namespaced_job("restore-drill", up.namespace, propagation_policy="Background")
    assert drill["lastFailed"] is False
    assert 0 <= drill["ageSeconds"] < 120


def test_a_prometheus_that_does_not_answer_is_told_by_both_ways_to_it(up: Workplace) -> None:
    """The API server reaches no pod here, and no kubelet forwards a port: a word for each."""
    asked = _as_a_cluster_of_ones_own(up)
    asked.run("up")
    made = json.loads(_status(asked).stdout)
    jsonschema.validate(made, SCHEMA)
    assert "Service prometheus in namespace kotaemon doesn't answer: " in made["alerts"]["why"]
    assert "by a port-forward: " in made["alerts"]["why"]
    assert made["well"] is True, "what isn't known is no reason to cry"


def test_a_stack_that_is_not_up_leaves_stdout_empty(up: Workplace, tmp_path: Path) -> None:
    """A program that finds no object knows that there is none; the reason is for people."""
    elsewhere = Workplace(up.project, {**up.environment, "XDG_STATE_HOME": str(tmp_path)}, up.api)
    done = _status(elsewhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Stack local isn't up" in done.stderr


def _status(workplace: Workplace) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops", "status", "--json", "--project", str(workplace.project)],
        cwd=ROOT,
        env=dict(workplace.environment),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _as_a_cluster_of_ones_own(workplace: Workplace) -> Workplace:
    """The same cluster by its kubeconfig, as if it weren't the sandbox: nobody heals it, and its nodes look real."""
    home = Home(Path(workplace.environment[HOME_VARIABLE]))
    own = {"KOTAEMON_CLUSTER": "kotaemon-sandbox", "KUBECONFIG": str(home.kubeconfig)}
    return Workplace(workplace.project, {**workplace.environment, **own}, workplace.api)


def _kinds(workplace: Workplace) -> list[str]:
    served = client.CustomObjectsApi(workplace.api).get_api_resources(GROUP, "v1")
    return [one.name for one in served.resources]


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.5)
