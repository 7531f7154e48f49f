"""Definitions whose rules are tested: each way of watching, with every component that there is."""

from datetime import timedelta

from components.config.app import Models, OpenAi
from components.config.monitoring import (
    BuiltinMonitoring,
    GoogleMonitoring,
    Objectives,
    OperatorMonitoring,
)
from components.contracts import (
    DatabaseAccess,
    DocumentAccess,
    DocumentStore,
    Endpoint,
    Peer,
    SecretRef,
    SignIn,
)
from components.logs.watch import agent_watch
from components.monitoring.builtin.component import builtin_watches
from components.monitoring.definition import BackupSignal, Definition, Watching, define
from components.monitoring.exporters import exporters_watches
from components.signals.chroma import chroma_watch
from components.signals.door import door_watch
from components.signals.elasticsearch import elasticsearch_watch
from components.signals.kotaemon import kotaemon_watch
from components.signals.model import Scope, Watch
from components.signals.postgres import postgres_watch
from components.signals.qdrant import qdrant_watch
from components.traces.signals import collector_watch

STACK, NAMESPACE, DOMAIN = "prod", "kotaemon", "kotaemon.example.com"
SCOPE = Scope(namespace=NAMESPACE)
BACKUP_SIZE = f'max(backup_size_bytes{{{SCOPE},cronjob="postgres-backup"}})'
_SECRET = SecretRef(name="secret", key="key")
_SIGN_IN = SignIn(
    domain=DOMAIN,
    issuer="https://accounts.google.com",
    client_id="client",
    client_secret=_SECRET,
    cookie_secret=_SECRET,
    email_domains=("example.com",),
    emails=(),
    groups=(),
    session_hours=12,
)


def builtin(*, minimal: bool = False, objectives: Objectives | None = None) -> Definition:
    """With servers of its own, and everything that can be watched."""
    return _defined(BuiltinMonitoring(kind="builtin", minimal=minimal, objectives=objectives or Objectives()))


def operator() -> Definition:
    """On a cluster whose Prometheus is there."""
    return _defined(OperatorMonitoring(kind="operator"))


def google() -> Definition:
    """On Google Cloud, with the metrics that GKE's own packages hold."""
    return _defined(GoogleMonitoring(kind="google"))


def without_door() -> Definition:
    """As on a laptop: nobody signs in, and the databases are those that need no exporter."""
    scope = SCOPE
    return define(
        stack="local",
        scope=scope,
        watches=(
            postgres_watch(scope, _server("postgres", 5432), None, in_cluster=True),
            chroma_watch(_server("chroma", 8000)),
            kotaemon_watch(
                scope, _server("kotaemon", 80), Models(), None, serving_port=7860, health="/app_id"
            ),
        ),
        watching=BuiltinMonitoring(kind="builtin"),
        production=False,
    )


def _defined(watching: Watching) -> Definition:
    return define(
        stack=STACK,
        scope=SCOPE,
        watches=(*_watches(SCOPE), *_collectors(watching), *_watchers(watching)),
        watching=watching,
        production=True,
        backups=(
            BackupSignal(
                component="postgres",
                cron_job="postgres-backup",
                max_age=timedelta(hours=26),
                size=BACKUP_SIZE,
            ),
        ),
    )


def _watches(scope: Scope) -> tuple[Watch, ...]:
    postgres, elasticsearch = _server("postgres", 5432), _server("elasticsearch", 9200)
    statistics = DatabaseAccess(
        endpoint=postgres, database="kotaemon", username="statistics", password=_SECRET, ssl_mode="disable"
    )
    documents = DocumentAccess(kind=DocumentStore.ELASTICSEARCH, endpoint=elasticsearch)
    return (
        postgres_watch(scope, postgres, statistics, in_cluster=True),
        qdrant_watch(scope, _server("qdrant", 6333), _SECRET),
        elasticsearch_watch(scope, elasticsearch, documents),
        kotaemon_watch(
            scope,
            _server("kotaemon", 80),
            Models(openai=OpenAi()),
            _SIGN_IN,
            serving_port=4180,
            health="/ping",
        ),
        door_watch(scope, DOMAIN),
        collector_watch(scope),
    )


def _collectors(watching: Watching) -> tuple[Watch, ...]:
    """Who collects logs, where that isn't Google."""
    return () if isinstance(watching, GoogleMonitoring) else (agent_watch(NAMESPACE, f"{NAMESPACE}-logs"),)


def _watchers(watching: Watching) -> tuple[Watch, ...]:
    """Who watches is watched, too."""
    own = isinstance(watching, BuiltinMonitoring)
    full = not watching.minimal
    return (
        *exporters_watches(postgres=full, elasticsearch=full, state=own),
        *(builtin_watches(minimal=watching.minimal) if own else ()),
    )


def _server(name: str, port: int) -> Endpoint:
    return Endpoint(host=name, port=port, peer=Peer(labels={"app.kubernetes.io/name": name}))


VARIANTS = {
    "builtin": builtin(),
    "minimal": builtin(minimal=True),
    "operator": operator(),
    "google": google(),
    "without-door": without_door(),
}
