"""Definitions to draw dashboards of."""

from datetime import timedelta

from components.config.app import Models
from components.config.monitoring import BuiltinMonitoring
from components.contracts import (
    DatabaseAccess,
    DocumentAccess,
    DocumentStore,
    Endpoint,
    Peer,
    SecretRef,
    SignIn,
)
from components.monitoring.definition import BackupSignal, Definition, define
from components.signals.chroma import chroma_watch
from components.signals.door import door_watch
from components.signals.elasticsearch import elasticsearch_watch
from components.signals.kotaemon import kotaemon_watch
from components.signals.model import Scope, Watch
from components.signals.postgres import postgres_watch
from components.signals.qdrant import qdrant_watch

KEY = SecretRef(name="secret", key="key")
SIGN_IN = SignIn(
    domain="answers.example.com",
    issuer="https://accounts.google.com",
    client_id="client",
    client_secret=KEY,
    cookie_secret=KEY,
    email_domains=("example.com",),
    emails=(),
    groups=(),
    session_hours=8,
)


def everything(
    *, stack: str = "dev", namespace: str = "kotaemon-dev", minimal: bool = False, chroma: bool = False
) -> Definition:
    """A stack with a component of each kind; Chroma in the place of Qdrant where asked for."""
    scope = Scope(namespace=namespace)
    return define(
        stack=stack,
        scope=scope,
        watches=watches(scope, chroma=chroma),
        watching=BuiltinMonitoring(kind="builtin", minimal=minimal),
        production=False,
        backups=(
            BackupSignal(component="postgres", cron_job="backup-postgres", max_age=timedelta(hours=26)),
            BackupSignal(component="qdrant", cron_job="backup-qdrant", max_age=timedelta(hours=26)),
        ),
    )


def watches(scope: Scope, *, chroma: bool = False) -> tuple[Watch, ...]:
    """What each component says of itself."""
    postgres, elasticsearch = server("postgres", 5432), server("elasticsearch", 9200)
    statistics = DatabaseAccess(
        endpoint=postgres, database="kotaemon", username="statistics", password=KEY, ssl_mode="disable"
    )
    documents = DocumentAccess(kind=DocumentStore.ELASTICSEARCH, endpoint=elasticsearch)
    return (
        postgres_watch(scope, postgres, statistics, in_cluster=True),
        chroma_watch(server("chroma", 8000)) if chroma else qdrant_watch(scope, server("qdrant", 6333), KEY),
        elasticsearch_watch(scope, elasticsearch, documents),
        kotaemon_watch(scope, server("kotaemon", 80), Models(), SIGN_IN, serving_port=4180, health="/ping"),
        door_watch(scope, SIGN_IN.domain),
    )


def server(name: str, port: int) -> Endpoint:
    """A component's Service and pods."""
    return Endpoint(host=name, port=port, peer=Peer(labels={"app.kubernetes.io/name": name}))
