"""Whether those who are told of alerts can be reached from here."""

import base64
import binascii
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ops.check import Check, State
from ops.health import Object, name_of, part

if TYPE_CHECKING:
    from components.config import SecretName
    from components.config.monitoring import Alerts
    from components.config.settings import ExistingSecret

    Existing = Mapping[SecretName, ExistingSecret]

PATIENCE = 3.0
"""Seconds for a connection."""
_KNOWN_HOSTS = ("slackWebhook", "pagerdutyKey")
"""Secrets whose receiver is known without them."""


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who is told of alerts, and where they listen."""

    name: str
    host: str
    port: int
    hidden: bool = False
    """Whether even the host is part of a secret."""


def checks(alerts: "Alerts", existing: "Existing", secrets: Sequence[Object]) -> Iterator[Check]:
    """The doctor's lines; `secrets` are the namespace's. The cluster may reach what this machine can't."""
    from components.config.supplied import malformed  # imports Pulumi

    known = values(alerts, existing, secrets)
    wrong = {name: reason for name, value in known.items() if value and (reason := malformed(name, value))}
    for name, reason in wrong.items():
        command = f"kubectl edit secret {existing[name].name}" if name in existing else ""
        yield Check("alerts", State.OPTIONAL, f"{name} {reason}", command)
    found = receivers(alerts, {name: value for name, value in known.items() if name not in wrong})
    for receiver, problem in zip(found, unreachable(found), strict=True):
        yield _reached(receiver, problem)
    for name, value in known.items():
        if not value and name not in _KNOWN_HOSTS:
            yield Check(
                "alerts", State.OPTIONAL, f"{name} can't be read before make up: its receiver wasn't tried"
            )


def _reached(receiver: Receiver, problem: str) -> Check:
    where = receiver.name if receiver.hidden else f"{receiver.name} ({receiver.host}:{receiver.port})"
    if not problem:
        return Check("alerts", State.OK, f"{where} accepts connections")
    return Check(
        "alerts",
        State.OPTIONAL,
        f"{where} can't be reached from here: {problem}; the cluster may reach it all the same",
    )


def values(alerts: "Alerts", existing: "Existing", secrets: Sequence[Object]) -> dict["SecretName", str]:
    """The secrets that say where a receiver is; empty where the namespace has none such."""
    from components.config import SecretName

    wanted = {
        SecretName.SLACK_WEBHOOK: alerts.slack,
        SecretName.PAGERDUTY: alerts.pagerduty,
        SecretName.ALERT_WEBHOOK: alerts.webhook,
        SecretName.DEAD_MANS_SWITCH: alerts.dead_mans_switch,
    }
    return {
        name: _value(secrets, name, existing.get(name))
        for name, section in wanted.items()
        if section is not None
    }


def receivers(alerts: "Alerts", known: Mapping["SecretName", str]) -> list[Receiver]:
    """Where those listen who are told; `known` are the values of well-formed secrets, or empty."""
    found = list[Receiver]()
    if alerts.slack:
        found.append(Receiver(name="Slack", host="hooks.slack.com", port=443))
    if alerts.pagerduty:
        region = "events.eu" if alerts.pagerduty.eu else "events"
        found.append(Receiver(name="PagerDuty", host=f"{region}.pagerduty.com", port=443))
    if alerts.mail and alerts.mail.server:
        server = alerts.mail.server
        found.append(Receiver(name="mail server", host=server.host, port=server.port))
    for name, value in known.items():
        if value.startswith("https://") and name not in _KNOWN_HOSTS:
            address = urlsplit(value)
            found.append(
                Receiver(name=name, host=address.hostname or "", port=address.port or 443, hidden=True)
            )
    return found


def _value(secrets: Sequence[Object], name: str, existing: "ExistingSecret | None") -> str:
    """A secret's value out of the namespace's Secrets; empty where none has it."""
    for secret in secrets:
        if existing is not None and name_of(secret) != existing.name:
            continue
        if held := part(secret, "data").get(existing.key if existing else name):
            try:
                return base64.b64decode(str(held)).decode()
            except (binascii.Error, UnicodeDecodeError):
                continue
    return ""


def unreachable(found: Sequence[Receiver], patience: float = PATIENCE) -> list[str]:
    """Why each doesn't accept a connection; empty where it does. All are tried at once."""
    problems: Mapping[int, list[str]] = {number: [] for number in range(len(found))}

    def try_it(number: int) -> None:
        try:
            socket.create_connection((found[number].host, found[number].port), patience).close()
            problems[number].append("")
        except OSError as error:
            problems[number].append(error.strerror or str(error) or "no answer")

    # In threads, since a name server that doesn't answer heeds no time-out of ours.
    threads = [threading.Thread(target=try_it, args=(number,), daemon=True) for number in problems]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience + 1)
    return [told[0] if told else "no answer" for told in problems.values()]
