"""What a stack's file may say of metrics and logs, and the mistakes that somebody will make there."""

from typing import Any

from tests.config_cloud_rows import GKE
from tests.config_rows import SECRET, Values, wrong


def watched(kind: str = "builtin", **keys: Any) -> Values:
    """Somebody watches."""
    return {"monitoring": {"kind": kind, **keys}}


def promised(**keys: Any) -> Values:
    """Objectives."""
    return watched(objectives=keys)


def told(**keys: Any) -> Values:
    """Receivers of alerts."""
    return watched(alerts=keys)


def kept(kind: str, **keys: Any) -> Values:
    """Logs, and where Fluent Bit sends them."""
    return {"logs": {"kind": "fluent-bit", "to": {"kind": kind, **keys}}}


def told_by_google(**keys: Any) -> Values:
    """Receivers that Google tells."""
    return {**GKE, "monitoring": {"kind": "google", "alerts": keys}}


PAGERDUTY, WEBHOOK = (
    {"pagerdutyKey": "0123456789abcdef0123456789abcdef"},
    {"alertWebhook": "https://example.com/x"},
)


def traced(kind: str = "jaeger", **keys: Any) -> Values:
    """Traces, and where the collector sends them."""
    return {"traces": {"kind": "collector", "to": {"kind": kind, **keys}}}


JAEGER = "http://jaeger.observability.svc:4318"
SERVER: Values = {"sender": "kotaemon@example.com", "host": "smtp.example.com"}
MAIL: Values = {"to": ["ops@example.com"], "server": SERVER}

MONITORING_WRONG = [
    wrong("a way of watching that isn't", watched("prometheus"), "monitoring.kind", "builtin", schema=True),
    wrong("availability in full", promised(availability=100), "monitoring.objectives.availability",
          "must be a number from 90 to 99.99", schema=True),
    wrong("availability as a share", promised(availability=0.999), "monitoring.objectives.availability",
          "must be a number from 90 to 99.99", schema=True),
    wrong("an answer at once", promised(latencySeconds=0), "monitoring.objectives.latencySeconds",
          "must be a number from 0.1 to 9", schema=True),
    wrong("all answers in time", promised(latencyShare=100), "monitoring.objectives.latencyShare",
          "must be a number from 50 to 99.9", schema=True),
    wrong("a window of a day", promised(days=1), "monitoring.objectives.days",
          "must be a whole number from 7 to 90", schema=True),
    wrong("a window that isn't kept", watched(retentionDays=10, objectives={"days": 30}),
          "monitoring.retentionDays", "must be at least 30, the window of the objectives"),
    wrong("a channel without #", told(slack={"channel": "kotaemon"}), "monitoring.alerts.slack.channel",
          "with # or @ first", secrets={"slackWebhook": "https://hooks.slack.com/services/T0/B0/XXXX"}, schema=True),
    wrong("Slack without its webhook", told(slack={"channel": "#kotaemon"}), "monitoring.alerts.slack",
          "needs the secret slackWebhook"),
    wrong("PagerDuty without its key", told(pagerduty={}), "monitoring.alerts.pagerduty",
          "needs the secret pagerdutyKey"),
    wrong("a webhook without its URL", told(webhook={}), "monitoring.alerts.webhook", "needs the secret alertWebhook"),
    wrong("a dead man's switch without its URL", told(deadMansSwitch={}), "monitoring.alerts.deadMansSwitch",
          "needs the secret deadMansSwitch"),
    wrong("an account without its password", told(mail={**MAIL, "server": {**SERVER, "username": "kotaemon"}}),
          "monitoring.alerts.mail.server.username", "needs the secret smtpPassword"),
    wrong("mail without a server", told(mail={"to": ["ops@example.com"]}), "monitoring.alerts.mail.server",
          "is missing"),
    wrong("mail to nobody", told(mail={**MAIL, "to": []}), "monitoring.alerts.mail.to",
          "must have at least one entry", schema=True),
    wrong("mail to no address", told(mail={**MAIL, "to": ["ops"]}), "monitoring.alerts.mail.to[0]",
          "must be an e-mail address", schema=True),
    wrong("a webhook's URL in the file", told(webhook={"url": "https://example.com/x"}),
          "monitoring.alerts.webhook.url", "is not a key", schema=True),
    wrong("a receiver's secret that nobody uses", watched(), "slackWebhook", "nothing uses it",
          secrets={"slackWebhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}),
    # Three servers of the stack's own, and six that watch them.
    wrong("a quota without room for who watches", {**watched(), "namespace": {"quota": {"pods": 8}}},
          "namespace.quota.pods", "must be at least 9"),
    wrong("a quota without room for logs", {**watched(), **kept("loki"), "namespace": {"quota": {"pods": 9}}},
          "namespace.quota.pods", "must be at least 10"),
    wrong("a quota without room for traces", {**traced(url=JAEGER), "namespace": {"quota": {"memory": "4Gi"}}},
          "namespace.quota.memory", "must be at least 5Gi"),
    wrong("Google's monitoring elsewhere", watched("google"), "monitoring.kind", "needs a cluster of Google's"),
    wrong("Google's logs elsewhere", {"logs": {"kind": "google"}}, "logs.kind", "needs a cluster of Google's"),
    wrong("Slack by Google", told_by_google(slack={"channel": "#kotaemon"}), "monitoring.alerts.slack",
          "can't be had by a webhook from Google", secrets={
              "slackWebhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}),
    wrong("a dead man's switch on Google", told_by_google(deadMansSwitch={}), "monitoring.alerts.deadMansSwitch",
          "an alert policy calls nobody while all is well", secrets={"deadMansSwitch": "https://example.com/x"}),
    wrong("PagerDuty in Europe by Google", told_by_google(pagerduty={"eu": True}), "monitoring.alerts.pagerduty.eu",
          "no setting for PagerDuty's European region", secrets=PAGERDUTY),
    wrong("a mail server for Google", told_by_google(mail=MAIL), "monitoring.alerts.mail.server",
          "Google sends mails by itself"),
    wrong("the end of an alert untold by Google", told_by_google(webhook={"resolved": False}),
          "monitoring.alerts.webhook.resolved", "must be true", secrets=WEBHOOK),
    wrong("a key that Google can't read", {**told_by_google(pagerduty={}),
          "secrets": {"pagerdutyKey": {"name": "team", "key": "pagerduty"}}}, "secrets.pagerdutyKey",
          "Google is told the value itself"),
    wrong("logs for ever", {**GKE, "logs": {"kind": "google", "retentionDays": 5000}}, "logs.retentionDays",
          "must be a whole number from 1 to 3650", schema=True),
    wrong("Loki's whole path", kept("existing-loki", url="https://loki.example.com/loki/api/v1/push"),
          "logs.to.url", "without /loki/api/v1/push", schema=True),
    wrong("Loki without a scheme", kept("existing-loki", url="loki.example.com:3100"), "logs.to.url",
          "must be", schema=True),
    wrong("a user of Loki without a password", kept("existing-loki", url="https://loki.example.com", username="writer"),
          "logs.to.username", "needs the secret lokiPassword"),
    wrong("a password that Fluent Bit would expand",
          kept("existing-loki", url="https://loki.example.com", username="writer"), "lokiPassword", "holds ${",
          secrets={"lokiPassword": "pass${word}"}),
    wrong("a password of Loki without a user", kept("existing-loki", url="https://loki.example.com"), "lokiPassword",
          "nothing uses it", secrets={"lokiPassword": SECRET}),
    wrong("Jaeger's page", traced(url="http://jaeger.observability.svc:16686"), "traces.to.url",
          "16686 is Jaeger's page", schema=False),
    wrong("Jaeger over gRPC", traced(url="http://jaeger.observability.svc:4317"), "traces.to.url",
          "4317 is OTLP over gRPC"),
    wrong("a host that only looks like the cluster's",
          traced("tempo", url="http://tempo.x.svc.evil.example:4318", token=True), "traces.to.url",
          "must be https:// outside the cluster", secrets={"tracesToken": SECRET}),
    wrong("a webhook on a port that isn't open", told(webhook={}), "alertWebhook", "names port 9443",
          secrets={"alertWebhook": "https://alerts.example.com:9443/in"}),
    wrong("the path of OTLP", traced(url=f"{JAEGER}/v1/traces"), "traces.to.url", "without /v1/traces", schema=True),
    wrong("Tempo without its token", traced("tempo", url="https://tempo.example.com:4318", token=True),
          "traces.to.token", "needs the secret tracesToken"),
    wrong("a token that nobody uses", traced(url=JAEGER), "tracesToken", "nothing uses it",
          secrets={"tracesToken": SECRET}),
    wrong("a token on an open road", traced("tempo", url="http://tempo.example.com:4318", token=True),
          "traces.to.url", "must be https:// outside the cluster", secrets={"tracesToken": SECRET}),
    wrong("Cloud Trace elsewhere", traced("cloud-trace"), "traces.to.kind, google.project", "Cloud Trace"),
    wrong("too little memory for traces",
          {"traces": {**traced(url=JAEGER)["traces"], "resources": {"cpu": "50m", "memory": "64Mi"}}},
          "traces.resources.memory", "must be at least 128Mi"),
    wrong("more than all traces", {"traces": {**traced(url=JAEGER)["traces"], "samplePercent": 120}},
          "traces.samplePercent", "must be a number from 0 to 100", schema=True),
]  # fmt: skip

MONITORING_VALID: dict[str, tuple[Values, dict[str, str]]] = {
    "the least that can be promised": (promised(availability=90, latencyShare=50, days=7), {}),
    "a quota with room for who watches": ({**watched(), "namespace": {"quota": {"pods": 9}}}, {}),
    "mail without an account": (told(mail=MAIL), {}),
    "everybody whom Google can tell": (
        told_by_google(pagerduty={}, mail={"to": MAIL["to"]}, webhook={}),
        {**PAGERDUTY, **WEBHOOK},
    ),
    "logs in a Loki of one's own": (kept("loki", retentionDays=30), {}),
    "logs by default": ({"logs": {"kind": "fluent-bit"}}, {}),
    "logs nowhere": ({"logs": {"kind": "none"}}, {}),
    "logs in Elasticsearch": (
        kept("elasticsearch", url="https://search.example.com:9200", username="writer"),
        {"logsElasticsearchPassword": SECRET},
    ),
    "traces nowhere": ({"traces": {"kind": "none"}}, {}),
    "traces in Jaeger": (traced(url=JAEGER), {}),
    "traces in Tempo": (
        traced("tempo", url="https://tempo.example.com:4318", tenant="a", token=True),
        {"tracesToken": SECRET},
    ),
    "traces on Google": ({**GKE, **traced("cloud-trace")}, {}),
    "logs on Google": ({**GKE, "logs": {"kind": "google", "retentionDays": 90}}, {}),
}
