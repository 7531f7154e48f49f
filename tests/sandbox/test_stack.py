"""The real program on the real engine and API server: what `make up` promises.

A cluster, a state and a copy of the project of the test's own: a stack that you use isn't touched.
The nodes are simulated, so that "ready" here says that the API server, its controllers and the scheduler
accept everything; that the software runs is another test's.
"""

import json
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, dynamic

from policies.values import mapping
from tests.program import stack_config
from tests.stacks import VARIANTS, graph_of

from .workplace import Workplace, opened

pytestmark = pytest.mark.sandbox


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


def test_everything_becomes_ready(up: Workplace) -> None:
    report = json.loads(up.run("status", "--json"))
    assert report["ready"] is True
    for component in ("kotaemon", "postgres", "qdrant"):
        assert up.pod(component).status.phase == "Running"
    assert {claim.status.phase for claim in up.list("PersistentVolumeClaim", "v1")} == {"Bound"}
    (setup,) = up.list("Job", "batch/v1")
    assert setup.status.succeeded == 1


def test_a_second_up_changes_nothing(up: Workplace) -> None:
    before = up.objects()
    assert "nothing changed" in up.run("up")
    assert up.objects() == before
    assert "No changes" in up.run("diff")


def test_the_outputs_open_the_door(up: Workplace) -> None:
    said = up.run("pulumi", "--", "stack", "output", "--json", "--show-secrets")
    outputs = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert outputs["namespace"] == up.namespace
    assert outputs["open"] == "kubectl -n kotaemon port-forward service/kotaemon 7860:80"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", outputs["adminPassword"])
    shown = up.run("pulumi", "--", "stack", "output")
    assert outputs["adminPassword"] not in shown


def test_no_secret_is_readable_in_the_state(up: Workplace) -> None:
    said = up.run("pulumi", "--", "stack", "output", "adminPassword", "--show-secrets")
    password = said.split()[-1]
    state = [path for path in Path(up.environment["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
    assert any(b"kotaemon-admin" in path.read_bytes() for path in state), "the state wasn't found"
    assert [path for path in state if password.encode() in path.read_bytes()] == []


def test_a_changed_setting_rolls_what_reads_it_and_nothing_else(up: Workplace) -> None:
    before = up.objects()
    pods = {name: up.pod(name).metadata.uid for name in ("kotaemon", "postgres", "qdrant")}
    up.configure({"kotaemon:app": {**_section("app"), "chatSuggestions": True}})
    diff = up.run("diff")
    assert "1 to update" in diff
    assert "KH_FEATURE_CHAT_SUGGESTION" in diff
    up.run("up")
    after = up.objects()
    assert {key for key in before if after.get(key) != before[key]} == {
        key for key in before if key.startswith("Pod/kotaemon-")
    }
    assert up.pod("kotaemon").metadata.uid != pods["kotaemon"]
    assert up.pod("postgres").metadata.uid == pods["postgres"]
    up.configure()
    up.run("up")


def test_a_new_secret_rolls_its_reader(up: Workplace) -> None:
    """A rotated key that is noticed at the next crash is an outage that waits."""
    before = up.pod("kotaemon").metadata.uid
    for value in ("sk-first", "sk-second"):
        up.run("pulumi", "--", "config", "set", "--secret", "openaiApiKey", value)
        up.run("up")
        (supplied,) = [one for one in up.list("Secret", "v1") if one.metadata.name.startswith("supplied-")]
        pod = up.pod("kotaemon")
        assert pod.metadata.uid != before
        assert supplied.metadata.name in json.dumps(pod.to_dict()["spec"])
        before = pod.metadata.uid
    up.configure()
    up.run("up")


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5])
def test_a_killed_up_goes_on_with_nothing_lost_or_doubled(up: Workplace, seconds: float) -> None:
    """The engine and its plugins are killed outright once objects appear, as by a lost connection or a full memory."""
    whole = sorted(_unnumbered(key) for key in up.objects())
    up.run("down", "--yes")
    doomed = up.start("up")
    _wait_for_the_first_object(up)
    time.sleep(seconds)
    os.killpg(doomed.pid, signal.SIGKILL)
    doomed.communicate(timeout=30)
    up.run("up")
    assert sorted(_unnumbered(key) for key in up.objects()) == whole
    assert "No changes" in up.run("diff")
    up.run("status")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_server_accepts_every_object_of_every_stack(up: Workplace, variant: str) -> None:
    """Its own verdict: fields, values, and each pod by itself, in a namespace that enforces its level.

    That is "restricted", but for who reads the nodes' logs.
    """
    core: Any = client.CoreV1Api(up.api)
    spaces = {"kotaemon": f"dry-run-{variant}", "kotaemon-logs": f"dry-run-{variant}-logs"}
    for space, level in zip(spaces.values(), ("restricted", "privileged"), strict=True):
        labels = {"pod-security.kubernetes.io/enforce": level}
        core.create_namespace({"metadata": {"name": space, "labels": labels}})
    try:
        for one in graph_of(variant).objects:
            if one.kind != "Namespace":
                manifest: dict[str, Any] = dict(one.inputs)
                # What is the cluster's is there already, by the stack that is up.
                space = spaces.get(str(one.namespace), spaces["kotaemon"])
                own = {"namespace": space} if one.namespace else {"name": f"{space}-{one.name}"}
                manifest["metadata"] = {**manifest["metadata"], **own}
                manifest["metadata"].setdefault("name", one.name)
                _dry_run(up.api, manifest)
        for pods in graph_of(variant).pods:
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": pods.owner.name, "namespace": spaces[str(pods.owner.namespace)]},
                # Who it is was judged above, and isn't there after a dry run.
                "spec": {key: one for key, one in mapping(pods.body).items() if key != "serviceAccountName"},
            }
            _dry_run(up.api, _with_claims(pod, pods.owner.inputs))
    finally:
        for space in spaces.values():
            core.delete_namespace(space)


def test_down_leaves_nothing_behind(up: Workplace) -> None:
    up.run("down", "--yes")
    core: Any = client.CoreV1Api(up.api)
    assert up.namespace not in {one.metadata.name for one in core.list_namespace().items}
    deadline = time.monotonic() + 30
    while core.list_persistent_volume().items:
        assert time.monotonic() < deadline, "volumes are left"
        time.sleep(0.2)
    state = json.loads(up.run("pulumi", "--", "stack", "export"))
    assert not state["deployment"].get("resources")


def _section(name: str) -> dict[str, Any]:
    section = stack_config("local").get(f"kotaemon:{name}")
    return dict(section) if isinstance(section, dict) else {}


def _unnumbered(key: str) -> str:
    """An object's key without the part that differs at each creation."""
    return re.sub(r"(-[0-9a-f]{8,10})?(-[0-9a-z]{5})?$", "", key)


def _wait_for_the_first_object(up: Workplace) -> None:
    deadline = time.monotonic() + 60
    while not up.list("ConfigMap", "v1"):
        assert time.monotonic() < deadline, "nothing was created"
        time.sleep(0.05)


def _dry_run(api: client.ApiClient, manifest: Mapping[str, Any]) -> None:
    resource = dynamic.DynamicClient(api).resources.get(  # type: ignore[no-untyped-call]
        api_version=manifest["apiVersion"], kind=manifest["kind"]
    )
    resource.create(
        body=dict(manifest),
        namespace=manifest["metadata"].get("namespace"),
        query_params=[("dryRun", "All"), ("fieldValidation", "Strict")],
    )


def _with_claims(pod: dict[str, Any], owner: Mapping[str, Any]) -> dict[str, Any]:
    """A StatefulSet's pod, with the volumes that the controller would add."""
    volumes = list(pod["spec"].get("volumes") or [])
    for template in owner["spec"].get("volumeClaimTemplates") or []:
        name = template["metadata"]["name"]
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": name}})
    return {**pod, "spec": {**pod["spec"], "volumes": volumes}}
