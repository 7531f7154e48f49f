"""Alertmanager itself, with the settings that are rendered: what people get, and that it gets to them."""

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.config import SecretName
from components.monitoring.builtin import alertmanager
from components.monitoring.builtin.alertmanager import alertmanager_file
from components.monitoring.definition import Definition, Group
from components.monitoring.names import WATCHDOG
from components.monitoring.rules.components import ESSENTIAL_PART_DOWN
from components.monitoring.rules.render import alert_labels, annotations
from components.signals.model import Alert, Severity
from tests.sandbox.sign_in.front_door import free_port

from .receivers import EVERYBODY, program, telling
from .sinks import Hooks, Mails, certificate, hooks, mails, until

pytestmark = pytest.mark.sandbox

PACE = 60
DEFINITION = telling(EVERYBODY)


@dataclass(frozen=True, kw_only=True)
class Running:
    """An Alertmanager, and those whom it tells."""

    port: int
    web: Hooks
    mail: Mails
    log: Path

    def fire(self, *alerts: tuple[Group, Alert]) -> None:
        """Say that alerts fire, as Prometheus would."""
        body = [
            {
                "labels": {"alertname": alert.name, **alert_labels(DEFINITION, group, alert)},
                "annotations": annotations(DEFINITION, group, alert),
                "generatorURL": "http://localhost:9090/graph",
            }
            for group, alert in alerts
        ]
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v2/alerts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310  loopback

    def failed(self) -> dict[str, float]:
        """How many messages didn't get through, by receiver."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found: dict[str, float] = {}
        for name, value in re.findall(
            r'^alertmanager_notifications_failed_total\{integration="(\w+)".*\} (\S+)$', text, re.MULTILINE
        ):
            found[name] = found.get(name, 0) + float(value)
        return {name: value for name, value in found.items() if value}

    def why(self) -> str:
        """What it logged."""
        return self.log.read_text()[-3000:]


@contextmanager
def running(definition: Definition, folder: Path, *, slack: str | None = None) -> Iterator[Running]:
    """The pod's process with its settings, but for the addresses of those whom it tells; `slack` is another one."""
    public, private = certificate(folder)
    with hooks() as web, mails(public, private) as mail:
        secrets = {
            SecretName.SLACK_WEBHOOK: slack or f"http://127.0.0.1:{web.port}/slack/T0KEN",
            SecretName.PAGERDUTY: "r0uting-key",
            SecretName.SMTP: "p4ssword",
            SecretName.ALERT_WEBHOOK: f"http://127.0.0.1:{web.port}/hook?token=T0KEN",
            SecretName.DEAD_MANS_SWITCH: f"http://127.0.0.1:{web.port}/alive",
        }
        for name, value in secrets.items():
            # With a line's end, as files that people make have it.
            (folder / name.value).write_text(f"{value}\n")
        text = alertmanager_file(definition, pace=PACE)
        for there, here in (
            ("/etc/alertmanager-secrets", str(folder)),
            ("/etc/alertmanager", str(folder)),
            ("mail.example.com:587", f"localhost:{mail.port}"),
            ("https://events.eu.pagerduty.com", f"http://127.0.0.1:{web.port}/pagerduty"),
        ):
            assert there in text
            text = text.replace(there, here)
        (folder / alertmanager.MESSAGES).write_text(alertmanager.messages_file())
        (folder / alertmanager.CONFIG_FILE).write_text(text)
        port, log = free_port(), folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    program("alertmanager"), f"--config.file={folder / alertmanager.CONFIG_FILE}",
                    f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                ],
                stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "SSL_CERT_FILE": str(public)},
            )  # fmt: skip
        try:
            until(lambda: answers(port), why=log.read_text)
            yield Running(port=port, web=web, mail=mail, log=log)
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def alert_of(name: str, component: str | None = None) -> tuple[Group, Alert]:
    """An alert of the definition, with its group."""
    found = [
        (group, alert)
        for group, alert in DEFINITION.alerts
        if alert.name == name and component in (None, group.component)
    ]
    assert len(found) == 1, found
    return found[0]


POSTGRES_DOWN = alert_of(ESSENTIAL_PART_DOWN, "postgres")


def test_a_page_reaches_everybody_in_plain_words(tmp_path: Path) -> None:
    """Slack, PagerDuty, e-mail over TLS and a webhook, each with its secret out of a file."""
    with running(DEFINITION, tmp_path) as there:
        there.fire(POSTGRES_DOWN)
        slack = until(lambda: there.web.at("/slack/T0KEN"), why=there.why)[0]
        pagerduty = until(lambda: there.web.at("/pagerduty/v2/enqueue"), why=there.why)[0]
        webhook = until(lambda: there.web.at("/hook?token=T0KEN"), why=there.why)[0]
        login, mail = until(lambda: there.mail.taken, why=there.why)[0]

    group, alert = POSTGRES_DOWN
    summary = annotations(DEFINITION, group, alert)["summary"]
    assert slack["channel"] == "#kotaemon"
    assert slack["attachments"][0]["title"] == f"prod: {summary}"
    assert slack["attachments"][0]["color"] == "danger"
    assert f"docs/runbooks/{alert.runbook}" in slack["attachments"][0]["text"]
    assert pagerduty["routing_key"] == "r0uting-key"
    assert pagerduty["payload"]["severity"] == "critical"
    assert pagerduty["payload"]["summary"] == f"prod: {summary}"
    assert webhook["alerts"][0]["labels"]["severity"] == Severity.PAGE.value
    assert login == "kotaemon:p4ssword"
    assert (mail["To"], mail["Subject"]) == ("ops@example.com, boss@example.com", f"prod: {summary}")
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"docs/runbooks/{alert.runbook}" in body.get_content()
    assert mail.get_body(("html",)) is None, "it would link to where nobody gets"
    assert there.mail.refused == []


def test_a_ticket_wakes_nobody(tmp_path: Path) -> None:
    """It is in Slack when the day begins."""
    with running(DEFINITION, tmp_path) as there:
        there.fire(alert_of("PostgresConnectionsNearlyUsed"))
        slack = until(lambda: there.web.at("/slack/T0KEN"), why=there.why)[0]
        assert slack["attachments"][0]["color"] == "warning"
        assert there.web.at("/pagerduty/v2/enqueue") == []


def test_the_end_of_an_alert_is_told(tmp_path: Path) -> None:
    """Alertmanager takes an alert that isn't repeated for ended: five minutes, here five seconds."""
    with running(DEFINITION, tmp_path) as there:
        there.fire(POSTGRES_DOWN)
        until(lambda: there.web.at("/slack/T0KEN"), why=there.why)
        ended = until(lambda: there.web.at("/slack/T0KEN")[1:], why=there.why)[0]["attachments"][0]
        assert ended["title"].startswith("Over: prod: ")
        assert ended["color"] == "good"
        until(lambda: there.web.at("/pagerduty/v2/enqueue")[1:], why=there.why)
        assert there.web.at("/pagerduty/v2/enqueue")[-1]["event_action"] == "resolve"


def test_what_follows_from_an_outage_isnt_told_as_well(tmp_path: Path) -> None:
    """One outage, one message: the application can't answer without its database."""
    with running(DEFINITION, tmp_path) as there:
        there.fire(POSTGRES_DOWN)
        until(lambda: there.web.at("/hook?token=T0KEN"), why=there.why)
        there.fire(
            *(alert_of(ESSENTIAL_PART_DOWN, part) for part in ("kotaemon", "postgres", "elasticsearch"))
        )
        until(lambda: there.web.at("/hook?token=T0KEN")[1:], why=there.why)
        told = {
            alert["labels"]["component"]
            for message in there.web.at("/hook?token=T0KEN")
            for alert in message["alerts"]
        }
        assert told == {"postgres", "elasticsearch"}


def test_the_sign_of_life_goes_to_the_switch_again_and_again_and_to_nobody_else(tmp_path: Path) -> None:
    """People who get it learn to ignore what they get."""
    with running(DEFINITION, tmp_path) as there:
        there.fire(alert_of(WATCHDOG))
        until(lambda: there.web.at("/alive"), why=there.why)
        there.fire(alert_of(WATCHDOG))
        until(lambda: there.web.at("/alive")[1:], 30, why=there.why)
        assert {path for path, _ in there.web.posted} == {"/alive"}
        assert there.mail.taken == []


def test_a_receiver_that_cant_be_reached_is_counted_and_holds_up_nobody_else(tmp_path: Path) -> None:
    """AlertmanagerNotificationsFailing tells of it, by whoever still gets messages."""
    nowhere = f"http://127.0.0.1:{free_port()}/T0KEN"
    with running(DEFINITION, tmp_path, slack=nowhere) as there:
        there.fire(POSTGRES_DOWN)
        until(lambda: there.web.at("/hook?token=T0KEN"), why=there.why)
        until(lambda: there.failed(), 60, there.why)
        assert set(there.failed()) == {"slack"}
        assert "T0KEN" not in there.log.read_text(), "nor is a secret in the log"
