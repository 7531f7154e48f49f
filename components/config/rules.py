"""What must hold between the parts of a stack's file: combinations that lose data or expose people."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from .app import PUBLISHED_IMAGE, Affinity, Variant
from .fields import amount, is_floating
from .problems import Problem, remove_command, set_command
from .secret_names import PURPOSE, SecretName
from .section import AccessMode, Resources
from .settings import (
    Chroma,
    Elasticsearch,
    ExternalPostgres,
    InClusterPostgres,
    LanceDb,
    PgVector,
    Qdrant,
    Settings,
    SslMode,
)

Rule = Callable[[Settings, Collection[SecretName], Path], Iterator[Problem]]
_SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


def broken_rules(settings: Settings, supplied: Collection[SecretName], root: Path) -> list[Problem]:
    """Every rule that `settings` breaks; `supplied` are the secrets set in the stack's file."""
    return [problem for rule in _RULES for problem in rule(settings, supplied, root)]


def _problem(path: str, value: object, allowed: str, remedy: str) -> Problem:
    return Problem(key=f"kotaemon:{path}", value=value, allowed=allowed, remedy=remedy)


def _several_replicas(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    app = settings.app
    if app.autoscaling is not None:
        why, most = "app.autoscaling", app.autoscaling.max_replicas
    elif app.replicas > 1:
        why, most = "app.replicas", app.replicas
    else:
        return
    needs = f"more than one replica (kotaemon:{why}) needs"
    if isinstance(settings.docstore, LanceDb):
        yield _problem(
            "docstore.kind",
            settings.docstore.kind,
            f"{needs} documents in a server: postgres or elasticsearch; LanceDB's files take one writer",
            set_command("docstore.kind", "postgres"),
        )
    if app.storage.access_mode is not AccessMode.READ_WRITE_MANY:
        yield _problem(
            "app.storage.accessMode",
            app.storage.access_mode,
            f"{needs} ReadWriteMany, and a storage class that offers it: user files are read by every replica",
            set_command("app.storage.accessMode", "ReadWriteMany"),
        )
    if app.session_affinity is Affinity.NONE:
        yield _problem(
            "app.sessionAffinity",
            app.session_affinity,
            f"{needs} client-ip: a session's state lives in one process",
            set_command("app.sessionAffinity", "client-ip"),
        )
    if app.graph_rag.enabled:
        yield _problem(
            "app.graphRag",
            "on",
            f"{needs} no GraphRAG index: it lies in a folder of one replica",
            remove_command("app.graphRag"),
        )
    if (
        isinstance(settings.postgres, InClusterPostgres)
        and settings.postgres.max_connections < 30 * most + 10
    ):
        yield _problem(
            "postgres.maxConnections",
            settings.postgres.max_connections,
            f"{most} replicas hold up to 30 connections each, and 10 are kept for administration",
            set_command("postgres.maxConnections", str(30 * most + 10)),
        )


def _autoscaling(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    scale = settings.app.autoscaling
    if scale is None:
        return
    if scale.min_replicas > scale.max_replicas:
        yield _problem(
            "app.autoscaling.minReplicas",
            scale.min_replicas,
            f"must be at most maxReplicas ({scale.max_replicas})",
            set_command("app.autoscaling.minReplicas", str(scale.max_replicas)),
        )
    if settings.app.replicas != 1:
        yield _problem(
            "app.replicas",
            settings.app.replicas,
            "is decided by kotaemon:app.autoscaling: keep one of the two",
            remove_command("app.replicas"),
        )


def _limits(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    for section in ("app", "postgres", "vector_db", "docstore"):
        resources = getattr(getattr(settings, section), "resources", None)
        if not isinstance(resources, Resources):
            continue
        path = "vectorDb" if section == "vector_db" else section
        for kind in ("cpu", "memory"):
            request, limit = getattr(resources, kind), getattr(resources, f"{kind}_limit")
            if limit is not None and amount(limit) < amount(request):
                yield _problem(
                    f"{path}.resources.{kind}Limit",
                    limit,
                    f"must be at least what is requested ({request})",
                    set_command(f"{path}.resources.{kind}Limit", request),
                )


def _least_sizes(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    app = settings.app.resources
    if amount(app.memory_limit or app.memory) < amount("1536Mi"):
        yield _problem(
            "app.resources.memory",
            app.memory_limit or app.memory,
            "must allow at least 1536Mi: Kotaemon takes 0.8 GB idle and 1.3 GB under load",
            set_command("app.resources.memory", "2Gi"),
        )
    search = settings.docstore
    if isinstance(search, Elasticsearch) and amount(search.resources.memory) < amount("1Gi"):
        yield _problem(
            "docstore.resources.memory",
            search.resources.memory,
            "must be at least 1Gi: Elasticsearch's heap is half of it",
            set_command("docstore.resources.memory", "2Gi"),
        )


def _qdrant(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    db = settings.vector_db
    if not isinstance(db, Qdrant):
        return
    if db.replicas == 2:
        yield _problem(
            "vectorDb.replicas",
            2,
            "must be 1, or 3 and more: of two nodes neither is a majority when the other is gone",
            set_command("vectorDb.replicas", "3"),
        )
    if db.replication_factor > db.replicas:
        yield _problem(
            "vectorDb.replicationFactor",
            db.replication_factor,
            f"must be at most the number of nodes ({db.replicas})",
            set_command("vectorDb.replicationFactor", str(db.replicas)),
        )


def _image(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    app = settings.app
    published = app.image.repository == PUBLISHED_IMAGE
    if settings.production and is_floating(app.image.tag):
        yield _problem(
            "app.image.tag",
            app.image.tag,
            "may change under a production stack; it must be a version or carry a digest",
            set_command("app.image.tag", "0.11.3"),
        )
    if not published:
        return
    for path, on, what in (
        ("app.graphRag.light", app.graph_rag.light, "LightRAG"),
        ("app.multimodal.docling", app.multimodal.docling, "Docling"),
    ):
        if on and app.image.variant is not Variant.FULL:
            yield _problem(
                path,
                "true",
                f"needs the image that holds {what}: kotaemon:app.image.variant full",
                set_command("app.image.variant", "full"),
            )
    if app.graph_rag.nano:
        yield _problem(
            "app.graphRag.nano",
            "true",
            "needs an image of your own: no published one holds nano-graphrag",
            set_command("app.image.repository", "registry.example.com/kotaemon"),
        )


def _secrets(settings: Settings, supplied: Collection[SecretName], _: Path) -> Iterator[Problem]:
    models, multimodal, graph = settings.models, settings.app.multimodal, settings.app.graph_rag
    wanted: dict[SecretName, str | None] = {
        SecretName.OPENAI: "models.openai" if models.openai else None,
        SecretName.AZURE_OPENAI: "models.azureOpenai" if models.azure_openai else None,
        SecretName.GOOGLE: "models.google" if models.google else None,
        SecretName.COHERE: "models.cohere" if models.cohere else None,
        SecretName.MISTRAL: "models.mistral" if models.mistral else None,
        SecretName.VOYAGE: "models.voyage" if models.voyage else None,
        SecretName.TAVILY: "models.tavily" if models.tavily else None,
        SecretName.AZURE_DOCUMENT_INTELLIGENCE: (
            "app.multimodal.azureDocumentIntelligence" if multimodal.azure_document_intelligence else None
        ),
        SecretName.ADOBE_CLIENT_ID: "app.multimodal.adobe" if multimodal.adobe else None,
        SecretName.ADOBE_CLIENT_SECRET: "app.multimodal.adobe" if multimodal.adobe else None,
        SecretName.POSTGRES: "postgres" if isinstance(settings.postgres, ExternalPostgres) else None,
        SecretName.GRAPHRAG: "app.graphRag.microsoft" if graph.microsoft else None,
    }
    for name, path in wanted.items():
        there = name in supplied or name in settings.secrets
        if path and not there and not (name is SecretName.GRAPHRAG and models.openai):
            yield _problem(
                path,
                None,
                f"needs the secret {name} ({PURPOSE[name]})",
                f"pulumi config set --secret {name}, or name an existing Secret under kotaemon:secrets.{name}",
            )
        if there and not path:
            spot = name if name in supplied else f"secrets.{name}"
            yield _problem(spot, None, f"is set, but nothing uses it ({PURPOSE[name]})", remove_command(spot))
    for name in settings.secrets:
        if name in supplied:
            yield _problem(
                f"secrets.{name}",
                None,
                f"is also set as kotaemon:{name}: keep one of the two",
                remove_command(name),
            )


def _multimodal(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    azure = settings.models.azure_openai
    if settings.app.multimodal.enabled and (azure is None or azure.vision_deployment is None):
        yield _problem(
            "app.multimodal.enabled",
            "true",
            "needs a model that sees: kotaemon:models.azureOpenai.visionDeployment",
            set_command("models.azureOpenai.visionDeployment", "gpt-4o"),
        )


def _graph_settings_file(settings: Settings, _: Collection[SecretName], root: Path) -> Iterator[Problem]:
    graph = settings.app.graph_rag
    if graph.settings_file is None:
        return
    path = "app.graphRag.settingsFile"
    if not graph.microsoft:
        yield _problem(
            path,
            graph.settings_file,
            "is read by Microsoft GraphRAG alone, which is off",
            set_command("app.graphRag.microsoft", "true"),
        )
    file = root / graph.settings_file
    if not file.is_file():
        yield _problem(
            path, graph.settings_file, f"must be a file; there is none at {file}", remove_command(path)
        )
    elif "sk-" in file.read_text(encoding="utf-8"):
        yield _problem(
            path,
            graph.settings_file,
            "holds a key in plain text; it must say ${GRAPHRAG_API_KEY}",
            "pulumi config set --secret graphragApiKey",
        )


def _external_postgres(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    db = settings.postgres
    if not isinstance(db, ExternalPostgres):
        return
    if settings.production and db.ssl_mode in (SslMode.DISABLE, SslMode.REQUIRE):
        yield _problem(
            "postgres.sslMode",
            db.ssl_mode,
            "lets anyone on the way pose as the server; production needs verify-ca or verify-full",
            set_command("postgres.sslMode", "verify-full"),
        )
    if db.ca_certificate is not None and "-----BEGIN CERTIFICATE-----" not in db.ca_certificate:
        yield _problem(
            "postgres.caCertificate",
            db.ca_certificate,
            "must be a certificate in PEM form",
            set_command("postgres.caCertificate", '"$(cat ca.pem)"'),
        )
    if db.ca_certificate is not None and "PRIVATE KEY" in db.ca_certificate:
        yield _problem(
            "postgres.caCertificate",
            "(hidden)",
            "holds a private key",
            remove_command("postgres.caCertificate"),
        )


def _namespace(settings: Settings, _: Collection[SecretName], __: Path) -> Iterator[Problem]:
    space = settings.namespace
    if space.name in _SYSTEM_NAMESPACES:
        yield _problem(
            "namespace.name",
            space.name,
            "belongs to the cluster; quota and policies of ours would break it",
            set_command("namespace.name", "kotaemon"),
        )
    for kind in ("cpu", "memory"):
        asked = _requested(settings, kind)
        if asked > amount(getattr(space.quota, kind)):
            yield _problem(
                f"namespace.quota.{kind}",
                getattr(space.quota, kind),
                "is less than this stack's own pods request: they would never start",
                set_command(f"namespace.quota.{kind}", getattr(type(space.quota)(), kind)),
            )


def _requested(settings: Settings, kind: str) -> object:
    """What the long-running pods request together, in cores or bytes."""
    app, db = settings.app, settings.vector_db
    pods = app.autoscaling.max_replicas if app.autoscaling else app.replicas
    total = amount(getattr(app.resources, kind)) * pods
    if isinstance(settings.postgres, InClusterPostgres):
        total += amount(getattr(settings.postgres.resources, kind))
    if isinstance(db, Qdrant | Chroma):
        total += amount(getattr(db.resources, kind)) * (db.replicas if isinstance(db, Qdrant) else 1)
    if isinstance(settings.docstore, Elasticsearch):
        total += amount(getattr(settings.docstore.resources, kind))
    return total


_RULES: tuple[Rule, ...] = (
    _several_replicas,
    _autoscaling,
    _limits,
    _least_sizes,
    _qdrant,
    _image,
    _secrets,
    _multimodal,
    _graph_settings_file,
    _external_postgres,
    _namespace,
)
