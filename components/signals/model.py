"""What a component says of itself to whoever watches it: frozen, and free of how it is watched.

Expressions are PromQL that Prometheus 2.42 and later and Google's managed one understand. Each selects the stack's
own namespace by `Scope`: the server that runs it may hold the metrics of others too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import pulumi

from components.contracts import DatabaseAccess, DocumentAccess, Peer, SecretRef


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which series are the stack's own."""

    namespace: str

    def __str__(self) -> str:
        """Matchers inside braces: `up{{{scope}}}` in an f-string."""
        return f'namespace="{self.namespace}"'


def span(length: timedelta) -> str:
    """A duration as PromQL writes it, in the largest unit that is whole: 5m, 1h, 3d, 250ms."""
    milliseconds = round(length.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


class Severity(StrEnum):
    """What an alert asks of people."""

    PAGE = "page"
    """Somebody gets up: people can't use it, or soon will not, or data is at risk."""
    TICKET = "ticket"
    """Somebody looks in working hours."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A condition that somebody must act on."""

    name: str
    """In CamelCase; its runbook is docs/runbooks/ with the name in kebab-case."""
    expr: str
    """True while the condition holds: a series for each thing that is wrong."""
    lasting: timedelta = timedelta(minutes=5)
    """How long it must hold before it fires."""
    severity: Severity
    summary: str
    """In plain words, for somebody who is woken by it; may name labels as `{{ $labels.pod }}`."""

    @property
    def runbook(self) -> str:
        """File name of its page in docs/runbooks/."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.name).lower() + ".md"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A series that is computed once and read often."""

    record: str
    """Its name, level:metric:operation."""
    expr: str
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Recording | Alert, ...]
    interval: timedelta = timedelta(seconds=30)


class PanelKind(StrEnum):
    """How a panel shows its queries."""

    GRAPH = "graph"
    """Lines over time."""
    NUMBER = "number"
    """The last value, large."""
    STATES = "states"
    """Which of a few states held when: 1 is well, 0 isn't."""
    TABLE = "table"
    """The last values, a row each."""


class Unit(StrEnum):
    """Units of a panel's values, by the names that Grafana knows."""

    NONE = "none"
    COUNT = "short"
    SECONDS = "s"
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    PER_SECOND = "reqps"
    SHARE = "percentunit"
    """0 to 1."""
    CORES = "cores"
    MOMENT = "dateTimeAsIso"
    """Milliseconds since 1970."""
    WELL = "bool_on_off"


@dataclass(frozen=True, kw_only=True)
class Query:
    """A PromQL expression and what its series are called."""

    expr: str
    legend: str = ""
    """May name labels as `{{pod}}`."""
    needs_data: bool = True
    """Whether a healthy stack has series for it; an error counter has none until the first error."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A picture on a dashboard."""

    title: str
    description: str
    """What it shows, and what a bad value means."""
    queries: tuple[Query, ...]
    unit: Unit
    kind: PanelKind = PanelKind.GRAPH
    warn_above: float | None = None
    """From here on it is shown as doubtful."""
    bad_above: float | None = None
    """From here on it is shown as bad."""


@dataclass(frozen=True, kw_only=True)
class ScrapeTarget:
    """Metrics that pods serve."""

    job: str
    """The series' `job`."""
    pods: Mapping[str, str]
    """The pods' labels."""
    namespace: str | None = None
    """Where the pods are, if not in the stack's own; the series have the stack's own all the same."""
    port: int
    port_name: str
    """The container port's name."""
    path: str = "/metrics"
    bearer: SecretRef | None = None
    """What is sent as `Authorization: Bearer`."""
    interval: timedelta = timedelta(seconds=30)
    keep: tuple[str, ...] = ()
    """Patterns of the names of the metrics that are kept; all, where none is given."""


class ProbeModule(StrEnum):
    """What a probe takes for success; each is a module of the blackbox exporter."""

    PAGE = "page"
    """An HTTP answer 2xx, after redirects within the same host."""
    ANSWERS = "answers"
    """Any HTTP answer below 500: it is there, though it asks who is there."""
    SIGN_IN = "sign_in"
    """A redirect to a sign-in, or 401 or 403: the front door is there and closed."""
    SIGN_IN_OWN_CA = "sign_in_own_ca"
    """The same, where the certificate's authority is one's own, which a pod doesn't know."""
    TCP = "tcp"
    """A connection is accepted."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A question asked from inside the cluster, as a client would."""

    name: str
    """The series' `probe`: application, front-door, postgres, …"""
    part: str
    """Which part people lose while it fails, in a word or two."""
    target: pulumi.Input[str]
    """A URL, or host:port for TCP."""
    module: ProbeModule
    to: Peer
    """Whom the question goes to."""
    port: int
    essential: bool = False
    """Whether people can't use Kotaemon while it fails: it counts in the objectives."""
    severity: Severity = Severity.PAGE
    """What its failing asks of people."""
    interval: timedelta = timedelta(seconds=30)


class WorkloadKind(StrEnum):
    """What runs a component's pods."""

    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"
    DAEMON_SET = "daemonset"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What runs a component's pods."""

    kind: WorkloadKind
    name: str
    namespace: str | None = None
    """Where that isn't the stack's own."""


@dataclass(frozen=True, kw_only=True)
class PostgresExport:
    """PostgreSQL has no metrics page: an exporter reads its statistics."""

    access: DatabaseAccess
    """A role that may read statistics and nothing else."""


@dataclass(frozen=True, kw_only=True)
class ElasticsearchExport:
    """Elasticsearch has no metrics page of Prometheus' kind: an exporter translates."""

    access: DocumentAccess


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Everything that watching a component needs."""

    component: str
    """Its `app.kubernetes.io/name`."""
    title: str
    """As people call it: PostgreSQL."""
    loss: str
    """What people lose while it is gone, as the end of a sentence: "sign-in, conversations and settings"."""
    workload: Workload | None = None
    """None where it doesn't run in the cluster."""
    claims: str | None = None
    """Pattern of the names of its volume claims."""
    targets: tuple[ScrapeTarget, ...] = ()
    probes: tuple[Probe, ...] = ()
    export: PostgresExport | ElasticsearchExport | None = None
    alerts: tuple[Alert, ...] = ()
    """What is special to it; what holds for all comes from the fields above."""
    panels: tuple[Panel, ...] = ()
    """What is special to it."""
