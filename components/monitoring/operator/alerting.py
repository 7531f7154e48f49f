"""Who is told of which alert: an AlertmanagerConfig, which the operator adds to its Alertmanager's settings.

It applies to alerts of the stack's namespace alone: the operator sees to that (OnNamespace, its default).
Source: prometheus-operator.dev/docs/developer/alerting.
"""

import re
from collections.abc import Mapping

from components.config import SecretName
from components.config.monitoring import Alerts, Mail
from components.contracts import SecretRef
from components.monitoring.builtin.alertmanager import mail_server, messages_file
from components.monitoring.definition import Definition, Inhibition, Matcher
from components.monitoring.names import WATCHDOG
from components.monitoring.telling import (
    NOBODY,
    PAGERDUTY_EU,
    PAGES,
    SWITCH,
    TICK,
    TICKETS,
    Way,
    sign_of_life,
    slack_colour,
    ways,
)
from components.signals.model import Severity, span

from .kinds import (
    AlertmanagerSpec,
    AlertMatcher,
    Entry,
    InhibitRule,
    MailReceiver,
    PagerDutyReceiver,
    Receiver,
    Route,
    SecretKey,
    SlackReceiver,
    WebhookReceiver,
    secret_key,
)

Secrets = Mapping[SecretName, SecretRef]


def alertmanager_spec(definition: Definition, secrets: Secrets) -> AlertmanagerSpec:
    """Routes, receivers and what is inhibited, as the stack's own Alertmanager would have them."""
    alerts = definition.watching.alerts
    receivers = [
        Receiver(name=NOBODY),
        _receiver(PAGES, Severity.PAGE, alerts, secrets),
        _receiver(TICKETS, Severity.TICKET, alerts, secrets),
    ]
    if alerts.dead_mans_switch is not None:
        switch = WebhookReceiver(urlSecret=_secret(secrets, SecretName.DEAD_MANS_SWITCH), sendResolved=False)
        receivers.append(Receiver(name=SWITCH, webhookConfigs=[switch]))
    return AlertmanagerSpec(
        route=Route(
            receiver=NOBODY,
            groupBy=["stack", "component"],
            routes=[
                _sign_of_life(alerts),
                *(_route(way) for way in ways(alerts)),
            ],
        ),
        receivers=receivers,
        inhibitRules=[_inhibit(rule) for rule in definition.inhibitions],
    )


def _route(way: Way) -> Route:
    return Route(
        receiver=way.receiver,
        matchers=[AlertMatcher(name="severity", value=way.severity.value, matchType="=")],
        groupWait=span(way.wait),
        groupInterval=span(way.interval),
        repeatInterval=span(way.repeat),
    )


def _sign_of_life(alerts: Alerts) -> Route:
    """The alert that always fires goes to the switch, never to people."""
    always = [AlertMatcher(name="alertname", value=WATCHDOG, matchType="=")]
    switch = alerts.dead_mans_switch
    if switch is None:
        return Route(receiver=NOBODY, matchers=always)
    return Route(
        receiver=SWITCH,
        matchers=always,
        groupWait="0s",
        groupInterval=span(TICK),
        repeatInterval=span(sign_of_life(switch)),
    )


def _receiver(name: str, severity: Severity, alerts: Alerts, secrets: Secrets) -> Receiver:
    found = Receiver(name=name)
    if alerts.slack is not None:
        found["slackConfigs"] = [
            SlackReceiver(
                apiURL=_secret(secrets, SecretName.SLACK_WEBHOOK),
                channel=alerts.slack.channel,
                sendResolved=True,
                color=slack_colour(severity),
                title=_message("title"),
                titleLink=_message("runbook"),
                fallback=_message("title"),
                text=_message("text"),
            )
        ]
    if alerts.pagerduty is not None and severity is Severity.PAGE:
        found["pagerdutyConfigs"] = [_pagerduty(secrets, eu=alerts.pagerduty.eu)]
    if alerts.mail is not None:
        found["emailConfigs"] = [_mail(alerts.mail, secrets)]
    if alerts.webhook is not None:
        found["webhookConfigs"] = [
            WebhookReceiver(
                urlSecret=_secret(secrets, SecretName.ALERT_WEBHOOK), sendResolved=alerts.webhook.resolved
            )
        ]
    return found


def _pagerduty(secrets: Secrets, *, eu: bool) -> PagerDutyReceiver:
    found = PagerDutyReceiver(
        routingKey=_secret(secrets, SecretName.PAGERDUTY),
        sendResolved=True,
        severity="critical",
        description=_message("title"),
        client="Kotaemon's monitoring",
        clientURL=_message("runbook"),
        details=[Entry(key="what to do", value=_message("text"))],
    )
    if eu:
        found["url"] = PAGERDUTY_EU
    return found


def _mail(mail: Mail, secrets: Secrets) -> MailReceiver:
    server = mail_server(mail)
    found = MailReceiver(
        {
            "to": ", ".join(mail.to),
            "from": server.sender,
            "smarthost": f"{server.host}:{server.port}",
            "requireTLS": True,
            "sendResolved": True,
            "headers": [Entry(key="Subject", value=_message("title"))],
            # Its own HTML links to Alertmanager, which nobody reaches from a mail.
            "html": "",
            "text": _message("text"),
        }
    )
    if server.username is not None:
        found["authUsername"] = server.username
        found["authPassword"] = _secret(secrets, SecretName.SMTP)
    return found


def _secret(secrets: Secrets, name: SecretName) -> SecretKey:
    return secret_key(secrets[name])


def _message(name: str) -> str:
    """The words of a template of the stack's own Alertmanager: this one's are the cluster's."""
    found = re.search(
        rf'(?ms)^{{{{ define "kotaemon\.{name}" }}}}(.*?){{{{ end }}}}\s*(?=^{{{{ define|\Z)', messages_file()
    )
    if found is None:
        raise ValueError(f"no message is called {name}")
    return found.group(1)


def _inhibit(rule: Inhibition) -> InhibitRule:
    return InhibitRule(
        sourceMatch=[_matcher(one) for one in rule.source],
        targetMatch=[_matcher(one) for one in rule.target],
        equal=list(rule.equal),
    )


def _matcher(matcher: Matcher) -> AlertMatcher:
    return AlertMatcher(name=matcher.label, value=matcher.value, matchType="=~" if matcher.regex else "=")
