"""Who is told of what: Alertmanager's settings, by themselves and as Alertmanager and amtool read them."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.config import SecretName
from components.config.monitoring import Alerts, PagerDuty, Webhook
from components.monitoring.builtin import alertmanager
from components.monitoring.builtin.alertmanager import alertmanager_file, secret_names, told
from components.monitoring.names import WATCHDOG
from components.monitoring.rules.render import alert_labels
from components.signals.model import Severity
from tests.monitoring.rules.definitions import VARIANTS

from .receivers import EVERYBODY, MAIL, SLACK, program, telling
from .rendered import alertmanager_settings

SETS = {
    "nobody": Alerts(),
    "slack": Alerts(slack=SLACK),
    "pagerduty": Alerts(pagerduty=PagerDuty()),
    "mail": Alerts(mail=MAIL),
    "webhook": Alerts(webhook=Webhook(resolved=False)),
    "everybody": EVERYBODY,
}
each_set = pytest.mark.parametrize("alerts", SETS.values(), ids=SETS)


def receivers(alerts: Alerts) -> dict[str, Any]:
    """By name: the kinds of message that each sends."""
    found = alertmanager_settings(telling(alerts))["receivers"]
    return {one["name"]: {kind for kind in one if kind != "name"} for one in found}


def strings(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the settings, and where."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from strings(one, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, path)
    elif isinstance(value, str):
        yield path, value


def test_no_secret_is_in_the_settings() -> None:
    """They lie in a ConfigMap, and Alertmanager shows them on a page."""
    found = {
        path.rpartition(".")[2]: text for path, text in strings(alertmanager_settings(telling(EVERYBODY)))
    }
    secrets = {path: text for path, text in found.items() if path.endswith("_file")}
    assert set(secrets) == {"api_url_file", "routing_key_file", "auth_password_file", "url_file"}
    assert not {"api_url", "routing_key", "auth_password", "service_key"} & set(found)


def test_each_secret_that_is_read_is_mounted() -> None:
    """A file that isn't there is found out when the first alert can't be sent."""
    read = {
        text.rpartition("/")[2]
        for path, text in strings(alertmanager_settings(telling(EVERYBODY)))
        if path.endswith("_file")
    }
    assert {SecretName(name) for name in read} == set(secret_names(EVERYBODY))
    assert secret_names(Alerts(mail=MAIL)) == ()


def test_pagerduty_hears_of_pages_alone() -> None:
    """Nobody gets up for a ticket."""
    found = receivers(EVERYBODY)
    assert found["pages"] - found["tickets"] == {"pagerduty_configs"}
    assert found["tickets"] == {"slack_configs", "email_configs", "webhook_configs"}


def test_without_a_receiver_it_is_said_that_nobody_is_told() -> None:
    """A stack whose alerts go nowhere looks watched."""
    assert told(Alerts()).startswith("nobody:")
    assert told(EVERYBODY) == (
        "#kotaemon in Slack, PagerDuty (pages), ops@example.com, boss@example.com, a webhook"
    )


def test_a_sign_of_life_is_never_later_than_promised() -> None:
    """Else the switch raises a false alarm."""
    route = alertmanager_settings(telling(EVERYBODY))["route"]["routes"][0]
    assert (route["repeat_interval"], route["group_interval"]) == ("270s", "30s")  # of five minutes


def test_tickets_are_repeated_once_a_day_at_most() -> None:
    """What nags is ignored."""
    pages, tickets = alertmanager_settings(telling(Alerts(slack=SLACK)))["route"]["routes"][1:]
    assert (pages["repeat_interval"], tickets["repeat_interval"]) == ("4h", "1d")


def test_each_receiver_has_its_way_through_the_network() -> None:
    """And none has one that nobody uses."""
    assert [flow.name for flow in alertmanager.alertmanager_flows(EVERYBODY)] == [
        "alertmanager-to-slack",
        "alertmanager-to-pagerduty",
        "alertmanager-to-mail",
        "alertmanager-to-webhook",
        "alertmanager-to-dead-mans-switch",
    ]
    assert alertmanager.alertmanager_flows(Alerts()) == ()
    assert alertmanager.alertmanager_flows(Alerts(mail=MAIL))[0].ports == (587,)


@pytest.mark.sandbox
@each_set
def test_alertmanager_accepts_the_settings_and_the_messages(alerts: Alerts, tmp_path: Path) -> None:
    """By its own tool, of the image's version."""
    file = written(tmp_path, alerts)
    done = amtool("check-config", str(file))
    assert "1 templates" in done
    assert f"{len(telling(alerts).inhibitions)} inhibit rules" in done


@pytest.mark.sandbox
@each_set
def test_every_alert_goes_where_its_severity_says(alerts: Alerts, tmp_path: Path) -> None:
    """A label that is spelt differently in a rule and in a route tells nobody."""
    file, definition = written(tmp_path, alerts), telling(alerts)
    expected = {Severity.PAGE: "pages", Severity.TICKET: "tickets"}
    life = "dead-mans-switch" if alerts.dead_mans_switch else "nobody"
    chosen = {alert.severity: (group, alert) for group, alert in definition.alerts if alert.name != WATCHDOG}
    chosen_watchdog = [(group, alert) for group, alert in definition.alerts if alert.name == WATCHDOG]
    assert set(chosen) == set(Severity)
    for group, alert in (*chosen.values(), *chosen_watchdog):
        labels = {"alertname": alert.name, **alert_labels(definition, group, alert)}
        where = life if alert.name == WATCHDOG else expected[alert.severity]
        amtool(
            "config", "routes", "test", f"--config.file={file}", f"--verify.receivers={where}",
            *(f"{name}={value}" for name, value in labels.items()),
        )  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.parametrize("name", VARIANTS)
def test_every_definition_gives_settings_that_it_accepts(name: str, tmp_path: Path) -> None:
    """Each has inhibitions of its own."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(alertmanager_file(VARIANTS[name]), encoding="utf-8")
    amtool("check-config", str(file))


def written(folder: Path, alerts: Alerts) -> Path:
    """The settings and the messages, in one folder instead of the container's."""
    text = alertmanager_file(telling(alerts)).replace("/etc/alertmanager/", f"{folder}/")
    (folder / alertmanager.MESSAGES).write_text(alertmanager.messages_file(), encoding="utf-8")
    file = folder / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    return file


def amtool(*arguments: str) -> str:
    """What it says; fails where it isn't content."""
    done = subprocess.run(
        [program("amtool"), *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
