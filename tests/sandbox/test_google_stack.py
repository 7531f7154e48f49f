"""Stacks on Google Cloud on the real engine and API server, with what Google would hand out made up.

Everything of the cluster is real: its API server judges each object, the custom resources by their definitions.
What only Google does is not: no certificate is issued, no disk made. A share of Filestore is a volume that the
test lays ready.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.program import stack_config
from tests.stacks import VARIANTS, graph_of

from .workplace import Workplace, opened

pytestmark = pytest.mark.sandbox
PRETEND = "KOTAEMON_STAND_IN_GOOGLE"
_CLIENT = {"kotaemon:secrets": {"oidcClientSecret": {"name": "team", "key": "key"}}}


@dataclass(frozen=True)
class Case:
    """A stack that is brought up."""

    stack: str
    variant: str
    kinds: frozenset[str]
    """Kinds of custom resources that it must have."""


_DOOR = frozenset({"Gateway", "HTTPRoute", "GCPBackendPolicy", "GCPGatewayPolicy", "HealthCheckPolicy"})
CASES = {
    "prod": Case("prod", "prod", _DOOR),
    "iam-login": Case("prod", "iam-login", _DOOR),
    "secret-manager": Case("dev", "secret-manager", _DOOR | {"SecretSync", "SecretProviderClass"}),
    "gateway-of-the-cluster": Case(
        "local",
        "gateway-of-the-cluster",
        frozenset(
            {"Gateway", "HTTPRoute", "Issuer", "Certificate", "BackendTrafficPolicy", "ClientTrafficPolicy"}
        ),
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with opened(tmp_path_factory.mktemp("workplace")) as made:
        yield made


def _share(place: Workplace) -> None:
    """What Filestore's provisioner would make for the claim."""
    core: Any = client.CoreV1Api(place.api)
    core.create_persistent_volume(
        {
            "metadata": {"name": f"{place.namespace}-share"},
            "spec": {
                "storageClassName": f"{place.namespace}-filestore",
                "capacity": {"storage": "256Gi"},
                "accessModes": ["ReadWriteMany"],
                "nfs": {"server": "10.40.0.2", "path": "/share"},
            },
        }
    )


def _config(case: Case, namespace: str) -> dict[str, object]:
    """The variant's, in a namespace of its own, with what it would supply as Pulumi secrets already there."""
    config = dict(VARIANTS[case.variant].config)
    if "oidcClientSecret" in VARIANTS[case.variant].secrets:
        config |= _CLIENT
    return {**config, "kotaemon:namespace": {"name": namespace}}


@pytest.fixture(scope="module", params=CASES)
def up(
    request: pytest.FixtureRequest, place: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Case, Workplace]:
    """One of the stacks, up."""
    name = str(request.param)
    case = CASES[name]
    own = replace(
        place,
        stack=case.stack,
        namespace=name,
        environment={
            **place.environment, PRETEND: "pretend", "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")),
        },
    )  # fmt: skip
    own.configure(_config(case, name))
    if case.stack == "prod":
        _share(own)
    own.run("up")
    return case, own


def test_everything_becomes_ready(up: tuple[Case, Workplace]) -> None:
    """The scheduler finds a place for each pod, the API server accepts each object."""
    case, place = up
    pods = [
        one
        for one in place.list("Pod", "v1")
        if one.metadata.labels["app.kubernetes.io/part-of"] == "kotaemon"
    ]
    assert len(pods) >= 3
    assert {one.status.phase for one in pods} <= {"Running", "Succeeded"}
    assert case.kinds <= {one.kind for one in graph_of(case.variant).objects}


def test_the_custom_resources_are_those_of_the_program(up: tuple[Case, Workplace]) -> None:
    """A field that their definitions don't know would be dropped in silence, or refused."""
    case, place = up
    for one in graph_of(case.variant).objects:
        if one.kind not in case.kinds:
            continue
        live = {
            found.metadata.name: found.to_dict()["spec"]
            for found in place.list(one.kind, str(one.inputs["apiVersion"]))
        }
        name = str(one.object_name)
        assert _within(one.inputs["spec"], live[name], case.variant), name


def _within(wanted: object, live: object, namespace: str) -> bool:
    """Whether all that was wanted is there; the API server adds defaults, and names that Google made up differ."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(_within(v, live.get(k), namespace) for k, v in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(live, list)
            and len(live) == len(wanted)
            and all(_within(a, b, namespace) for a, b in zip(wanted, live, strict=True))
        )
    if isinstance(wanted, str) and re.search(r"-[0-9a-f]{7}$", wanted):
        return isinstance(live, str) and live.rpartition("-")[0] == wanted.rpartition("-")[0]
    return wanted == live


def test_a_second_up_changes_nothing(up: tuple[Case, Workplace]) -> None:
    _, place = up
    before = place.objects()
    said = place.run("up")
    assert "Up: nothing changed" in said
    assert place.objects() == before


def test_one_changed_setting_changes_one_thing(up: tuple[Case, Workplace]) -> None:
    case, place = up
    app = dict(stack_config(case.stack)["kotaemon:app"])  # type: ignore[call-overload]  # a mapping in each file
    place.configure({**_config(case, place.namespace), "kotaemon:app": {**app, "chatSuggestions": True}})
    changed = [line for line in place.run("diff").splitlines() if re.match(r"[~+±-] ", line)]
    assert changed == ["~ Deployment/kotaemon"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_plan_is_shown_without_an_account_and_nothing_is_done(
    place: Workplace, tmp_path: Path, stack: str
) -> None:
    """As a newcomer has it: no Google, no cluster, the committed file."""
    environment = {key: value for key, value in place.environment.items() if key != "KOTAEMON_CLUSTER"}
    own = replace(place, stack=stack, environment={**environment, "XDG_STATE_HOME": str(tmp_path)})
    own.configure()
    said = own.run("preview")
    graph = graph_of(stack)
    planned = [one for one in graph.resources if one.custom and not one.type.startswith("pulumi:providers")]
    assert f"{len(planned)} to create" in said
    assert "Cluster/kotaemon-" in said
    refused = own.run("up", code=1)
    assert "error: " in refused
    assert "nothing was touched" in refused
