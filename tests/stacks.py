"""Stacks that the tests evaluate: the real files, and one for each choice that they don't make."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .program import SENTINEL, Evaluation, evaluate


def _certificate() -> str:
    """A self-signed certificate, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


CERTIFICATE = _certificate()
SEVERAL = {
    "kotaemon:docstore": {"kind": "postgres"},
    "kotaemon:app": {"replicas": 3, "storage": {"accessMode": "ReadWriteMany", "className": "shared"}},
}

OIDC = {"kind": "oauth2-proxy", "issuer": "https://id.example.org", "clientId": "kotaemon",
        "emailDomains": ["example.org"]}  # fmt: skip

TOLD = {
    "slack": {"channel": "#kotaemon"},
    "pagerduty": {},
    "mail": {"to": ["ops@example.org"], "server": {
        "sender": "kotaemon@example.org", "host": "smtp.example.org", "username": "kotaemon"}},
    "webhook": {},
    "deadMansSwitch": {"minutes": 5},
    "runbooks": "https://git.example.org/kotaemon/docs/runbooks",
}  # fmt: skip
TOLD_SECRETS = {
    "slackWebhook": f"https://hooks.slack.com/services/T0/B0/{SENTINEL}",
    "pagerdutyKey": f"{SENTINEL:0<32}",
    "smtpPassword": f"{SENTINEL}-smtp",
    "alertWebhook": f"https://alerts.example.org/{SENTINEL}",
    "deadMansSwitch": f"https://ping.example.org/{SENTINEL}",
}
"""Every receiver of alerts, and its secret."""


@dataclass(frozen=True)
class Variant:
    """A stack's configuration: keys that replace those of a stack's file, and Pulumi secrets."""

    config: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stack: str = "local"
    """The stack's file."""


VARIANTS = {
    "local": Variant(),
    "several-replicas": Variant(SEVERAL),
    "autoscaled": Variant(
        {**SEVERAL, "kotaemon:app": {
            "autoscaling": {"minReplicas": 2, "maxReplicas": 3}, "storage": {"accessMode": "ReadWriteMany"},
        }, "kotaemon:postgres": {"kind": "in-cluster", "maxConnections": 120}}
    ),
    "one-database": Variant({"kotaemon:docstore": {"kind": "postgres"}, "kotaemon:vectorDb": {"kind": "pgvector"}}),
    "qdrant-cluster": Variant({"kotaemon:vectorDb": {"kind": "qdrant", "replicas": 3, "replicationFactor": 2}}),
    "chroma-elasticsearch": Variant(
        {"kotaemon:vectorDb": {"kind": "chroma"}, "kotaemon:docstore": {"kind": "elasticsearch"}}
    ),
    "external-postgres": Variant(
        {"kotaemon:postgres": {"kind": "external", "host": "db.example.com", "caCertificate": CERTIFICATE}},
        {"postgresPassword": f"{SENTINEL}-postgres"},
    ),
    "existing-secrets": Variant(
        {"kotaemon:secrets": {"openaiApiKey": {"name": "team", "key": "openai"},
                              "adminPassword": {"name": "team", "key": "admin"}}}
    ),
    "every-model": Variant(
        {
            "kotaemon:app": {
                "image": {"variant": "full"},
                "graphRag": {"microsoft": True, "light": True},
                "multimodal": {
                    "enabled": True,
                    "adobe": True,
                    "docling": True,
                    "azureDocumentIntelligence": {"endpoint": "https://di.example.com"},
                },
            },
            "kotaemon:models": {
                "openai": {"baseUrl": "https://llm.example.com:8443/v1"},
                "azureOpenai": {
                    "endpoint": "https://azure.example.com",
                    "chatDeployment": "chat",
                    "embeddingsDeployment": "embed",
                    "visionDeployment": "see",
                },
                "ollama": {"url": "http://ollama.models.svc:11434/v1/"},
            },
        },
        {
            name: f"{SENTINEL}-{name}"
            for name in (
                "openaiApiKey", "azureOpenaiApiKey", "googleApiKey", "cohereApiKey", "mistralApiKey", "voyageApiKey",
                "tavilyApiKey", "graphragApiKey", "azureDocumentIntelligenceKey", "adobeClientId",
                "adobeClientSecret", "adminPassword",
            )
        },
    ),
    "production": Variant({**SEVERAL, "kotaemon:production": "true"}),
    "unwatched": Variant({"kotaemon:monitoring": {"kind": "none"}}),
    "watched-minimally": Variant({"kotaemon:monitoring": {"kind": "builtin", "minimal": True}}),
    "watched-with-receivers": Variant(
        {"kotaemon:monitoring": {"kind": "builtin", "objectives": {"availability": 99.9}, "alerts": TOLD},
         "kotaemon:docstore": {"kind": "elasticsearch"}},
        TOLD_SECRETS,
    ),
    "watched-by-an-operator": Variant(
        {"kotaemon:monitoring": {"kind": "operator", "labels": {"release": "kube-prometheus-stack"}, "alerts": TOLD}},
        TOLD_SECRETS,
    ),
    "watched-by-google": Variant(
        {"kotaemon:monitoring": {"kind": "google", "objectives": {"availability": 99.9},
                                 "alerts": {"mail": {"to": ["ops@example.org"]}, "pagerduty": {}, "webhook": {}}},
         "kotaemon:logs": {"kind": "google"}, "kotaemon:traces": {"kind": "collector", "to": {"kind": "cloud-trace"}},
         "kotaemon:vectorDb": {"kind": "chroma"}},
        {name: TOLD_SECRETS[name] for name in ("pagerdutyKey", "alertWebhook")},
        stack="prod",
    ),
    "logs-in-loki": Variant({"kotaemon:logs": {"kind": "fluent-bit"}}),
    "logs-in-elasticsearch": Variant(
        {"kotaemon:logs": {"kind": "fluent-bit", "to": {
            "kind": "elasticsearch", "url": "https://search.example.org:9200", "username": "writer",
            "caCertificate": CERTIFICATE}}},
        {"logsElasticsearchPassword": f"{SENTINEL}-logs"},
    ),
    "traced": Variant(
        {"kotaemon:traces": {"kind": "collector", "to": {"kind": "tempo", "url": "https://tempo.example.org:4318",
                                                         "token": True}},
         "kotaemon:vectorDb": {"kind": "chroma"},
         "kotaemon:edge": {"kind": "gateway", "domain": "docs.example.org", "auth": OIDC,
                           "certManager": {"email": "ops@example.org"}}},
        {"oidcClientSecret": f"{SENTINEL}-oidc", "tracesToken": f"{SENTINEL}-traces"},
    ),
    "dev": Variant(stack="dev"),
    "prod": Variant(stack="prod"),
    "autopilot": Variant({"kotaemon:cluster": {"kind": "gke", "autopilot": True}}, stack="dev"),
    "every-node-pool": Variant(
        {"kotaemon:cluster": {
            "kind": "gke",
            "controlPlane": {"external": False, "authorizedNetworks": [{"name": "office", "cidr": "203.0.113.0/24"}]},
            "maintenance": {"exclusions": [{"name": "holidays", "start": "2026-12-20", "end": "2027-01-06"}]},
            "nodePools": {"spot": {"maxNodes": 4}, "gpu": {}},
        }},
        stack="prod",
    ),
    "gke-existing": Variant(
        {"kotaemon:cluster": {"kind": "gke-existing", "name": "shared", "location": "europe-west4"}}, stack="dev"
    ),
    "gke-existing-reserving": Variant(
        {"kotaemon:cluster": {"kind": "gke-existing", "name": "shared", "location": "europe-west4",
                              "googleServices": "10.40.0.0/20"}},
        stack="prod",
    ),
    "iam-login": Variant(
        {"kotaemon:postgres": {"kind": "cloud-sql", "availability": "regional", "login": "iam"}}, stack="prod"
    ),
    "google-own-client": Variant(
        {"kotaemon:edge": {
            "kind": "google", "domain": "docs.example.org", "dns": {"zone": "docs", "create": "example.org"},
            "auth": {"kind": "iap", "clientId": "123.apps.googleusercontent.com", "members": ["domain:example.org"]},
            "armor": {"countries": ["DE", "AT"], "networks": ["203.0.113.0/24"], "logOnly": True},
        }},
        {"oidcClientSecret": f"{SENTINEL}-oidc"},
        stack="prod",
    ),
    "google-oauth2-proxy": Variant(
        {"kotaemon:edge": {"kind": "google", "domain": "docs.example.org", "auth": OIDC, "armor": {},
                           "dns": {"zone": "docs"}}},
        {"oidcClientSecret": f"{SENTINEL}-oidc"},
        stack="prod",
    ),
    "secret-manager": Variant(
        {"kotaemon:secretManager": {
            "openaiApiKey": {"secret": "models", "version": 3}, "oidcClientSecret": {"secret": "oidc", "version": 1},
        }, "kotaemon:edge": {"kind": "google", "domain": "docs.example.org", "auth": OIDC}},
        stack="dev",
    ),
    "gateway": Variant(
        {"kotaemon:edge": {"kind": "gateway", "domain": "docs.example.org", "auth": OIDC,
                           "certManager": {"email": "ops@example.org"}}},
        {"oidcClientSecret": f"{SENTINEL}-oidc"},
    ),
    "gateway-of-the-cluster": Variant(
        {"kotaemon:edge": {
            "kind": "gateway", "domain": "docs.example.org",
            "auth": {**OIDC, "emailDomains": [], "emails": ["ann@example.org", "bob@example.org"]},
            "certManager": {"install": False, "issuer": "own-ca", "caSecret": "company-ca"},
            "controller": {"install": False, "className": "company", "namespace": "gateways", "envoy": True},
        }},
        {"oidcClientSecret": f"{SENTINEL}-oidc"},
    ),
}  # fmt: skip


@cache
def graph_of(name: str, *, preview: bool = False) -> Evaluation:
    """What a variant registers; evaluated once."""
    variant = VARIANTS[name]
    return evaluate(variant.config, stack=variant.stack, secrets=variant.secrets, preview=preview)
