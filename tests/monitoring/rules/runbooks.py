"""The runbooks' pages, the alerts that they are for, and their index.

`python -m tests.monitoring.rules.runbooks` writes the index.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from components.monitoring.google import backups, cloud_sql, load_balancer, logged, uptime
from components.signals.model import Alert, Scope

from .definitions import VARIANTS

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
_SCOPE = Scope(namespace="kotaemon")
_OWN = (
    cloud_sql.signals(cloud_sql.Instance(database_id="project:name", connections=100, standby=True)),
    backups.of_cloud_sql("metric", _SCOPE),
    backups.of_gke(backups.Plan(name="plan", schedule="0 3 * * *"), _SCOPE),
    load_balancer.signals(load_balancer.Door(namespace="kotaemon", gateway="edge", armor="armor")),
    logged.signals("logging.googleapis.com/user/errors"),
)
"""What Google measures by itself."""
_HEAD = """# Runbooks

A page for each alert: what it means, who is affected, how to find the cause, what to do, and how to see that it is
over. `page` wakes somebody, `ticket` is for working hours. In the commands NAMESPACE is `kotaemon` unless the stack's
file says otherwise (`kotaemon:namespace.name`), STACK the stack's name; other capitals are to be filled in, most of
them from the alert's labels.

Where to begin, whatever it is: `make status STACK=STACK`.

While an alert tells the cause, what follows from it isn't told: not the application and the front door while their
database is down, not the pods that aren't ready while it is known why, nothing of a lost node but the node and what
people lose. On Google, whose policies can't silence each other, all of it is told.

Objectives (`kotaemon:monitoring.objectives`) count the essential parts' answers each half minute. Time of which nothing
is known is neither good nor bad. The alerts on them tell of trouble that comes and goes; an outage of two minutes has a
page of its own, and isn't told again when it is over.

| alert | asks for | in a sentence |
|---|---|---|
"""


def alerts() -> Mapping[str, Alert]:
    """Every alert that any way of watching has, by its name."""
    found = [alert for definition in VARIANTS.values() for _, alert in definition.alerts]
    own = [alert for signals in _OWN for alert in signals.alerts]
    return {alert.name: alert for alert in (*found, *own, uptime.ALERT)}


def pages() -> Mapping[str, str]:
    """The text of each page, by its file's name."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md")) if path != INDEX
    }


def index() -> str:
    """The index: each page with how urgent it is, and its first sentence."""
    rows = []
    for name, alert in sorted(alerts().items()):
        text = (FOLDER / alert.runbook).read_text(encoding="utf-8")
        first = re.sub(r"\s+", " ", text.split("\n\n")[1])
        sentence = re.split(r"(?<=[.:]) (?=[A-Z`*])", first)[0].rstrip(":.")
        rows.append(f"| [{name}]({alert.runbook}) | {alert.severity.value} | {sentence} |")
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
