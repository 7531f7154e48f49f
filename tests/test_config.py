"""A wrong configuration is refused, with all that is wrong in one message that says what to type."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.config import ConfigError, Settings, parse
from tests.config_cloud_rows import CLOUD_WRONG
from tests.config_monitoring_rows import MONITORING_WRONG
from tests.config_rows import (
    AZURE,
    CERTIFICATE,
    EXTERNAL,
    OPENAI,
    PASSWORD,
    PRIVATE_KEY,
    SECRET,
    SHARED,
    WRONG_RECEIVERS,
    Values,
    Wrong,
    wrong,
)


def app(**keys: Any) -> Values:
    return {"app": keys}


def image(**keys: Any) -> Values:
    return {"app": {"image": keys}}


def size(value: Any) -> Values:
    return app(storage={"size": value})


def ollama(url: Any) -> Values:
    return {"models": {"ollama": {"url": url}}}


WRONG = [
    # Keys that nobody knows, at every depth.
    wrong("unknown section", {"vectordb": {}}, "vectordb", "did you mean vectorDb?", schema=True),
    wrong("unknown key", app(replica=3), "app.replica", "did you mean replicas?", schema=True),
    wrong("unknown key, deep", image(tagg="1"), "app.image.tagg", "did you mean tag?", schema=True),
    wrong("unknown key, far from any", app(zzz=3), "app.zzz", "is not a key. Allowed: image,", schema=True),
    wrong("snake case", app(graph_rag={}), "app.graph_rag", "did you mean graphRag?", schema=True),
    wrong(
        "a key of another kind",
        {"vectorDb": {"kind": "pgvector", "storage": {}}},
        "vectorDb.storage",
        "is not a key",
        schema=True,
    ),
    wrong(
        "unknown key in an existing Secret",
        {"secrets": {"adminPassword": {"name": "keys", "key": "a", "namespace": "b"}}},
        "secrets.adminPassword.namespace",
        "Allowed: name, key",
        schema=True,
    ),
    wrong(
        "unknown secret",
        {"secrets": {"openAiKey": {"name": "keys", "key": "a"}}},
        "secrets.openAiKey",
        "did you mean openaiApiKey?",
        schema=True,
    ),
    wrong("--path forgotten", {"app.replicas": 3}, "app.replicas", "is set with --path", schema=True),
    wrong("many unknown keys", app(a=1, image={"b": 2}), "app.a, app.image.b", "is not a key", schema=True),
    # Types.
    wrong("text for a number", app(replicas="three"), "app.replicas", "must be a whole number", schema=True),
    wrong("truth for a number", app(replicas=True), "app.replicas", "must be a whole number", schema=True),
    wrong("fraction for a number", app(replicas=1.5), "app.replicas", "must be a whole number", schema=True),
    wrong("nothing for a number", app(replicas=None), "app.replicas", "must be a whole number", schema=True),
    wrong(
        "text for a truth", app(lowLlmRequests="often"), "app.lowLlmRequests", "true or false", schema=True
    ),
    wrong("text for production", {"production": "maybe"}, "production", "true or false", schema=True),
    wrong("text for a section", {"app": "kotaemon"}, "app", "a mapping of keys (image, replicas", schema=True),
    wrong(
        "text for a section, deep", app(image="kotaemon:1"), "app.image", "(repository, tag, var", schema=True
    ),
    wrong("text for a union", {"docstore": "lancedb"}, "docstore", "must be a mapping of keys", schema=True),
    wrong("number for text", image(tag=0.11), "app.image.tag", "must be text; put it in quotes", schema=True),
    wrong("text for a list", app(reasonings="react"), "app.reasonings", "must be a list", schema=True),
    wrong("list for a mapping", app(nodeSelector=["a"]), "app.nodeSelector", "a mapping of keys", schema=True),
    # Choices.
    wrong("wrong variant", image(variant="big"), "app.image.variant", "must be lite or full", schema=True),
    wrong(
        "wrong access mode",
        app(storage={"accessMode": "ReadWrite"}),
        "app.storage.accessMode",
        "must be ReadWriteOnce or ReadWriteMany",
        schema=True,
    ),
    wrong(
        "wrong kind",
        {"vectorDb": {"kind": "milvus"}},
        "vectorDb.kind",
        "must be qdrant, chroma or pgvector",
        schema=True,
    ),
    wrong("no kind", {"postgres": {"host": "db"}}, "postgres.kind", "(it is missing)", schema=True),
    wrong(
        "wrong language",
        {"docstore": {"kind": "postgres", "language": "klingon"}},
        "docstore.language",
        "must be arabic, danish,",
        schema=True,
    ),
    wrong("wrong reasoning", app(reasonings=["full"]), "app.reasonings[0]", "must be full-qa,", schema=True),
    wrong("no reasoning", app(reasonings=[]), "app.reasonings", "at least one entry", schema=True),
    wrong(
        "a reasoning twice",
        app(reasonings=["react", "rewoo", "react"]),
        "app.reasonings",
        "each once; twice: react",
        schema=True,
    ),
    # Bounds.
    wrong("no replica", app(replicas=0), "app.replicas", "a whole number from 1 to 50", schema=True),
    wrong("too many replicas", app(replicas=51), "app.replicas", "from 1 to 50", schema=True),
    wrong(
        "port",
        {"postgres": {**EXTERNAL, "port": 70000}},
        "postgres.port",
        "from 1 to 65535",
        secrets=PASSWORD,
        schema=True,
    ),
    wrong(
        "connections",
        {"postgres": {"kind": "in-cluster", "maxConnections": 5}},
        "postgres.maxConnections",
        "from 20 to 1000",
        schema=True,
    ),
    # Required.
    wrong("no URL", {"models": {"ollama": {}}}, "models.ollama.url", "is missing: Its Open", schema=True),
    wrong("no host", {"postgres": {"kind": "external"}}, "postgres.host", "is missing: Its host", schema=True),
    wrong(
        "no deployments",
        {"models": {"azureOpenai": {"endpoint": AZURE["endpoint"]}}},
        "models.azureOpenai.chatDeployment, models.azureOpenai.embeddingsDeployment",
        "is missing: Deployment that answers",
        secrets={"azureOpenaiApiKey": SECRET},
        schema=True,
    ),
    wrong(
        "autoscaling without a bound", app(autoscaling={}), "app.autoscaling.maxReplicas", "Most", schema=True
    ),
    # Quantities.
    wrong("size without unit", size(10), "app.storage.size", "with its unit", schema=True),
    wrong("size without unit, as text", size("10"), "app.storage.size", "with its unit", schema=True),
    wrong("size with a space", size("2 Gi"), "app.storage.size", "no space between", schema=True),
    wrong("size below 0", size("-1Gi"), "app.storage.size", "with its unit", schema=True),
    wrong("size of 0", size("0Gi"), "app.storage.size", "must be more than 0"),
    wrong("size with two points", size("1.5.2Gi"), "app.storage.size", "with its unit", schema=True),
    wrong("size in a foreign unit", size("2GB"), "app.storage.size", "such as 512Mi", schema=True),
    wrong("empty size", size(""), "app.storage.size", "with its unit", schema=True),
    wrong("cores in words", app(resources={"cpu": "two", "memory": "2Gi"}), "app.resources.cpu", "millicores",
          schema=True),
    wrong("cores below 0", app(resources={"cpu": -1, "memory": "2Gi"}), "app.resources.cpu", "millicores",
          schema=True),
    wrong("no cores", {"namespace": {"quota": {"cpu": 0}}}, "namespace.quota.cpu", "must be more than 0",
          schema=True),
    # Names, hosts and URLs.
    wrong("namespace in capitals", {"namespace": {"name": "Kotaemon"}}, "namespace.name", "lower-case",
          schema=True),
    wrong("namespace too long", {"namespace": {"name": "k" * 64}}, "namespace.name", "at most 63", schema=True),
    wrong("namespace with white space", {"namespace": {"name": "kotaemon "}}, "namespace.name", "lower-case",
          schema=True),
    wrong("the cluster's namespace", {"namespace": {"name": "kube-system"}}, "namespace.name", "belongs to"),
    wrong("the default namespace", {"namespace": {"name": "default"}}, "namespace.name", "belongs to the cl"),
    wrong("host with scheme", {"postgres": {**EXTERNAL, "host": "tcp://db"}}, "postgres.host", "without scheme",
          secrets=PASSWORD, schema=True),
    wrong("host with port", {"postgres": {**EXTERNAL, "host": "db:5432"}}, "postgres.host", "without scheme",
          secrets=PASSWORD, schema=True),
    wrong("host with underscore", {"postgres": {**EXTERNAL, "host": "my_db"}}, "postgres.host", "host name",
          secrets=PASSWORD, schema=True),
    wrong("host that is no IPv4", {"postgres": {**EXTERNAL, "host": "10.0.0.256"}}, "postgres.host", "0 to 255",
          secrets=PASSWORD),
    wrong("host of the pod itself", {"postgres": {**EXTERNAL, "host": "127.0.0.1"}}, "postgres.host",
          "is the pod itself", secrets=PASSWORD),
    wrong("database name", {"postgres": {**EXTERNAL, "database": "my-db"}}, "postgres.database",
          "letters, digits and underscores", secrets=PASSWORD, schema=True),
    wrong("Ollama without /v1/", ollama("http://ollama:11434"), "models.ollama.url", "ends in /v1/", schema=True),
    wrong("Ollama without the last slash", ollama("http://ollama:11434/v1"), "models.ollama.url", "ends in /v1/",
          schema=True),
    wrong("Ollama on localhost", ollama("http://localhost:11434/v1/"), "models.ollama.url", "is the pod itself"),
    wrong("URL without scheme", {"models": {"openai": {"baseUrl": "llm.example.com/v1"}}},
          "models.openai.baseUrl", "http:// or https://", secrets=OPENAI, schema=True),
    wrong("URL of files", {"models": {"openai": {"baseUrl": "file:///etc"}}}, "models.openai.baseUrl",
          "http:// or https://", secrets=OPENAI, schema=True),
    wrong("URL with a bad port", {"models": {"openai": {"baseUrl": "http://llm:99999/v1"}}},
          "models.openai.baseUrl", "a port from 1 to 65535", secrets=OPENAI),
    wrong("URL with a line's end", {"models": {"openai": {"baseUrl": "http://llm/v1\n"}}},
          "models.openai.baseUrl", "http:// or https://", secrets=OPENAI),
    wrong("URL with a password", {"models": {"openai": {"baseUrl": f"https://me:{SECRET}@llm.example.com"}}},
          "models.openai.baseUrl", "no user, password", secrets=OPENAI, schema=True),
    wrong("empty model", {"models": {"openai": {"chatModel": ""}}}, "models.openai.chatModel",
          "name of a model", secrets=OPENAI, schema=True),
    wrong("model with white space", {"models": {"openai": {"chatModel": " gpt-4o"}}}, "models.openai.chatModel",
          "without white space", secrets=OPENAI, schema=True),
    wrong("API version", {"models": {"azureOpenai": {**AZURE, "apiVersion": "v1"}}},
          "models.azureOpenai.apiVersion", "version of Azure's API", secrets={"azureOpenaiApiKey": SECRET},
          schema=True),
    wrong("label's name", app(nodeSelector={"a b": "c"}), 'app.nodeSelector["a b"]', "a label's name",
          schema=True),
    wrong("label's value", app(nodeSelector={"disk": "very fast"}), "app.nodeSelector.disk", "a label's value",
          schema=True),
    wrong("login", app(admin={"username": "Ad min"}), "app.admin.username", "2 to 32 lower-case", schema=True),
    wrong("prefix", app(collectionPrefix="my-prefix"), "app.collectionPrefix", "at most 24", schema=True),
    # Images.
    wrong("repository with a tag", image(repository="ghcr.io/cinnamon/kotaemon:latest"), "app.image.repository",
          "without a tag", schema=True),
    wrong("repository without a registry", image(repository="kotaemon"), "app.image.repository",
          "a registry and a path", schema=True),
    wrong("tag with white space", image(tag="0.11.3 "), "app.image.tag", "must be an image tag", schema=True),
    wrong("half a digest", image(tag="0.11.3@sha256:abc"), "app.image.tag", "with a digest", schema=True),
    wrong("variant in the tag", image(tag="0.11.3-full"), "app.image.tag", "must be without -full"),
    wrong("latest in production", {"production": True, **image(tag="latest")}, "app.image.tag", "may change"),
    wrong("latest, full, in production", {"production": True, **image(tag="latest", variant="full")},
          "app.image.tag", "may change under a production stack"),
    wrong("main in production", {"production": True, **image(tag="main")}, "app.image.tag", "may change"),
    wrong("main-lite in production", {"production": True, **image(tag="main-lite")}, "app.image.tag",
          "must be without -lite"),
    wrong("minor version in production", {"production": True, **image(tag="0.11")}, "app.image.tag",
          "a whole version"),
    wrong("own image, floating, in production",
          {"production": "true", **image(repository="registry.example.com/kotaemon", tag="stable")},
          "app.image.tag", "carry a digest"),
    wrong("Docling in the lite image", app(multimodal={"docling": True}), "app.multimodal.docling",
          "the image that holds Docling"),
    wrong("LightRAG in the lite image", app(graphRag={"light": True}), "app.graphRag.light",
          "the image that holds LightRAG"),
    wrong("nano-graphrag in a published image", app(graphRag={"nano": True}), "app.graphRag.nano",
          "an image of your own"),
    # Several replicas.
    wrong("replicas on one disk", app(replicas=2), "app.storage.accessMode, docstore.kind",
          "needs ReadWriteMany"),
    wrong("replicas on LanceDB", app(replicas=2, storage=SHARED), "docstore.kind", "LanceDB's files take one"),
    wrong("replicas without affinity",
          {"docstore": {"kind": "postgres"}, **app(replicas=2, storage=SHARED, sessionAffinity="none")},
          "app.sessionAffinity", "lives in one process"),
    wrong("replicas with GraphRAG",
          {"docstore": {"kind": "postgres"}, "app": {"replicas": 2, "storage": SHARED,
           "image": {"variant": "full"}, "graphRag": {"light": True}}},
          "app.graphRag.light", "a folder of one replica"),
    wrong("autoscaling on one disk", app(autoscaling={"maxReplicas": 2}), "app.storage.accessMode, docstore.kind",
          "(kotaemon:app.autoscaling) needs ReadWriteMany"),
    wrong("replicas beyond the connections", {"docstore": {"kind": "postgres"}, **app(replicas=4, storage=SHARED)},
          "postgres.maxConnections", "must be at least 130"),
    wrong("connections for one", {"postgres": {"kind": "in-cluster", "maxConnections": 30}},
          "postgres.maxConnections", "must be at least 40"),
    wrong("replicas beyond any connections",
          {"docstore": {"kind": "postgres"}, "namespace": {"quota": {"cpu": 99, "memory": "500Gi"}},
           **app(replicas=40, storage=SHARED)},
          "app.replicas", "must be at most 33"),
    wrong("least above most",
          {"docstore": {"kind": "postgres"}, **app(autoscaling={"minReplicas": 3, "maxReplicas": 2},
                                                   storage=SHARED)},
          "app.autoscaling.minReplicas", "must be at most maxReplicas (2)"),
    wrong("autoscaling with a number beside it",
          {"docstore": {"kind": "postgres"}, **app(replicas=2, autoscaling={"maxReplicas": 3}, storage=SHARED)},
          "app.replicas", "keep one of the two"),
    # Sizes.
    wrong("limit below the request", app(resources={"cpu": 2, "memory": "2Gi", "cpuLimit": "500m"}),
          "app.resources.cpuLimit", "at least what is requested (2)"),
    wrong("a store's limit below the request",
          {"vectorDb": {"kind": "qdrant", "resources": {"cpu": 1, "memory": "2Gi", "memoryLimit": "1Gi"}}},
          "vectorDb.resources.memoryLimit", "at least what is requested (2Gi)"),
    wrong("too little memory", app(resources={"cpu": 1, "memory": "1Gi"}), "app.resources.memory",
          "at least 1536Mi"),
    wrong("too little memory for Elasticsearch",
          {"docstore": {"kind": "elasticsearch", "resources": {"cpu": 1, "memory": "512Mi"}}},
          "docstore.resources.memory", "heap is half of it"),
    wrong("quota of cores", {"namespace": {"quota": {"cpu": "500m"}}}, "namespace.quota.cpu", "at least 1, "),
    wrong("quota of memory", {"namespace": {"quota": {"memory": "3Gi"}}}, "namespace.quota.memory",
          "at least 4Gi"),
    wrong("quota of storage", {"namespace": {"quota": {"storage": "30Gi"}}}, "namespace.quota.storage",
          "at least 40Gi"),
    wrong("quota of pods", {"namespace": {"quota": {"pods": 5}}, "vectorDb": {"kind": "qdrant", "replicas": 5}},
          "namespace.quota.pods", "at least 7"),
    # Stores.
    wrong("two Qdrant nodes", {"vectorDb": {"kind": "qdrant", "replicas": 2}}, "vectorDb.replicas",
          "neither is a majority"),
    wrong("more copies than nodes", {"vectorDb": {"kind": "qdrant", "replicas": 3, "replicationFactor": 4}},
          "vectorDb.replicationFactor", "at most the number of nodes (3)"),
    wrong("unverified TLS in production", {"production": True, "postgres": {**EXTERNAL, "sslMode": "require"}},
          "postgres.sslMode", "pose as the server", secrets=PASSWORD),
    wrong("no PEM", {"postgres": {**EXTERNAL, "caCertificate": "MIIB"}}, "postgres.caCertificate",
          "a certificate in PEM form", secrets=PASSWORD),
    wrong("empty PEM", {"postgres": {**EXTERNAL, "caCertificate": ""}}, "postgres.caCertificate",
          "a certificate in PEM form", secrets=PASSWORD),
    wrong("broken PEM", {"postgres": {**EXTERNAL, "caCertificate": CERTIFICATE[:200]}}, "postgres.caCertificate",
          "a certificate in PEM form", secrets=PASSWORD),
    wrong("private key as PEM", {"postgres": {**EXTERNAL, "caCertificate": PRIVATE_KEY}},
          "postgres.caCertificate", "holds a private key", secrets=PASSWORD),
    wrong("private key beside the certificate",
          {"postgres": {**EXTERNAL, "caCertificate": CERTIFICATE + PRIVATE_KEY}}, "postgres.caCertificate",
          "holds a private key", secrets=PASSWORD),
    wrong("certificate that nothing checks",
          {"postgres": {**EXTERNAL, "sslMode": "require", "caCertificate": CERTIFICATE}},
          "postgres.caCertificate", "with sslMode verify-ca or verify-full alone", secrets=PASSWORD),
    # GraphRAG's settings and multimodal readers.
    wrong("settings for no GraphRAG", app(graphRag={"settingsFile": "good.yaml"}), "app.graphRag.settingsFile",
          "which is off"),
    wrong("settings that aren't there", app(graphRag={"microsoft": True, "settingsFile": "no.yaml"}),
          "app.graphRag.settingsFile", "there is none of that name", secrets={"graphragApiKey": SECRET}),
    wrong("settings with a key", app(graphRag={"microsoft": True, "settingsFile": "key.yaml"}),
          "app.graphRag.settingsFile", "holds a key in plain text", secrets={"graphragApiKey": SECRET}),
    wrong("settings at an absolute path", app(graphRag={"microsoft": True, "settingsFile": "/etc/passwd"}),
          "app.graphRag.settingsFile", "relative to the project", secrets={"graphragApiKey": SECRET},
          schema=True),
    wrong("settings outside the project", app(graphRag={"microsoft": True, "settingsFile": "../out.yaml"}),
          "app.graphRag.settingsFile", "inside the project", secrets={"graphragApiKey": SECRET}),
    wrong("settings that are a folder", app(graphRag={"microsoft": True, "settingsFile": "folder"}),
          "app.graphRag.settingsFile", "must be a file", secrets={"graphragApiKey": SECRET}),
    wrong("global search over nothing", app(graphRag={"globalSearch": True}), "app.graphRag.globalSearch",
          "none is on"),
    wrong("figures without a model that sees", app(multimodal={"enabled": True}), "app.multimodal.enabled",
          "a model that sees"),
    wrong("figures without a vision deployment",
          {"models": {"azureOpenai": AZURE}, **app(multimodal={"enabled": True})}, "app.multimodal.enabled",
          "a visionDeployment", secrets={"azureOpenaiApiKey": SECRET}),
    # Secrets.
    wrong("literal key", {"openaiApiKey": SECRET}, "openaiApiKey", "is a password in plain text", schema=True),
    wrong("literal password", {"postgres": EXTERNAL, "postgresPassword": SECRET}, "postgresPassword",
          "must be a Pulumi secret", schema=True),
    wrong("literal password that looks like a number", {"adminPassword": 12345678}, "adminPassword",
          "is a password in plain text", schema=True),
    wrong("literal password in a section", {"postgres": {**EXTERNAL, "password": SECRET}}, "postgres.password",
          "none is ever a literal here", secrets=PASSWORD, schema=True),
    wrong("literal key in a provider", {"models": {"openai": {"apiKey": SECRET}}}, "models.openai.apiKey",
          "none is ever a literal here", secrets=OPENAI, schema=True),
    wrong("literal key among the Secrets' names", {"secrets": {"openaiApiKey": SECRET}}, "secrets.openaiApiKey",
          "the name of an existing Secret", schema=True),
    wrong("literal key as the key of a Secret", {"secrets": {"openaiApiKey": {"name": "keys", "key": SECRET}}},
          "secrets.openaiApiKey.key", "looks like the secret itself"),
    wrong("misspelt secret in plain text", {"openaiKey": SECRET}, "openaiKey", "did you mean openaiApiKey?",
          schema=True),
    wrong("misspelt secret, encrypted", {}, "openaiKey", "each secret has a key of its own",
          secrets={"openaiKey": SECRET}),
    wrong("secret in a section", {}, "postgres.password", "here probably postgresPassword",
          secrets={"postgres": json.dumps({**EXTERNAL, "password": SECRET})}),
    wrong("secret among the Secrets' names", {}, "secrets.mistralApiKey", "here probably mistralApiKey",
          secrets={"secrets": json.dumps({"mistralApiKey": SECRET})}),
    wrong("secret section", {}, "app", "is set without --secret",
          secrets={"app": json.dumps({"replicas": 1})}),
    wrong("empty secret", {}, "openaiApiKey", "is empty", secrets={"openaiApiKey": " "}),
    wrong("secret with a line's end", {}, "openaiApiKey", "white space", secrets={"openaiApiKey": SECRET + "\n"}),
    wrong("secret that is a mapping", {}, "openaiApiKey", "must be one value",
          secrets={"openaiApiKey": json.dumps({"value": SECRET})}),
    wrong("short administrator's password", {}, "adminPassword", "at least 8 characters",
          secrets={"adminPassword": "5h0rt"}),
    wrong("secret set twice", {"secrets": {"openaiApiKey": {"name": "keys", "key": "a"}}},
          "secrets.openaiApiKey", "is also set as kotaemon:openaiApiKey", secrets=OPENAI),
    wrong("secret for nothing", {}, "postgresPassword", "nothing uses it", secrets=PASSWORD),
    wrong("existing Secret for nothing", {"secrets": {"azureOpenaiApiKey": {"name": "keys", "key": "a"}}},
          "secrets.azureOpenaiApiKey", "it is for kotaemon:models.azureOpenai"),
    wrong("provider without its key", {"models": {"openai": {}}}, "models.openai",
          "needs the secret openaiApiKey"),
    wrong("PostgreSQL without its password", {"postgres": EXTERNAL}, "postgres",
          "needs the secret postgresPassword"),
    wrong("Adobe with half of its secrets", app(multimodal={"adobe": True}), "app.multimodal.adobe",
          "needs the secret adobeClientSecret", secrets={"adobeClientId": "id-of-ours"}),
    wrong("GraphRAG without a key", app(graphRag={"microsoft": True}), "app.graphRag.microsoft",
          "needs the secret graphragApiKey"),
    wrong("existing Secret without its key", {"secrets": {"adminPassword": {"name": "keys"}}},
          "secrets.adminPassword.key", "is missing: The key in it", schema=True),
    wrong("existing Secret, bad name", {"secrets": {"adminPassword": {"name": "My_Keys", "key": "a"}}},
          "secrets.adminPassword.name", "lower-case letters", schema=True),
    *CLOUD_WRONG,
    *MONITORING_WRONG,
    *WRONG_RECEIVERS,
]  # fmt: skip
"""Each row is one mistake that somebody will make."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with settings for GraphRAG, good and bad."""
    root = tmp_path / "project"
    (root / "folder").mkdir(parents=True)
    (root / "good.yaml").write_text("models:\n  default:\n    api_key: ${GRAPHRAG_API_KEY}\n")
    (root / "key.yaml").write_text(f"models:\n  default:\n    api_key: {SECRET}\n")
    (tmp_path / "out.yaml").write_text("models: {}\n")
    return root


def raw(config: Values) -> dict[str, str]:
    """Values as the engine hands them over: text as it is, all else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def read(config: Values, secrets: Mapping[str, str] | None = None, root: Path = Path()) -> Settings:
    """Settings of a stack's file."""
    given = {**raw(config), **(secrets or {})}
    return parse(given, encrypted=set(secrets or {}), stack="dev", root=root)


def refused(config: Values, secrets: Mapping[str, str] | None = None, root: Path = Path()) -> ConfigError:
    """The error that a stack's file is refused with."""
    with pytest.raises(ConfigError) as caught:
        read(config, secrets, root)
    return caught.value


def keys_of(error: ConfigError) -> list[str]:
    return [problem.key.removeprefix("kotaemon:") for problem in error.problems]


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row.id)
def test_a_wrong_configuration_is_refused_with_its_keys_and_no_others(row: Wrong, project: Path) -> None:
    error = refused(row.config, row.secrets, project)
    assert keys_of(error) == list(row.keys), str(error)
    assert row.says in error.problems[0].allowed


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row.id)
def test_a_message_says_what_stands_there_what_is_allowed_and_what_to_type(row: Wrong, project: Path) -> None:
    error = refused(row.config, row.secrets, project)
    text = str(error)
    assert "nothing was touched" in text
    for problem in error.problems:
        shown = str(problem)
        assert shown.startswith(problem.key)
        assert "\n      type: pulumi config " in shown
        assert "<" not in problem.remedy.replace("< ca.pem", ""), "a remedy that must be edited is none"
        standing = _at(row.config, problem.key)
        told = not any(word in shown for word in ("(hidden)", "(a certificate)", "needs the secret"))
        if isinstance(standing, str | int | float) and standing != "" and told:
            words = str(standing).lower() if isinstance(standing, bool) else str(standing)
            assert " ".join(words.split())[:40] in shown


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row.id)
def test_no_message_tells_a_secret(row: Wrong, project: Path) -> None:
    """The engine prints the message, and CI keeps it."""
    text = str(refused(row.config, row.secrets, project))
    for value in (SECRET, "12345678", "5h0rt", *PRIVATE_KEY.splitlines()[1:-1]):
        assert value not in text
    for key, value in row.secrets.items():
        assert not value.strip() or value not in text, key


def _at(config: Values, key: str) -> object:
    """What stands in `config` at a problem's key."""
    found: object = config
    for part in re.findall(r'\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)', key.removeprefix("kotaemon:")):
        name = next(filter(None, part))
        if isinstance(found, list):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            return None
    return found


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    """Otherwise a file with five mistakes takes five runs."""
    error = refused(
        {
            "vectorDb": {"kind": "qdrant", "replicas": 2, "size": "1Gi"},
            "production": True,
            "app": {"image": {"variant": "big", "tag": "latest"}, "replicas": 0, "storage": {"size": 1}},
            "openaiApiKey": SECRET,
            "models": {"ollama": {"url": "ollama"}},
            "namespace": {"name": "default"},
        },
        {"postgresPassword": SECRET},
    )
    assert keys_of(error) == [
        "vectorDb.replicas",
        "vectorDb.size",
        "app.image.variant",
        "app.image.tag",
        "app.replicas",
        "app.storage.size",
        "openaiApiKey",
        "models.ollama.url",
        "namespace.name",
        "postgresPassword",
    ]
    assert "Pulumi.dev.yaml has 10 problems; nothing was touched." in str(error)


def test_what_follows_from_a_malformed_key_is_not_reported() -> None:
    """A password isn't unused because the host of its server is misspelt."""
    error = refused(
        {"postgres": {"kind": "external", "host": "DB"}, "models": {"azureOpenai": {}}},
        {"postgresPassword": SECRET, "azureOpenaiApiKey": SECRET},
    )
    assert all(key.startswith(("postgres.host", "models.azureOpenai.")) for key in keys_of(error))


def test_one_problem_is_one_problem() -> None:
    assert "has 1 problem; nothing" in str(refused(app(replicas=0)))


def test_the_table_is_worth_its_name() -> None:
    assert len({row.id for row in WRONG}) == len(WRONG) >= 55
