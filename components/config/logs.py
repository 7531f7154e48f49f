"""Logs' part of a stack's file: who collects them, where they are kept, and for how long."""

from typing import Annotated, Literal

from pydantic import Field

from .fields import WHOLE, Memory, Url
from .form import Text
from .section import Resources, Section, Storage, usually

RetentionDays = Annotated[int, Field(ge=1, le=3650), WHOLE]

BaseUrl = Annotated[
    Url,
    Text(
        pattern=r"https?://[^/]+(/.*)?(?<!/)(?<!/push)(?<!/_bulk)",
        allowed="must be the server's own address, without a slash at its end and without /loki/api/v1/push or /_bulk, "
        "such as https://loki.example.com",
        example="https://loki.example.com",
        mends=(
            lambda value: value.removesuffix("/").removesuffix("/loki/api/v1/push").removesuffix("/_bulk"),
        ),
    ),
]
"""The address of a server whose paths are its own."""

Tenant = Annotated[
    str,
    Text(
        pattern=r"[A-Za-z0-9!_.*'()-]{1,150}",
        allowed="must be a tenant's id as Loki and Tempo take it: letters, digits and !-_.*'(), at most 150",
        example="kotaemon",
    ),
]

IndexName = Annotated[
    str,
    Text(
        pattern=r"[a-z0-9][a-z0-9._-]{0,99}",
        allowed="must be a data stream's name: lower-case letters, digits, dots, dashes and underscores, at most 100",
        example="kotaemon-logs",
        mends=(str.lower,),
    ),
]

Account = Annotated[
    str,
    Text(
        pattern=r"[^\s:]{1,200}",
        allowed="must be a user's name without white space or colon",
        example="logs-writer",
    ),
]


class NoLogs(Section):
    """Nothing of the stack's own: logs are where the cluster keeps them."""

    kind: Literal["none"] = "none"
    """Nothing of the stack's own; `kubectl logs` shows what the nodes still have."""


class GoogleLogs(Section):
    """Cloud Logging, in a bucket of the stack's own. What it keeps isn't masked: Google's agent collects it."""

    kind: Literal["google"]
    """Cloud Logging, in a bucket of the stack's own."""
    retention_days: RetentionDays = 30
    """Days that they are kept. Google's price includes 30."""


class Loki(Section):
    """A Loki of the stack's own, in its namespace: one pod, one volume."""

    kind: Literal["loki"] = "loki"
    """A Loki of the stack's own."""
    storage: Storage = Storage(size="10Gi")
    """Where it keeps them."""
    retention_days: RetentionDays = 14
    """Days that they are kept."""
    resources: Resources = Resources(cpu="100m", memory="512Mi", cpu_limit="1")
    """What it may use."""


class _Existing(Section):
    """What all servers that are there already have in common."""

    ca_certificate: str | None = None
    """PEM of the authority that signed its certificate; the system's ones where it isn't given."""


class ExistingLoki(_Existing):
    """A Loki, or Grafana Cloud's logs, that is there already, and has a retention of its own."""

    kind: Literal["existing-loki"]
    """A Loki that is there already."""
    url: BaseUrl
    """Its address, without /loki/api/v1/push."""
    tenant: Tenant | None = None
    """The tenant, where it keeps several apart."""
    username: Account | None = None
    """Whom it is written as; the password is the secret `lokiPassword`."""


class ElasticsearchLogs(_Existing):
    """An Elasticsearch, 7.17 or later, that is there already: a data stream with a lifecycle that deletes old ones."""

    kind: Literal["elasticsearch"]
    """An Elasticsearch that is there already."""
    url: BaseUrl
    """Its address."""
    index: IndexName = "kotaemon-logs"
    """The data stream; the lifecycle policy and the template that the stack puts there have the same name."""
    username: Account | None = None
    """Whom it is written as; the password is the secret `logsElasticsearchPassword`. It needs the privileges
    manage_ilm, manage_index_templates, and auto_configure and create_doc on the data stream."""
    retention_days: RetentionDays = 30
    """Days that they are kept."""


class FluentBitLogs(Section):
    """Fluent Bit on each node reads the files of the stack's pods, masks secrets, and sends them on."""

    kind: Literal["fluent-bit"]
    """Fluent Bit on each node."""
    to: Annotated[Loki | ExistingLoki | ElasticsearchLogs, Field(discriminator="kind"), usually(Loki)] = (
        Loki()
    )
    """Where they are kept."""
    buffer: Memory = "512Mi"
    """The most that each node keeps while the destination is away; beyond it, the oldest are dropped."""
    resources: Resources = Resources(cpu="20m", memory="64Mi", cpu_limit="500m", memory_limit="128Mi")
    """What Fluent Bit may use on each node."""


Logs = Annotated[NoLogs | GoogleLogs | FluentBitLogs, Field(discriminator="kind"), usually(NoLogs)]
