"""What each way of watching sends to a cluster, judged by a real API server with the operators' real schemas.

No operator runs: what they themselves refuse beyond the schema is tested beside the builders.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from policies.graph import Resource
from sandbox import build, cluster, components, crds
from sandbox.paths import Home
from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.kubernetes.client import ApiError, Client
from tests.monitoring.google.monitored import monitored as by_google
from tests.monitoring.operator.monitored import monitored as by_operator

pytestmark = pytest.mark.sandbox

GROUPS = ("monitoring.coreos.com/", "monitoring.googleapis.com/")
KINDS = {"AlertmanagerConfig", "PodMonitor", "PodMonitoring", "Probe", "PrometheusRule", "Rules"}
MISSPELT = [
    ("PodMonitor", "podMetricsEndpoints.0.scrapeTimeOut", "scrapeTimeOut"),
    ("PodMonitor", "podMetricsEndpoints.0.relabelings.0.target", "target"),
    ("Probe", "targets.staticConfig.label", "label"),
    ("PrometheusRule", "groups.0.rules.0.expression", "expression"),
    ("AlertmanagerConfig", "receivers.1.slackConfigs.0.apiURLSecret", "apiURLSecret"),
    ("AlertmanagerConfig", "inhibitRules.0.sourceMatchers", "sourceMatchers"),
    ("PodMonitoring", "endpoints.0.scrapeTimeout", "scrapeTimeout"),
    ("PodMonitoring", "endpoints.0.relabelings", "relabelings"),
    ("Rules", "groups.0.rules.0.expression", "expression"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = Home(tmp_path_factory.mktemp("sandbox"))
    build.ensure(components.NAMES)
    cluster.start(home)
    yield Client(kubeconfig.access(kubeconfig.parse(str(home.kubeconfig))))
    cluster.stop(home)
    cluster.purge(home)


@pytest.fixture(scope="module")
def sent() -> list[Resource]:
    """All custom resources of both ways, and one of each kind at least."""
    found = [
        one
        for graph, _ in (by_operator(), by_google())
        for one in graph.objects
        if one.group.startswith(GROUPS)
    ]
    assert {one.kind for one in found} == KINDS
    return found


def body(one: Resource) -> dict[str, Any]:
    """As it is sent, into a namespace that is there."""
    made: dict[str, Any] = copy.deepcopy(dict(one.inputs))
    made["metadata"]["namespace"] = "default"
    return made


def create(client: Client, made: dict[str, Any]) -> None:
    plurals = {d.body["spec"]["names"]["kind"]: d.plural for d in crds.ensure()}  # type: ignore[index]  # JSON
    path = f"/apis/{made['apiVersion']}/namespaces/default/{plurals[made['kind']]}"
    client.call("POST", path, {"dryRun": "All", "fieldValidation": "Strict"}, made)


def test_all_that_the_operators_are_told_is_accepted(client: Client, sent: list[Resource]) -> None:
    """The mocks take any field, and the stand-in operators are none: only the schema knows."""
    for one in sent:
        create(client, body(one))


@pytest.mark.parametrize(("kind", "path", "says"), MISSPELT)
def test_a_misspelt_field_is_refused(
    client: Client, sent: list[Resource], kind: str, path: str, says: str
) -> None:
    """On a cluster without these schemas it would be dropped in silence, and nobody would be paged."""
    made = body(next(one for one in sent if one.kind == kind))
    *parents, last = path.split(".")
    part: Any = made["spec"]
    for name in parents:
        part = part[int(name)] if name.isdecimal() else part[name]
    part[last] = "anything"
    with pytest.raises(ApiError, match=says):
        create(client, made)
