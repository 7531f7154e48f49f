"""GKE's custom resources, defined for a cluster that isn't GKE.

No package registry carries Google's own definitions, so these are written here: not Google's files,
but their field names, types, limits and enums, for what a single cluster behind one Gateway takes.
Read in github.com/GoogleCloudPlatform/gke-gateway-api at fc40d60 (config/crd), in the definitions
of live clusters that github.com/datreeio/CRDs-catalog keeps (at 7b1e26e and 5691d02), and in
github.com/kubernetes-sigs/secrets-store-csi-driver at 0aad886.

Where those sources differ, the narrower one counts: what is accepted here is accepted by all of them.
"""

from collections.abc import Mapping, Sequence

Schema = dict[str, object]

_DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"^{_DNS}(\.{_DNS})*$"
# A file of the mount, or a key of the Secret: a `_` is neither first, second nor last, nor beside another.
_ENTRY = r"^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\/([0-9]+))*$"
_RESERVED = "secrets-store.sync.x-k8s.io"


def definitions() -> tuple[Schema, ...]:
    """The CustomResourceDefinitions, as the API takes them."""
    return (
        _definition("networking.gke.io", "GCPBackendPolicy", "gcpbackendpolicies", _policy(_backend())),
        _definition("networking.gke.io", "GCPGatewayPolicy", "gcpgatewaypolicies", _policy(_gateway())),
        _definition(
            "networking.gke.io", "HealthCheckPolicy", "healthcheckpolicies", _policy(_health_check())
        ),
        _definition("secret-sync.gke.io", "SecretSync", "secretsyncs", _secret_sync()),
        _definition(
            "secrets-store.csi.x-k8s.io",
            "SecretProviderClass",
            "secretproviderclasses",
            # GKE reads one parameter, `secrets`: YAML text with resourceName and path of each. It doesn't
            # act on `secretObjects`, which the open-source driver has, so that isn't a field here.
            _object({"provider": _text(), "parameters": _map()}),
        ),
    )


def _definition(group: str, kind: str, plural: str, spec: Schema) -> Schema:
    """A namespaced kind in version v1, whose status takes anything: no controller runs here."""
    root = _object(
        {
            "apiVersion": _text(),
            "kind": _text(),
            "metadata": {"type": "object"},
            "spec": spec,
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
        required=["spec"],
    )
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": root},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def _policy(default: Schema) -> Schema:
    """The form that all policies of networking.gke.io share."""
    target = _object(
        {
            "group": _text(longest=253, pattern=rf"^$|{_SUBDOMAIN}"),
            "kind": _text(1, 63, r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"),
            "name": _text(1, 253),
            "namespace": _text(1, 63, rf"^{_DNS}$"),
        },
        required=["group", "kind", "name"],
    )
    return _object({"targetRef": target, "default": default}, required=["targetRef"])


def _backend() -> Schema:
    affinities = ("CLIENT_IP", "GENERATED_COOKIE", "HEADER_FIELD", "HTTP_COOKIE", "NONE")
    return _object(
        {
            "connectionDraining": _object({"drainingTimeoutSec": _integer(0, 3600)}),
            "iap": _object(
                {
                    "enabled": _boolean(),
                    # Both, or neither for Google's own OAuth client.
                    "clientID": _text(),
                    "oauth2ClientSecret": _object({"name": _text()}),
                }
            ),
            "logging": _object({"enabled": _boolean(), "sampleRate": _integer(0, 1_000_000)}),
            "maxRatePerEndpoint": _integer(1, 1_000_000_000),
            "securityPolicy": _text(),
            "sessionAffinity": _object({"type": _enum(*affinities), "cookieTtlSec": _integer(0, 1_209_600)}),
            "timeoutSec": _integer(1, 2_147_483_647),
        }
    )


def _gateway() -> Schema:
    return _object({"allowGlobalAccess": _boolean(), "region": _text(), "sslPolicy": _text()})


def _health_check() -> Schema:
    kinds = {"TCP": "tcp", "HTTP": "http", "HTTPS": "https", "HTTP2": "http2", "GRPC": "grpc"}
    config = _object(
        {"type": _enum(*kinds)} | {f"{key}HealthCheck": _probe(key) for key in kinds.values()},
        required=["type"],
        rules={
            f"{key}HealthCheck must be set for type {kind}": (
                f"self.type != '{kind}' || has(self.{key}HealthCheck)"
            )
            for kind, key in kinds.items()
        },
    )
    return _object(
        {
            "checkIntervalSec": _integer(1, 300),
            "timeoutSec": _integer(1, 300),
            "healthyThreshold": _integer(1, 10),
            "unhealthyThreshold": _integer(1, 10),
            "logConfig": _object({"enabled": _boolean()}),
            # The type and its one block, nothing else.
            "config": config | {"minProperties": 2, "maxProperties": 2},
        },
        rules={
            "timeoutSec cannot exceed checkIntervalSec; each is 5 when it isn't set": (
                "(has(self.timeoutSec) ? self.timeoutSec : 5)"
                " <= (has(self.checkIntervalSec) ? self.checkIntervalSec : 5)"
            )
        },
    )


def _probe(key: str) -> Schema:
    """The block of one type of health check."""
    fields: dict[str, Schema] = {
        "port": _integer(1, 65535),
        "portName": _text(longest=63, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$"),
        "portSpecification": _enum("USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"),
    }
    if key == "grpc":
        fields["grpcServiceName"] = _text(longest=1024)
    else:
        fields |= {"proxyHeader": _enum("NONE", "PROXY_V1"), "response": _text(longest=1024)}
    if key == "tcp":
        fields["request"] = _text(longest=1024)
    elif key != "grpc":
        fields["host"] = _text(longest=2048, pattern=_SUBDOMAIN)
        fields["requestPath"] = _text(longest=2048, pattern=r"^\/[A-Za-z0-9\/\-._~%!?$&'()*+,;=:]*$")
    return _object(
        fields,
        # Google's rule reads it without asking whether it is there, which refuses a block that has none.
        required=["portSpecification"],
        rules={
            "port must be set for USE_FIXED_PORT, and for no other portSpecification": (
                "has(self.port) == (self.portSpecification == 'USE_FIXED_PORT')"
            ),
            "portName must be set for USE_NAMED_PORT, and for no other portSpecification": (
                "has(self.portName) == (self.portSpecification == 'USE_NAMED_PORT')"
            ),
        },
    )


def _secret_sync() -> Schema:
    entry = _object(
        {"sourcePath": _text(1, 253, _ENTRY), "targetKey": _text(1, 253, _ENTRY)},
        required=["sourcePath", "targetKey"],
    )
    data = {
        "type": "array",
        "items": entry,
        "minItems": 1,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["targetKey"],
    }
    kept = f"{_RESERVED} is reserved for the controller"
    reserved = {kept: f"self.all(key, !key.startsWith('{_RESERVED}'))"}
    secret = _object(
        {
            "type": _text(1, 253),
            "data": data,
            "labels": _map(reserved | {"at most 62 characters": _shorter_than(63)}),
            "annotations": _map(reserved | {"at most 252 characters": _shorter_than(253)}),
        },
        required=["type", "data"],
    )
    return _object(
        {
            "serviceAccountName": _text(1, 253, _SUBDOMAIN),
            "secretProviderClassName": _text(1, 253, _SUBDOMAIN),
            "secretSyncControllerName": _text() | {"default": ""},
            "forceSynchronization": _text(longest=253),
            "secretObject": secret,
        },
        required=["serviceAccountName", "secretProviderClassName", "secretObject"],
    )


def _shorter_than(length: int) -> str:
    return f"self.all(key, key.size() < {length} && self[key].size() < {length})"


def _object(
    properties: Mapping[str, Schema], required: Sequence[str] = (), rules: Mapping[str, str] | None = None
) -> Schema:
    """An object with exactly these fields; `rules` are expressions by the message of their refusal."""
    found: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        found["required"] = list(required)
    return found | _validations(rules)


def _map(rules: Mapping[str, str] | None = None) -> Schema:
    """Any keys, with texts."""
    return {"type": "object", "additionalProperties": {"type": "string"}} | _validations(rules)


def _validations(rules: Mapping[str, str] | None) -> Schema:
    if not rules:
        return {}
    return {"x-kubernetes-validations": [{"message": what, "rule": rule} for what, rule in rules.items()]}


def _text(shortest: int = 0, longest: int | None = None, pattern: str | None = None) -> Schema:
    found: Schema = {"type": "string"}
    if shortest:
        found["minLength"] = shortest
    if longest is not None:
        found["maxLength"] = longest
    if pattern:
        found["pattern"] = pattern
    return found


def _enum(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _integer(least: int, most: int) -> Schema:
    return {"type": "integer", "format": "int64", "minimum": least, "maximum": most}


def _boolean() -> Schema:
    return {"type": "boolean"}
