"""The Prometheus operator's resources, typed: the fields of their CRDs that are used here, and no others.

Source: prometheus-operator.dev/docs/api-reference (v0.85; v1alpha1 of AlertmanagerConfig).
"""

from typing import Literal, NotRequired, TypedDict

import pulumi

from components.contracts import SecretRef

Text = pulumi.Input[str]


class SecretKey(TypedDict):
    """A key of a Secret in the same namespace."""

    name: Text
    key: str


def secret_key(ref: SecretRef) -> SecretKey:
    """The operator's form of a reference."""
    return SecretKey(name=ref.name, key=ref.key)


class Relabeling(TypedDict):
    """A change of labels, or with `keep` a choice of series."""

    action: Literal["keep", "replace"]
    sourceLabels: NotRequired[list[str]]
    regex: NotRequired[str]
    targetLabel: NotRequired[str]
    replacement: NotRequired[str]


class Authorization(TypedDict):
    """What is sent with each scrape."""

    type: Literal["Bearer"]
    credentials: SecretKey


class PodEndpoint(TypedDict):
    """A page of metrics."""

    port: str
    path: str
    interval: str
    scrapeTimeout: str
    authorization: NotRequired[Authorization]
    relabelings: list[Relabeling]
    metricRelabelings: NotRequired[list[Relabeling]]


class Selector(TypedDict):
    """Pods by their labels."""

    matchLabels: dict[str, str]


class NamespaceSelector(TypedDict):
    """Namespaces whose pods are meant; its own, where none is named."""

    matchNames: list[str]


class PodMonitorSpec(TypedDict):
    """A PodMonitor."""

    selector: Selector
    namespaceSelector: NotRequired[NamespaceSelector]
    podMetricsEndpoints: list[PodEndpoint]


class Prober(TypedDict):
    """Who asks."""

    url: Text
    path: str


class StaticTargets(TypedDict):
    """What is asked, and the labels of its series."""

    static: list[Text]
    labels: dict[str, Text]


class ProbeTargets(TypedDict):
    """What is asked."""

    staticConfig: StaticTargets


class ProbeSpec(TypedDict):
    """A Probe."""

    jobName: str
    prober: Prober
    module: str
    interval: str
    scrapeTimeout: str
    targets: ProbeTargets
    metricRelabelings: list[Relabeling]


class RuleSpec(TypedDict):
    """A PrometheusRule; its groups are those of a rule file."""

    groups: list[dict[str, object]]


class AlertMatcher(TypedDict):
    """A condition on an alert's label."""

    name: str
    value: str
    matchType: Literal["=", "=~"]


class Route(TypedDict):
    """To whom alerts go, and how often."""

    receiver: str
    matchers: NotRequired[list[AlertMatcher]]
    groupBy: NotRequired[list[str]]
    groupWait: NotRequired[str]
    groupInterval: NotRequired[str]
    repeatInterval: NotRequired[str]
    routes: NotRequired[list["Route"]]


class Entry(TypedDict):
    """A name and a value."""

    key: str
    value: str


class SlackReceiver(TypedDict):
    """A channel of Slack."""

    apiURL: SecretKey
    channel: str
    sendResolved: bool
    color: str
    title: str
    titleLink: str
    fallback: str
    text: str


class PagerDutyReceiver(TypedDict):
    """PagerDuty's Events API v2."""

    routingKey: SecretKey
    sendResolved: bool
    url: NotRequired[str]
    severity: str
    description: str
    client: str
    clientURL: str
    details: list[Entry]


# `from` can't be a name in a class.
MailReceiver = TypedDict(
    "MailReceiver",
    {
        "to": str,
        "from": str,
        "smarthost": str,
        "requireTLS": bool,
        "sendResolved": bool,
        "headers": list[Entry],
        "html": str,
        "text": str,
        "authUsername": NotRequired[str],
        "authPassword": NotRequired[SecretKey],
    },
)
"""E-mail."""


class WebhookReceiver(TypedDict):
    """A URL that is a secret."""

    urlSecret: SecretKey
    sendResolved: bool


class Receiver(TypedDict):
    """Who is told; nobody, where it is only a name."""

    name: str
    slackConfigs: NotRequired[list[SlackReceiver]]
    pagerdutyConfigs: NotRequired[list[PagerDutyReceiver]]
    emailConfigs: NotRequired[list[MailReceiver]]
    webhookConfigs: NotRequired[list[WebhookReceiver]]


class InhibitRule(TypedDict):
    """What isn't told while something else fires."""

    sourceMatch: list[AlertMatcher]
    targetMatch: list[AlertMatcher]
    equal: list[str]


class AlertmanagerSpec(TypedDict):
    """An AlertmanagerConfig."""

    route: Route
    receivers: list[Receiver]
    inhibitRules: list[InhibitRule]
