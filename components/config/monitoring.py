"""Monitoring's part of a stack's file: who watches, what is promised, and who is told."""

from typing import Annotated, Literal

from pydantic import Field

from .cloud_fields import Email
from .fields import WHOLE, Host, NodeLabel, NodeLabelValue, ObjectName, Port, Url
from .form import Text
from .section import Resources, Section, Storage, usually

Channel = Annotated[
    str,
    Text(
        pattern=r"[#@][^\s,]{1,79}",
        allowed="must be a channel or a person of Slack, with # or @ first, such as #kotaemon",
        example="#kotaemon",
    ),
]


class Objectives(Section):
    """What people may expect; alerts fire when so much goes wrong that it won't hold."""

    availability: Annotated[float, Field(ge=90, le=99.99)] = 99.5
    """Per cent of the time in which people can use it. 99.9 is 43 minutes a month; what the services below it promise
    together is the output `reachableAvailability`."""
    latency_seconds: Annotated[float, Field(ge=0.1, le=9)] = 2
    """Seconds within which the page answers; after 10 nobody waits any longer for it."""
    latency_share: Annotated[float, Field(ge=50, le=99.9)] = 95
    """Per cent of the questions that are answered within them."""
    days: Annotated[int, Field(ge=7, le=90), WHOLE] = 30
    """The window that both are counted over."""


class Slack(Section):
    """Messages to a channel of Slack. Its webhook's URL is the secret `slackWebhook`."""

    channel: Channel
    """The channel."""


class PagerDuty(Section):
    """PagerDuty, for what must wake somebody. Its integration key (Events API v2) is the secret `pagerdutyKey`."""

    eu: bool = False
    """Whether the account is in PagerDuty's European region."""


class MailServer(Section):
    """A mail server. The password of the account, where there is one, is the secret `smtpPassword`."""

    host: Host
    """Its host name."""
    port: Port = 587
    """Its port; the connection is always encrypted."""
    sender: Email
    """Whom mails come from."""
    username: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The account."""


class Mail(Section):
    """E-mail."""

    to: Annotated[tuple[Email, ...], Field(min_length=1, examples=[["ops@example.com"]])]
    """Who gets it."""
    server: MailServer | None = None
    """The mail server. Google sends by itself, and needs none."""


class Webhook(Section):
    """Alertmanager's JSON to a URL of one's own, which is the secret `alertWebhook`: it often holds a token."""

    resolved: bool = True
    """Whether the end of an alert is told too."""


class DeadMansSwitch(Section):
    """A service that tells somebody when it *stops* hearing of this stack. Its URL is the secret `deadMansSwitch`."""

    minutes: Annotated[int, Field(ge=1, le=60), WHOLE] = 5
    """Minutes between two signs of life."""


class Alerts(Section):
    """Who is told. Pages go to PagerDuty where it is set, and to all others too; tickets to all but PagerDuty."""

    slack: Slack | None = None
    """Slack."""
    pagerduty: PagerDuty | None = None
    """PagerDuty."""
    mail: Mail | None = None
    """E-mail."""
    webhook: Webhook | None = None
    """A webhook of one's own."""
    dead_mans_switch: DeadMansSwitch | None = None
    """Who notices when monitoring itself is gone."""
    runbooks: Url | None = None
    """Where your copy of docs/runbooks can be read, such as https://github.com/ORGANIZATION/REPOSITORY/blob/main/docs/runbooks;
    messages link to it."""
    repeat_hours: Annotated[int, Field(ge=1, le=168), WHOLE] = 4
    """Hours after which a page that still holds is told again; tickets after a day at the least."""

    @property
    def anybody(self) -> bool:
        """Whether there is a receiver."""
        return any((self.slack, self.pagerduty, self.mail, self.webhook, self.dead_mans_switch))


class NoMonitoring(Section):
    """Nobody watches."""

    kind: Literal["none"] = "none"
    """Nobody watches."""


class _Watching(Section):
    """What all ways of watching have in common."""

    minimal: bool = False
    """Only what tells whether people can use it: probes, pods, volumes and the alerts on them; no dashboards, no
    metrics of the databases' insides."""
    objectives: Objectives = Objectives()
    """What people may expect."""
    alerts: Alerts = Alerts()
    """Who is told."""


class BuiltinMonitoring(_Watching):
    """Prometheus, Alertmanager and Grafana of the stack's own, in its namespace."""

    kind: Literal["builtin"]
    """Prometheus, Alertmanager and Grafana of the stack's own."""
    storage: Storage = Storage(size="10Gi")
    """Where Prometheus keeps its series."""
    retention_days: Annotated[int, Field(ge=1, le=400), WHOLE] = 31
    """Days that they are kept; never less than the objectives' window."""
    resources: Resources = Resources(cpu="100m", memory="256Mi", cpu_limit="1", memory_limit="1Gi")
    """What Prometheus may use."""


class OperatorMonitoring(_Watching):
    """The Prometheus operator that runs on the cluster already, such as kube-prometheus-stack."""

    kind: Literal["operator"]
    """The Prometheus operator that runs on the cluster already."""
    labels: Annotated[
        dict[NodeLabel, NodeLabelValue], Field(examples=[{"release": "kube-prometheus-stack"}])
    ] = {}
    """Labels that its Prometheus and Alertmanager select what they read by."""
    namespace: ObjectName = "monitoring"
    """Where its Prometheus runs, which alone may reach the metrics."""
    dashboard_label: NodeLabel = "grafana_dashboard"
    """The label by which its Grafana finds dashboards."""


class GoogleMonitoring(_Watching):
    """Google Cloud's managed Prometheus, alerting and uptime checks."""

    kind: Literal["google"]
    """Google Cloud's managed Prometheus, alerting and uptime checks."""


Monitoring = Annotated[
    NoMonitoring | BuiltinMonitoring | OperatorMonitoring | GoogleMonitoring,
    Field(discriminator="kind"),
    usually(NoMonitoring),
]
