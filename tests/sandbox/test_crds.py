"""Custom resources on a real API server: what their real schemas accept, and what they refuse.

No controller runs, so this says nothing of what a Gateway or a Certificate comes to.
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from components.contracts import Endpoint, Peer
from components.traces.senders import envoy_proxy_spec, infrastructure
from sandbox import build, cluster, components, crds
from sandbox.api import Api
from sandbox.errors import SandboxError
from sandbox.paths import Home
from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.kubernetes.client import APPLY, ApiError, Client

pytestmark = pytest.mark.sandbox

Object = dict[str, Any]

COLLECTOR = Endpoint(host="traces", port=4317, peer=Peer(labels={}))
SERVICE = {"group": "", "kind": "Service", "name": "kotaemon"}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "kotaemon"}
ROUTE = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "kotaemon"}

SPECS: dict[str, tuple[str, Object]] = {
    "Gateway": (
        "gateway.networking.k8s.io/v1",
        {
            "gatewayClassName": "gke-l7-global-external-managed",
            "addresses": [{"type": "NamedAddress", "value": "kotaemon"}],
            "infrastructure": infrastructure("kotaemon"),
            "listeners": [
                {
                    "name": "http",
                    "port": 80,
                    "protocol": "HTTP",
                    "allowedRoutes": {"namespaces": {"from": "Same"}},
                },
                # No `tls`: on GKE the certificates come from a certificate map that an annotation names.
                {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "rag.example.com"},
            ],
        },
    ),
    "HTTPRoute": (
        "gateway.networking.k8s.io/v1",
        {
            "parentRefs": [{"name": "kotaemon", "sectionName": "https"}],
            "hostnames": ["rag.example.com"],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": "kotaemon", "port": 80}],
                    "timeouts": {"request": "3600s"},
                },
                {
                    "matches": [{"path": {"type": "Exact", "value": "/old"}}],
                    "filters": [
                        {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
                    ],
                },
            ],
        },
    ),
    "GCPBackendPolicy": (
        "networking.gke.io/v1",
        {
            "targetRef": SERVICE,
            "default": {
                "timeoutSec": 3600,
                "connectionDraining": {"drainingTimeoutSec": 60},
                "sessionAffinity": {"type": "GENERATED_COOKIE", "cookieTtlSec": 86400},
                "securityPolicy": "kotaemon",
                "logging": {"enabled": True, "sampleRate": 1_000_000},
                "iap": {"enabled": True, "clientID": "id", "oauth2ClientSecret": {"name": "iap"}},
            },
        },
    ),
    "HealthCheckPolicy": (
        "networking.gke.io/v1",
        {
            "targetRef": SERVICE,
            "default": {
                "checkIntervalSec": 15,
                "timeoutSec": 5,
                "config": {
                    "type": "HTTP",
                    "httpHealthCheck": {
                        "portSpecification": "USE_FIXED_PORT",
                        "port": 7860,
                        "requestPath": "/healthz",
                    },
                },
            },
        },
    ),
    "GCPGatewayPolicy": (
        "networking.gke.io/v1",
        {"targetRef": GATEWAY, "default": {"sslPolicy": "kotaemon"}},
    ),
    "SecretProviderClass": (
        "secrets-store.csi.x-k8s.io/v1",
        {"provider": "gke", "parameters": {"secrets": "- resourceName: projects/p/secrets/s/versions/1\n"}},
    ),
    "SecretSync": (
        "secret-sync.gke.io/v1",
        {
            "serviceAccountName": "kotaemon",
            "secretProviderClassName": "kotaemon",
            "secretObject": {
                "type": "Opaque",
                "data": [{"sourcePath": "openai-api-key", "targetKey": "OPENAI_API_KEY"}],
                "labels": {"app.kubernetes.io/name": "kotaemon"},
            },
        },
    ),
    "Issuer": (
        "cert-manager.io/v1",
        {
            "acme": {
                "server": "https://acme-v02.api.letsencrypt.org/directory",
                "email": "admin@example.com",
                "privateKeySecretRef": {"name": "account"},
                "solvers": [{"http01": {"gatewayHTTPRoute": {"parentRefs": [GATEWAY]}}}],
            }
        },
    ),
    "Certificate": (
        "cert-manager.io/v1",
        {
            "secretName": "kotaemon-tls",
            "dnsNames": ["rag.example.com"],
            "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": "kotaemon"},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
    ),
    "EnvoyProxy": (
        "gateway.envoyproxy.io/v1alpha1",
        cast(Object, envoy_proxy_spec(COLLECTOR)),
    ),
    "BackendTrafficPolicy": (
        "gateway.envoyproxy.io/v1alpha1",
        {
            "targetRefs": [ROUTE],
            "timeout": {"http": {"requestTimeout": "3600s"}},
            "loadBalancer": {
                "type": "ConsistentHash",
                "consistentHash": {"type": "Cookie", "cookie": {"name": "kotaemon", "ttl": "24h"}},
            },
        },
    ),
    "ClientTrafficPolicy": (
        "gateway.envoyproxy.io/v1alpha1",
        {"targetRefs": [GATEWAY], "tls": {"minVersion": "1.2"}},
    ),
}
"""A good one of each kind, with the fields that a stack with an edge uses."""

# Kind, field, value, and what the refusal says. `+` names a field that doesn't exist.
WRONG = [
    ("Gateway", "listeners.0.+hostnames", ["rag.example.com"], "hostnames"),
    ("Gateway", "listeners.1.protocol", "https://", "protocol"),
    ("Gateway", "listeners.1.name", "http", "listeners"),
    ("HTTPRoute", "rules.0.+timeout", "3600s", "timeout"),
    ("HTTPRoute", "rules.0.+sessionPersistence", {"type": "Cookie"}, "sessionPersistence"),
    ("HTTPRoute", "rules.0.timeouts.request", "an hour", "request"),
    ("HTTPRoute", "rules.1.filters.0.requestRedirect.statusCode", 200, "statusCode"),
    ("GCPBackendPolicy", "default.sessionAffinity.+cookieTTLSec", 60, "cookieTTLSec"),
    ("GCPBackendPolicy", "default.iap.+clientId", "id", "clientId"),
    ("GCPBackendPolicy", "default.sessionAffinity.type", "COOKIE", "sessionAffinity.type"),
    ("GCPBackendPolicy", "default.connectionDraining.drainingTimeoutSec", 3601, "3600"),
    ("GCPBackendPolicy", "+targetRefs", [SERVICE], "targetRefs"),
    ("HealthCheckPolicy", "default.config.httpHealthCheck.+path", "/", "path"),
    ("HealthCheckPolicy", "default.config.type", "HTTPS", "httpsHealthCheck must be set for type HTTPS"),
    ("HealthCheckPolicy", "default.timeoutSec", 16, "timeoutSec cannot exceed checkIntervalSec"),
    (
        "HealthCheckPolicy",
        "default.config.httpHealthCheck.portSpecification",
        "USE_SERVING_PORT",
        "port must be",
    ),
    ("HealthCheckPolicy", "default.config.httpHealthCheck.requestPath", "healthz", "requestPath"),
    ("GCPGatewayPolicy", "default.+sslPolicyName", "kotaemon", "sslPolicyName"),
    ("GCPGatewayPolicy", "default.allowGlobalAccess", "yes", "allowGlobalAccess"),
    ("SecretProviderClass", "+secrets", "", "secrets"),
    ("SecretProviderClass", "parameters.secrets", [{"path": "key"}], "parameters"),
    ("SecretSync", "secretObject.data.0.+target", "KEY", "target"),
    ("SecretSync", "secretObject.data.0.targetKey", "OPENAI__KEY", "targetKey"),
    ("SecretSync", "secretObject.data", [], "data"),
    ("SecretSync", "secretObject.labels", {"secrets-store.sync.x-k8s.io/mine": ""}, "reserved"),
    ("Issuer", "acme.+mail", "admin@example.com", "mail"),
    ("Issuer", "acme.solvers.0.http01.gatewayHTTPRoute.+parents", [], "parents"),
    ("Certificate", "+dnsName", "rag.example.com", "dnsName"),
    ("Certificate", "privateKey.algorithm", "P256", "algorithm"),
    ("EnvoyProxy", "telemetry.tracing.provider.type", "Jaeger", "type"),
    ("EnvoyProxy", "telemetry.tracing.samplingRate", 101, "samplingRate"),
    ("BackendTrafficPolicy", "timeout.http.+request", "3600s", "request"),
    ("BackendTrafficPolicy", "loadBalancer.type", "Sticky", "loadBalancer"),
    ("ClientTrafficPolicy", "tls.minVersion", "TLS1.2", "minVersion"),
]
MISSPELT = [(kind, field, value) for kind, field, value, _ in WRONG if "+" in field]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = Home(tmp_path_factory.mktemp("sandbox"))
    build.ensure(components.NAMES)
    cluster.start(found)
    yield found
    cluster.stop(found)
    cluster.purge(found)


@pytest.fixture(scope="module")
def client(home: Home) -> Client:
    return Client(kubeconfig.access(kubeconfig.parse(str(home.kubeconfig))))


@pytest.fixture
def api(home: Home) -> Iterator[Api]:
    ports = components.known_ports(home)
    assert ports
    with Api(home.pki, ports["kube-apiserver"], timeout=30) as found:
        yield found


def resource(kind: str) -> Object:
    version, spec = SPECS[kind]
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "test"}, "spec": copy.deepcopy(spec)}


def changed(kind: str, field: str, value: object) -> Object:
    """A good resource with one field changed, or added where the last name begins with `+`."""
    found = resource(kind)
    part, last = parent(found["spec"], field)
    part[last.removeprefix("+")] = value
    return found


def parent(part: Any, field: str) -> tuple[Any, str]:
    """The object that holds a field, and the field's last name."""
    *parents, last = field.split(".")
    for name in parents:
        part = part[int(name)] if name.isdecimal() else part[name]
    return part, last


def collection(found: Object) -> str:
    plurals = {d.body["spec"]["names"]["kind"]: d.plural for d in crds.ensure()}  # type: ignore[index]  # JSON
    return f"/apis/{found['apiVersion']}/namespaces/default/{plurals[found['kind']]}"


def create(client: Client, found: Object) -> None:
    client.call("POST", collection(found), {"dryRun": "All", "fieldValidation": "Strict"}, found)


@pytest.mark.parametrize("kind", SPECS)
def test_a_good_one_of_each_kind_is_accepted(client: Client, kind: str) -> None:
    create(client, resource(kind))


@pytest.mark.parametrize(("kind", "field", "value", "says"), WRONG)
def test_a_misspelt_or_wrong_field_is_refused(
    client: Client, kind: str, field: str, value: object, says: str
) -> None:
    """On a real cluster it would be dropped in silence, or refused in the middle of an update."""
    with pytest.raises(ApiError, match=re.escape(says)):
        create(client, changed(kind, field, value))


@pytest.mark.parametrize(("kind", "field", "value"), MISSPELT)
def test_what_the_program_applies_may_not_be_misspelt_either(
    client: Client, kind: str, field: str, value: object
) -> None:
    """Providers ask for warnings only; a server-side apply is checked against the schema all the same."""
    found = changed(kind, field, value)
    query = {"fieldManager": "test", "fieldValidation": "Warn", "dryRun": "All"}
    with pytest.raises(ApiError, match="field not declared in schema"):
        client.call("PATCH", f"{collection(found)}/test", query, found, APPLY)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("GCPBackendPolicy", "targetRef"),
        ("HealthCheckPolicy", "default.config.type"),
        ("HealthCheckPolicy", "default.config.httpHealthCheck.port"),
        ("HealthCheckPolicy", "default.config.httpHealthCheck.portSpecification"),
        ("SecretSync", "secretObject"),
        ("SecretSync", "secretObject.data.0.targetKey"),
    ],
)
def test_a_field_that_google_requires_may_not_be_left_out(client: Client, kind: str, field: str) -> None:
    found = resource(kind)
    part, last = parent(found["spec"], field)
    del part[last]
    with pytest.raises(ApiError, match=f"{last}|at least 2 properties"):
        create(client, found)


def test_an_iap_without_an_own_oauth_client_is_accepted(client: Client) -> None:
    """Google's own client is the default; ours is for users outside of the organisation."""
    create(client, changed("GCPBackendPolicy", "default.iap", {"enabled": True}))


def test_a_second_install_writes_nothing(home: Home) -> None:
    assert crds.install(home) == ()


def test_what_was_deleted_or_is_outdated_is_written_again(home: Home, api: Api) -> None:
    """A newer version of this project starts on a cluster of an older one."""
    gone, old = "referencegrants.gateway.networking.k8s.io", "gcpgatewaypolicies.networking.gke.io"
    assert api.request("DELETE", f"{crds.COLLECTION}/{gone}")[0] == 200
    definition = _read(api, old)
    definition["metadata"]["annotations"][crds.OURS] = "older"
    assert api.request("PUT", f"{crds.COLLECTION}/{old}", definition)[0] == 200

    assert crds.install(home) == (old, gone)
    assert _read(api, old)["metadata"]["annotations"][crds.OURS] != "older"
    assert crds.install(home) == ()


def test_a_definition_that_somebody_else_made_is_left_alone(home: Home, api: Api) -> None:
    """An operator that the user installed brings its own; two owners would undo each other's work."""
    name = "referencegrants.gateway.networking.k8s.io"
    definition = _read(api, name)
    del definition["metadata"]["annotations"][crds.OURS]
    assert api.request("PUT", f"{crds.COLLECTION}/{name}", definition)[0] == 200
    before = _read(api, name)["metadata"]["resourceVersion"]
    try:
        assert crds.install(home) == ()
        assert _read(api, name)["metadata"]["resourceVersion"] == before
    finally:
        api.request("DELETE", f"{crds.COLLECTION}/{name}")
        crds.install(home)


def test_a_start_goes_on_where_the_definitions_cannot_be_had(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most stacks have no custom resources: a closed network must not keep them from starting."""

    def refused() -> tuple[crds.Definition, ...]:
        raise SandboxError("The Go module x couldn't be had: 403")

    monkeypatch.setattr(crds, "ensure", refused)
    assert cluster.start(home) == cluster.running(home)
    assert "Going on without custom resources: The Go module x" in capsys.readouterr().err


def test_a_module_that_cannot_be_had_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GOMODCACHE", f"{tmp_path}/mod")
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(SandboxError, match=r"(?s)sigs\.k8s\.io/gateway-api.*GOPROXY"):
        crds.ensure()


def test_every_module_is_pinned_with_its_checksum() -> None:
    """Go adds a checksum that is missing instead of refusing the module."""
    required = re.findall(r"^\t(\S+ v\S+)$", (crds.MODULE / "go.mod").read_text(), re.MULTILINE)
    sums = (crds.MODULE / "go.sum").read_text()

    assert {module.split()[0] for module in required} == set(crds.SOURCES)
    assert [module for module in required if f"{module} h1:" not in sums] == []


def _read(api: Api, name: str) -> Object:
    status, body = api.request("GET", f"{crds.COLLECTION}/{name}")
    assert status == 200
    return cast(Object, json.loads(body))
