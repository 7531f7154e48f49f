"""The rules as Prometheus reads them: a rule file, which the operator's and Google's resources hold, too."""

from collections.abc import Mapping

import yaml

from components.monitoring.subject import Definition, Group
from components.signals.model import Alert, Recording, span

from .pace import faster, paced

RUNBOOKS = "docs/runbooks/"
"""Where the pages are in the project; kotaemon:monitoring.alerts.runbooks says where else they can be read."""

Rule = Mapping[str, object]


def rule_groups(definition: Definition, *, pace: float = 1) -> list[dict[str, object]]:
    """The groups of a rule file; with `pace` 60 everything takes a second that takes a minute otherwise."""
    return [
        {
            "name": group.name,
            "interval": span(faster(group.interval, pace)),
            "rules": [_rule(definition, group, rule, pace) for rule in group.rules],
        }
        for group in definition.groups
    ]


def rule_file(definition: Definition, *, pace: float = 1) -> str:
    """A rule file, as YAML; the same definition gives the same text."""
    content = {"groups": rule_groups(definition, pace=pace)}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def alert_labels(definition: Definition, group: Group, alert: Alert) -> dict[str, str]:
    """The labels of an alert beside those of the series: Alertmanager routes and inhibits by them."""
    return {
        "severity": alert.severity.value,
        "stack": definition.stack,
        "namespace": definition.scope.namespace,
        **({"component": group.component} if group.component else {}),
    }


def annotations(definition: Definition, group: Group, alert: Alert) -> dict[str, str]:
    """What people read of an alert."""
    page = runbook(definition, alert)
    return {
        "summary": alert.summary,
        "description": f"Stack {definition.stack}, namespace {definition.scope.namespace}, {group.name}. "
        f"Diagnosis and remedy: {page}",
        "runbook_url": page,
    }


def runbook(definition: Definition, alert: Alert) -> str:
    """Where an alert's page is: its address, or its place in the project."""
    published = definition.watching.alerts.runbooks
    return f"{published.rstrip('/')}/{alert.runbook}" if published else f"{RUNBOOKS}{alert.runbook}"


def _rule(definition: Definition, group: Group, rule: Alert | Recording, pace: float) -> Rule:
    if isinstance(rule, Recording):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.record, "expr": paced(rule.expr, pace), **labels}
    return {
        "alert": rule.name,
        "expr": paced(rule.expr, pace),
        "for": span(faster(rule.lasting, pace)),
        "labels": alert_labels(definition, group, rule),
        "annotations": annotations(definition, group, rule),
    }
