"""What is accepted, and what it means."""

import json
from typing import get_args

import pytest

from components.config import SecretName, Settings
from components.config.fields import amount, is_floating
from components.config.locate import members, tags
from components.config.section import Section
from components.config.settings import Chroma, ExternalPostgres, InClusterPostgres, PgVector, Qdrant
from tests.config_cloud_rows import CLOUD_VALID, GKE
from tests.config_monitoring_rows import MONITORING_VALID
from tests.config_rows import (
    AZURE,
    CERTIFICATE,
    EXTERNAL,
    OPENAI,
    PASSWORD,
    RECEIVERS,
    SECRET,
    SHARED,
    Values,
)
from tests.test_config import read

SEVERAL: Values = {"docstore": {"kind": "postgres"}, "app": {"replicas": 3, "storage": SHARED}}
EVERYTHING: Values = {
    "production": True,
    "namespace": {"name": "kotaemon-prod", "podSecurity": "baseline", "quota": {"cpu": 48, "pods": 100}},
    "postgres": {**EXTERNAL, "port": 5433, "sslMode": "verify-ca", "caCertificate": CERTIFICATE},
    "vectorDb": {
        "kind": "qdrant",
        "replicas": 3,
        "replicationFactor": 2,
        "storage": {"size": "50Gi", "className": "premium-rwo"},
        "resources": {"cpu": "500m", "memory": "2Gi", "cpuLimit": 2, "memoryLimit": "2Gi"},
    },
    "docstore": {"kind": "elasticsearch", "storage": {"size": "20Gi"}},
    "app": {
        "image": {"tag": "0.11.3@sha256:" + "a" * 64, "variant": "full"},
        "autoscaling": {"minReplicas": 2, "maxReplicas": 6, "cpuPercent": 60},
        "storage": {"size": "100Gi", "className": "filestore.rwx", "accessMode": "ReadWriteMany"},
        "resources": {"cpu": 1, "memory": "2.5Gi"},
        "admin": {"username": "boss"},
        "collectionPrefix": "prod_",
        "reasonings": ["react", "full-qa"],
        "lowLlmRequests": True,
        "chatSuggestions": True,
        "multimodal": {
            "enabled": True,
            "docling": True,
            "adobe": True,
            "azureDocumentIntelligence": {"endpoint": "https://reader.cognitiveservices.azure.com/"},
        },
        "nodeSelector": {"cloud.google.com/gke-spot": True, "disk": "ssd", "generation": 3, "any": ""},
    },
    "models": {
        "openai": {"baseUrl": "http://llm.llm.svc:8000/v1"},
        "azureOpenai": {**AZURE, "visionDeployment": "see"},
        "ollama": {"url": "http://10.0.0.5:11434/v1/"},
        "google": {},
        "cohere": {},
        "mistral": {},
        "voyage": {"embeddingModel": "voyage-3"},
        "tavily": {},
    },
    "secrets": {"mistralApiKey": {"name": "kotaemon.keys", "key": "MISTRAL_KEY"}},
    "monitoring": {
        "kind": "builtin",
        "objectives": {"availability": 99.9, "latencySeconds": 1.5, "latencyShare": 90, "days": 28},
        "alerts": {
            "slack": {"channel": "#kotaemon"},
            "pagerduty": {"eu": True},
            "mail": {
                "to": ["ops@example.com"],
                "server": {
                    "sender": "kotaemon@example.com",
                    "host": "smtp.example.com",
                    "username": "kotaemon",
                },
            },
            "webhook": {"resolved": False},
            "deadMansSwitch": {"minutes": 10},
            "runbooks": "https://git.example.com/kotaemon/docs/runbooks",
        },
    },
    "logs": {
        "kind": "fluent-bit",
        "to": {
            "kind": "existing-loki",
            "url": "https://loki.example.com",
            "tenant": "prod",
            "username": "writer",
        },
        "buffer": "1Gi",
    },
    "edge": {
        "kind": "gateway",
        "domain": "kotaemon.example.com",
        "auth": {
            "kind": "oauth2-proxy",
            "issuer": "https://idp.example.com/realms/a",
            "clientId": "kotaemon",
            "groups": ["kotaemon"],
            "sessionHours": 8,
        },
        "certManager": {"install": False, "issuer": "own-ca", "caSecret": "company-ca"},
        "controller": {
            "install": False,
            "className": "eg",
            "namespace": "envoy-gateway-system",
            "envoy": True,
        },
    },
}
EVERY_SECRET = {
    name.value: RECEIVERS.get(name, "value-of-" + SECRET)
    for name in SecretName
    if name not in (SecretName.MISTRAL, SecretName.GRAPHRAG, SecretName.LOGS_ELASTICSEARCH, SecretName.TRACES)
}
"""Of `everything`: OpenAI's key is GraphRAG's, Mistral's is in a Secret; logs go to one place."""

VALID: dict[str, tuple[Values, dict[str, str]]] = {
    "nothing": ({}, {}),
    "empty sections": ({"app": {}, "models": {}, "namespace": {}, "secrets": {}, "postgres": {}}, {}),
    "in-cluster": ({"postgres": {"kind": "in-cluster", "maxConnections": 300}}, {}),
    "without a kind": ({"vectorDb": {"replicas": 3}}, {}),
    "external": ({"postgres": EXTERNAL}, PASSWORD),
    "external by address, verified": ({"postgres": {**EXTERNAL, "host": "10.1.2.3"}}, PASSWORD),
    "external in production": (
        {"production": True, "postgres": {**EXTERNAL, "caCertificate": CERTIFICATE}},
        PASSWORD,
    ),
    "external without TLS, not in production": ({"postgres": {**EXTERNAL, "sslMode": "disable"}}, PASSWORD),
    "external, password in a Secret": (
        {"postgres": EXTERNAL, "secrets": {"postgresPassword": {"name": "pg", "key": "password"}}},
        {},
    ),
    "Qdrant": ({"vectorDb": {"kind": "qdrant", "replicas": 3, "replicationFactor": 2}}, {}),
    "Chroma": ({"vectorDb": {"kind": "chroma"}}, {}),
    "pgvector": ({"vectorDb": {"kind": "pgvector"}}, {}),
    "LanceDB": ({"docstore": {"kind": "lancedb"}}, {}),
    "documents in PostgreSQL": ({"docstore": {"kind": "postgres", "language": "german"}}, {}),
    "Elasticsearch": ({"docstore": {"kind": "elasticsearch"}}, {}),
    "several replicas": (SEVERAL, {}),
    "autoscaling": (
        {"docstore": {"kind": "postgres"}, "app": {"autoscaling": {"maxReplicas": 3}, "storage": SHARED}},
        {},
    ),
    "a floating tag, not in production": ({"app": {"image": {"tag": "latest"}}}, {}),
    "a digest of main, in production": (
        {"production": True, "app": {"image": {"tag": "main@sha256:" + "0" * 64}}},
        {},
    ),
    "own image with a variant in its tag": (
        {"app": {"image": {"repository": "registry.example.com:5000/a/kotaemon", "tag": "1.2.3-full"}}},
        {},
    ),
    "OpenAI by its key": ({}, OPENAI),
    "administrator's password": ({}, {"adminPassword": "correct horse"}),
    "GraphRAG with OpenAI's key": ({"app": {"graphRag": {"microsoft": True}}}, OPENAI),
    "alerts to Slack": (
        {"monitoring": {"kind": "builtin", "alerts": {"slack": {"channel": "#kotaemon"}}}},
        {"slackWebhook": RECEIVERS["slackWebhook"]},
    ),
    "watched by an operator": (
        {"monitoring": {"kind": "operator", "labels": {"release": "kube-prometheus-stack"}}},
        {},
    ),
    "watched by Google": ({**GKE, "monitoring": {"kind": "google", "minimal": True}}, {}),
    "watched by nobody": ({"monitoring": {"kind": "none"}}, {}),
    "nothing said": ({"app": {"autoscaling": None, "collectionPrefix": None, "nodeSelector": {}}}, {}),
    "everything": (EVERYTHING, EVERY_SECRET),
    **CLOUD_VALID,
    **MONITORING_VALID,
}


@pytest.mark.parametrize("case", VALID)
def test_it_is_accepted(case: str) -> None:
    config, secrets = VALID[case]
    assert isinstance(read(config, secrets), Settings)


def test_nothing_said_means_the_defaults() -> None:
    assert read({}) == Settings()


def test_every_kind_is_among_what_is_accepted() -> None:
    """A kind that is added needs a sample."""
    for key, info in Settings.model_fields.items():
        used = (
            {config.get(info.alias or key, {}).get("kind") for config, _ in VALID.values()}
            if tags(info)
            else set()
        )
        assert set(tags(info)) <= used, key


def test_what_the_command_line_writes_as_text_is_understood() -> None:
    """`pulumi config set production true` stores the text "true"."""
    settings = read({"production": "true", "app": '{"replicas": "3", "storage": {"accessMode": "ReadWriteMany"}}',
                     "docstore": {"kind": "postgres"}})  # fmt: skip
    assert settings.production is True
    assert settings.app.replicas == 3
    assert read({"app": {"resources": {"cpu": 2, "memory": "2Gi"}}}).app.resources.cpu == "2"
    assert read({"app": {"nodeSelector": {"spot": True, "n": 3}}}).app.node_selector == {
        "spot": "true",
        "n": "3",
    }


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ({"postgres": EXTERNAL}, ExternalPostgres),
        ({"postgres": {"maxConnections": 90}}, InClusterPostgres),
        ({"vectorDb": {"storage": {"size": "1Gi"}}}, Qdrant),
        ({"vectorDb": {"kind": "chroma"}}, Chroma),
        ({"vectorDb": {"kind": "pgvector"}}, PgVector),
    ],
)
def test_a_kind_decides_what_is_built(section: Values, kind: type[Section]) -> None:
    settings = read(section, PASSWORD if section.get("postgres") == EXTERNAL else {})
    assert isinstance(getattr(settings, "postgres" if "postgres" in section else "vector_db"), kind)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("openaiApiKey", "openai"),
        ("googleApiKey", "google"),
        ("cohereApiKey", "cohere"),
        ("mistralApiKey", "mistral"),
        ("voyageApiKey", "voyage"),
        ("tavilyApiKey", "tavily"),
    ],
)
def test_a_key_turns_its_provider_on(name: str, provider: str) -> None:
    """In either place that a secret can have."""
    assert getattr(read({}).models, provider) is None
    assert getattr(read({}, {name: SECRET}).models, provider) is not None
    there = read({"secrets": {name: {"name": "keys", "key": "a"}}})
    assert getattr(there.models, provider) is not None


def test_a_provider_that_is_configured_keeps_its_settings_when_its_key_comes() -> None:
    openai = read({"models": {"openai": {"chatModel": "gpt-5"}}}, OPENAI).models.openai
    assert openai is not None
    assert openai.chat_model == "gpt-5"


def _sections(section: type[Section] = Settings, seen: tuple[object, ...] = ()) -> set[type[Section]]:
    found: set[type[Section]] = {section}
    for info in section.model_fields.values():
        for member in members(info.annotation):
            for part in (member, *get_args(member)):
                if isinstance(part, type) and issubclass(part, Section) and part not in seen:
                    found |= _sections(part, (*seen, part))
    return found


@pytest.mark.parametrize("section", sorted(_sections(), key=repr))
def test_every_section_is_frozen_strict_and_explained(section: type[Section]) -> None:
    assert section.model_config["frozen"]
    assert section.model_config["extra"] == "forbid"
    for name, info in section.model_fields.items():
        assert info.description, f"{section.__name__}.{name} has no docstring"


def test_quantities_are_compared_as_numbers() -> None:
    assert amount("1Gi") == 1024 * amount("1Mi") > amount("1G")
    assert amount("1500m") == amount("1.5") > amount("1")


@pytest.mark.parametrize("tag", ["latest", "main", "main-lite", "0.11", "stable", "nightly-2026-01-01", "v1"])
def test_what_may_change_is_floating(tag: str) -> None:
    assert is_floating(tag)
    assert not is_floating(f"{tag}@sha256:{'0' * 64}")


@pytest.mark.parametrize("tag", ["0.11.3", "v0.11.3", "0.11.3-rc.1"])
def test_a_whole_version_is_not_floating(tag: str) -> None:
    assert not is_floating(tag)


def test_settings_can_be_written_and_read_again() -> None:
    """What `Settings` holds is what a file could say."""
    settings = read(*VALID["everything"])
    again = Settings.model_validate(json.loads(settings.model_dump_json(by_alias=True)), by_name=False)
    assert again == settings
