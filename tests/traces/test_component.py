"""What the collector's component registers: alone, kept to the rules, for each destination."""

from functools import cache
from typing import Any

import pytest

from components.config.edge import Controller, GatewayEdge, GoogleEdge, NoEdge, Oauth2Proxy
from components.config.settings import Chroma, Qdrant
from components.config.settings import Namespace as NamespaceSettings
from components.config.traces import CloudTrace, CollectorTraces, Jaeger, Tempo
from components.contracts import SecretRef
from components.edge.gateway_kinds import ENVOY_NAMESPACE
from components.namespace import Namespace, NamespaceArgs
from components.network import NetworkFlows, NetworkFlowsArgs
from components.signals.model import Scope
from components.traces.cloud_trace import GoogleTraces
from components.traces.collector import Collector, CollectorArgs
from components.traces.senders import chroma_environment, envoy_proxy_spec, infrastructure, senders_of
from policies.check import check
from policies.rules import RULES
from policies.values import at, items, mapping
from tests.program import Evaluation, registered

GATEWAY = GatewayEdge(
    kind="gateway",
    domain="kotaemon.example.com",
    auth=Oauth2Proxy(kind="oauth2-proxy", issuer="https://accounts.google.com", client_id="kotaemon"),
)
GOOGLE = GoogleTraces(
    project="example-project",
    project_id="example-project",
    project_number="123",
    namespace_name="kotaemon",
    identities="example-project.svc.id.goog",
)
TO: dict[str, Jaeger | Tempo | CloudTrace] = {
    "jaeger": Jaeger(kind="jaeger", url="http://jaeger.observability.svc:4318"),
    "tempo": Tempo(kind="tempo", url="https://tempo.example.com/otlp", tenant="a", token=True),
    "cloud-trace": CloudTrace(kind="cloud-trace"),
}
MADE: dict[str, Collector] = {}
OF_A_WHOLE_STACK = ("NET-06", "STR-05")
"""Rules about what isn't in this program: Chroma's pods, and the providers."""


@cache
def graph(to: str, percent: float = 10) -> Evaluation:
    """A program that is nothing but the collector and its namespace."""

    def program() -> None:
        destination = TO[to]
        space = Namespace("namespace", NamespaceArgs(settings=NamespaceSettings(), protect=True))
        MADE[to] = Collector(
            "traces",
            CollectorArgs(
                settings=CollectorTraces(kind="collector", to=destination, sample_percent=percent),
                namespace=space.name,
                scope=Scope(namespace="kotaemon"),
                senders=senders_of(Chroma(kind="chroma"), GATEWAY, ENVOY_NAMESPACE),
                token=SecretRef(name="tempo-token", key="token") if to == "tempo" else None,
                google=GOOGLE if to == "cloud-trace" else None,
            ),
        )
        NetworkFlows("network", NetworkFlowsArgs(namespace=space.name, flows=MADE[to].flows))

    return registered(program, production=True)


def pod(to: str) -> Any:
    return mapping(at(graph(to).one("Deployment", "traces").inputs, "spec.template.spec"))


@pytest.mark.parametrize("to", TO)
def test_it_keeps_the_rules(to: str) -> None:
    """Of pods, of secrets, of names: it holds what others said."""
    outcomes = [one for one in check(graph(to), RULES) if one.rule.id not in OF_A_WHOLE_STACK]
    assert [str(found) for one in outcomes if one.blocks for found in one.findings] == []
    assert {one.rule.id for one in outcomes if one.judged} >= {"POD-01", "NET-01", "STR-01"}


@pytest.mark.parametrize("to", TO)
def test_another_configuration_is_another_pod(to: str) -> None:
    """The collector reads its file once."""
    (config,) = graph(to).of("ConfigMap")
    assert config.inputs["immutable"] is True
    assert "name" not in mapping(config.inputs["metadata"]), "named by its content, by Pulumi"
    assert mapping(config.inputs["data"]).keys() == {"collector.json"}
    (argument,) = pod(to)["containers"][0]["args"]
    (there,) = [
        one["mountPath"] for one in pod(to)["containers"][0]["volumeMounts"] if one["name"] == "config"
    ]
    assert argument == f"--config={there}/collector.json"
    (other,) = graph(to, 20).of("ConfigMap")
    assert other.inputs["data"] != config.inputs["data"]


@pytest.mark.parametrize("to", TO)
def test_it_is_one_pod(to: str) -> None:
    """Two would each see a part of a trace, and judge it by that."""
    assert at(graph(to).one("Deployment", "traces").inputs, "spec.replicas") == 1


def test_the_token_is_a_file_and_nothing_else() -> None:
    """In the environment or the configuration, everybody who may look at pods would see it."""
    (volume,) = [one for one in pod("tempo")["volumes"] if "secret" in one]
    assert volume["secret"]["secretName"] == "tempo-token"
    assert volume["secret"]["items"] == [{"key": "token", "path": "token"}]
    assert all("secret" not in one for to in ("jaeger", "cloud-trace") for one in pod(to)["volumes"])
    assert {one["name"] for one in pod("tempo")["containers"][0]["env"]} == {"GOMEMLIMIT"}


def test_to_google_it_is_its_own_account_which_may_write_traces_and_nothing_else() -> None:
    grants = graph("cloud-trace").of("gcp:projects/iAMMember:IAMMember")
    assert [one.inputs["role"] for one in grants] == ["roles/cloudtrace.agent"]
    assert str(grants[0].inputs["member"]).endswith(
        "/example-project.svc.id.goog/subject/ns/kotaemon/sa/traces"
    )
    assert pod("cloud-trace")["serviceAccountName"] == "traces"
    assert pod("cloud-trace")["automountServiceAccountToken"] is False
    assert grants[0].urn in graph("cloud-trace").one("Deployment", "traces").dependencies
    assert "serviceAccountName" not in pod("jaeger")


def test_cloud_trace_without_google_is_refused() -> None:
    settings = CollectorTraces(kind="collector", to=TO["cloud-trace"])
    scope = Scope(namespace="kotaemon")
    args = CollectorArgs(settings=settings, namespace="kotaemon", scope=scope, senders=())
    with pytest.raises(ValueError, match="kotaemon:google"):
        registered(lambda: (Collector("traces", args), None)[1])


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("jaeger", {("observability", 4318)}),
        ("tempo", {("0.0.0.0/0", 443)}),
        (
            "cloud-trace",
            {
                ("0.0.0.0/0", 443),
                ("169.254.169.254/32", 80),
                ("169.254.169.254/32", 988),
                ("169.254.169.252/32", 988),
            },
        ),
    ],
)
def test_only_senders_reach_it_and_it_reaches_only_where_traces_go(
    to: str, reached: set[tuple[str, int]]
) -> None:
    """Who reaches it could fill it, and what it sends holds what people do."""
    graph(to)
    flows = MADE[to].flows
    outward = [flow for flow in flows if flow.destination.labels is None]
    assert {
        (flow.destination.namespace or flow.destination.cidr, port) for flow in outward for port in flow.ports
    } == reached
    inward = {flow.name: flow for flow in flows if flow.destination.labels is not None}
    assert inward.keys() == {"chroma-to-traces", "edge-to-traces"}
    assert {flow.ports for flow in inward.values()} == {(4317,)}
    assert inward["chroma-to-traces"].source["app.kubernetes.io/name"] == "chroma"
    (proxies,) = inward["edge-to-traces"].origins
    assert proxies.namespace == ENVOY_NAMESPACE


def test_whoever_emits_none_is_not_told_to() -> None:
    """Google's load balancer, Qdrant, and a Gateway controller that isn't Envoy's."""
    other = GATEWAY.model_copy(update={"controller": Controller(install=False, envoy=False)})
    google = GoogleEdge(kind="google", domain="kotaemon.example.com")
    found = [senders_of(Qdrant(), door, ENVOY_NAMESPACE) for door in (NoEdge(), google, other)]
    assert found == [(), (), ()]
    elsewhere = GATEWAY.model_copy(update={"controller": Controller(install=False, namespace="proxies")})
    (proxies,) = senders_of(Qdrant(), elsewhere, ENVOY_NAMESPACE)
    assert proxies.peer.namespace == "proxies"


def test_senders_are_told_where_the_service_is() -> None:
    made = graph("jaeger").one("Service", "traces")
    name = at(made.inputs, "metadata.name")
    (port,) = [
        one["port"]
        for one in map(mapping, items(at(made.inputs, "spec.ports")))
        if one["name"] == "otlp-grpc"
    ]
    endpoint = MADE["jaeger"].endpoint
    assert chroma_environment(endpoint)["CHROMA_OTEL_COLLECTION_ENDPOINT"] == f"http://{name}:{port}"
    (backend,) = envoy_proxy_spec(endpoint)["telemetry"]["tracing"]["provider"]["backendRefs"]
    assert backend == {"name": name, "port": port}
    assert infrastructure("edge")["parametersRef"]["name"] == "edge"


def test_what_is_scraped_is_a_port_of_the_pod() -> None:
    graph("jaeger")
    (target,) = MADE["jaeger"].watch.targets
    ports = {one["name"]: one["containerPort"] for one in pod("jaeger")["containers"][0]["ports"]}
    assert ports[target.port_name] == target.port
    labels = at(graph("jaeger").one("Deployment", "traces").inputs, "spec.template.metadata.labels")
    assert target.pods.items() <= mapping(labels).items()
