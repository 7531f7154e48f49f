"""Who is told of which alert, and when: Alertmanager's settings, and its pod.

Source: prometheus.io, "Alerting configuration" (0.31); secrets are read from files, where no page shows them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config import SecretName, overhead
from components.config.monitoring import Alerts, Mail, MailServer
from components.config.section import Storage
from components.config.supplied import RECEIVER_PORTS
from components.contracts import Flow, Peer, SecretRef
from components.kubernetes import config_volume, http, mount, pod, probes, selector, stateful_set
from components.monitoring.definition import Definition, Inhibition, Matcher
from components.monitoring.manifests import UID, as_yaml, server
from components.monitoring.names import ALERTMANAGER as NAME
from components.monitoring.names import WATCHDOG
from components.monitoring.rules.pace import faster
from components.monitoring.telling import (
    NOBODY,
    PAGERDUTY_EU,
    PAGES,
    SWITCH,
    TICK,
    TICKETS,
    sign_of_life,
    slack_colour,
    ways,
)
from components.network import INTERNET, peer_of
from components.signals.model import Severity, span

PORT = 9093
PODS = selector(NAME)
CONFIG_FILE, MESSAGES = "alertmanager.yml", "messages.tmpl"
_SETTINGS = "/etc/alertmanager"
_SECRETS = "/etc/alertmanager-secrets"
_DATA = "/alertmanager"
_HTTPS = (443,)

_Settings = Mapping[str, object]


def secret_names(alerts: Alerts) -> tuple[SecretName, ...]:
    """The secrets that its receivers need."""
    account = alerts.mail.server.username if alerts.mail and alerts.mail.server else None
    needed = {
        SecretName.SLACK_WEBHOOK: alerts.slack is not None,
        SecretName.PAGERDUTY: alerts.pagerduty is not None,
        SecretName.SMTP: account is not None,
        SecretName.ALERT_WEBHOOK: alerts.webhook is not None,
        SecretName.DEAD_MANS_SWITCH: alerts.dead_mans_switch is not None,
    }
    return tuple(name for name, there in needed.items() if there)


def told(alerts: Alerts) -> str:
    """Who is told, in words."""
    people = [
        *([f"{alerts.slack.channel} in Slack"] if alerts.slack else []),
        *(["PagerDuty (pages)"] if alerts.pagerduty else []),
        *(alerts.mail.to if alerts.mail else ()),
        *(["a webhook"] if alerts.webhook else []),
    ]
    return (
        ", ".join(people) or "nobody: alerts can be seen, and are sent to no one (kotaemon:monitoring.alerts)"
    )


def alertmanager_file(definition: Definition, *, pace: float = 1) -> str:
    """The whole of alertmanager.yml; with `pace` 60 everything takes a second that takes a minute otherwise."""
    alerts = definition.watching.alerts

    def after(length: timedelta) -> str:
        return span(faster(length, pace))

    routes: list[_Settings] = [_watchdog_route(alerts, after)]
    routes += [
        {
            "matchers": [f'severity="{way.severity.value}"'],
            "receiver": way.receiver,
            "group_wait": after(way.wait),
            "group_interval": after(way.interval),
            "repeat_interval": after(way.repeat),
        }
        for way in ways(alerts)
    ]
    settings: _Settings = {
        "global": {"resolve_timeout": after(timedelta(minutes=5))},
        "templates": [f"{_SETTINGS}/*.tmpl"],
        "route": {
            "receiver": NOBODY,
            # A message for each part that is in trouble: another part's comes on its own.
            "group_by": ["stack", "component"],
            "routes": routes,
        },
        "inhibit_rules": [_inhibition(rule) for rule in definition.inhibitions],
        "receivers": [
            {"name": NOBODY},
            {"name": PAGES, **_everybody(alerts, Severity.PAGE), **_pagerduty(alerts)},
            {"name": TICKETS, **_everybody(alerts, Severity.TICKET)},
            *_switch(alerts),
        ],
    }
    return as_yaml(settings)


def messages_file() -> str:
    """The templates of what people are sent."""
    return Path(__file__).with_name(MESSAGES).read_text(encoding="utf-8")


def _file(secret: SecretName) -> str:
    return f"{_SECRETS}/{secret.value}"


def _watchdog_route(alerts: Alerts, after: Callable[[timedelta], str]) -> _Settings:
    """The sign of life goes to the switch, never to people."""
    route: _Settings = {"matchers": [f'alertname="{WATCHDOG}"'], "receiver": NOBODY}
    switch = alerts.dead_mans_switch
    if switch is None:
        return route
    return {
        **route,
        "receiver": SWITCH,
        "group_wait": "0s",
        "group_interval": after(TICK),
        "repeat_interval": after(sign_of_life(switch)),
    }


def _switch(alerts: Alerts) -> list[_Settings]:
    if alerts.dead_mans_switch is None:
        return []
    webhook = {"url_file": _file(SecretName.DEAD_MANS_SWITCH), "send_resolved": False}
    return [{"name": SWITCH, "webhook_configs": [webhook]}]


def _everybody(alerts: Alerts, severity: Severity) -> _Settings:
    """Those who hear of pages and tickets alike."""
    receivers: dict[str, object] = {}
    if alerts.slack is not None:
        receivers["slack_configs"] = [
            {
                "api_url_file": _file(SecretName.SLACK_WEBHOOK),
                "channel": alerts.slack.channel,
                "send_resolved": True,
                "color": slack_colour(severity),
                "title": _template("title"),
                "title_link": _template("runbook"),
                "fallback": _template("title"),
                "text": _template("text"),
            }
        ]
    if alerts.mail is not None:
        receivers["email_configs"] = [_mail(alerts.mail)]
    if alerts.webhook is not None:
        receivers["webhook_configs"] = [
            {"url_file": _file(SecretName.ALERT_WEBHOOK), "send_resolved": alerts.webhook.resolved}
        ]
    return receivers


def mail_server(mail: Mail) -> MailServer:
    """The server that a mail needs. The configuration's rules see to it that there is one."""
    if mail.server is None:
        raise ValueError("mails need kotaemon:monitoring.alerts.mail.server")
    return mail.server


def _mail(mail: Mail) -> _Settings:
    server = mail_server(mail)
    login = (
        {"auth_username": server.username, "auth_password_file": _file(SecretName.SMTP)}
        if server.username
        else {}
    )
    return {
        "to": ", ".join(mail.to),
        "from": server.sender,
        "smarthost": f"{server.host}:{server.port}",
        "require_tls": True,
        "send_resolved": True,
        "headers": {"Subject": _template("title")},
        # Its own HTML links to Alertmanager, which nobody reaches from a mail.
        "html": "",
        "text": _template("text"),
        **login,
    }


def _pagerduty(alerts: Alerts) -> _Settings:
    if alerts.pagerduty is None:
        return {}
    receiver = {
        "routing_key_file": _file(SecretName.PAGERDUTY),
        "send_resolved": True,
        "severity": "critical",
        "description": _template("title"),
        "client": "Kotaemon's monitoring",
        "client_url": _template("runbook"),
        "details": {"what to do": _template("text")},
    }
    return {"pagerduty_configs": [receiver | ({"url": PAGERDUTY_EU} if alerts.pagerduty.eu else {})]}


def _template(name: str) -> str:
    return f'{{{{ template "kotaemon.{name}" . }}}}'


def _inhibition(rule: Inhibition) -> _Settings:
    return {
        "source_matchers": [_matcher(one) for one in rule.source],
        "target_matchers": [_matcher(one) for one in rule.target],
        "equal": list(rule.equal),
    }


def _matcher(matcher: Matcher) -> str:
    """Quoted, as its parser wants any value with a sign in it."""
    return f"{matcher.label}{'=~' if matcher.regex else '='}{json.dumps(matcher.value)}"


def alertmanager_spec(
    config: pulumi.Input[str], secrets: Mapping[SecretName, SecretRef], storage: Storage
) -> apps.v1.StatefulSetSpecArgs:
    """One Alertmanager; its volume keeps silences, and whom it has told already."""
    container = server(
        NAME,
        images.ALERTMANAGER,
        [
            f"--config.file={_SETTINGS}/{CONFIG_FILE}",
            f"--storage.path={_DATA}",
            # Longer than any `repeatHours`: what it has forgotten is told again.
            "--data.retention=240h",
            f"--web.listen-address=:{PORT}",
            "--cluster.listen-address=",  # it is alone
        ],
        overhead.ALERTMANAGER,
        probes(http("/-/ready", "http"), http("/-/healthy", "http")),
        ports=[("http", PORT)],
        mounts=[
            mount("data", _DATA),
            mount("config", _SETTINGS, read_only=True),
            *([mount("secrets", _SECRETS, read_only=True)] if secrets else []),
        ],
    )
    volumes = [config_volume("config", config), *([_secrets_volume(secrets)] if secrets else [])]
    return stateful_set(
        NAME,
        pod(NAME, UID, containers=[container], volumes=volumes, grace_seconds=30),
        Storage(size=overhead.ALERTMANAGER_VOLUME, class_name=storage.class_name),
    )


def _secrets_volume(secrets: Mapping[SecretName, SecretRef]) -> core.v1.VolumeArgs:
    """Each secret as a file of its name."""
    return core.v1.VolumeArgs(
        name="secrets",
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                core.v1.VolumeProjectionArgs(
                    secret=core.v1.SecretProjectionArgs(
                        name=ref.name, items=[core.v1.KeyToPathArgs(key=ref.key, path=name.value)]
                    )
                )
                for name, ref in secrets.items()
            ],
        ),
    )


def alertmanager_flows(alerts: Alerts) -> tuple[Flow, ...]:
    """To whom it tells. A webhook's address is a secret: any but the node's own, on the ports of the web."""
    anywhere = Peer(cidr="0.0.0.0/0", excluded=("169.254.0.0/16",))
    found: dict[str, tuple[Peer, tuple[int, ...]]] = {}
    if alerts.slack is not None:
        found["slack"] = (INTERNET, _HTTPS)
    if alerts.pagerduty is not None:
        found["pagerduty"] = (INTERNET, _HTTPS)
    if alerts.mail is not None:
        server = mail_server(alerts.mail)
        found["mail"] = (peer_of(server.host), (server.port,))
    if alerts.webhook is not None:
        found["webhook"] = (anywhere, RECEIVER_PORTS)
    if alerts.dead_mans_switch is not None:
        found[SWITCH] = (anywhere, RECEIVER_PORTS)
    return tuple(
        Flow(name=f"{NAME}-to-{name}", source=PODS, destination=peer, ports=ports)
        for name, (peer, ports) in found.items()
    )
