"""Alerts as Google's alert policies: one each, evaluated by Google and not in the cluster.

They have the rules' own PromQL. Nothing inhibits another, and a policy fires for the stack that it was made for.
Source: docs.cloud.google.com/monitoring/promql/promql-in-alerting.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pulumi
import pulumi_gcp as gcp

from components.monitoring.definition import Definition, Group
from components.monitoring.names import WATCHDOG
from components.monitoring.rules.render import RUNBOOKS, alert_labels
from components.signals.model import Alert, Severity

from .channels import Channels

_m = gcp.monitoring
LONGEST_TEXT = 8192
"""Characters that Google takes; of these in UTF-8 it takes 10240 bytes, which English text never has."""
_SEVERITIES = {Severity.PAGE: "CRITICAL", Severity.TICKET: "WARNING"}
_TICK = 30
"""Seconds: a policy is evaluated every so many of them."""
_LEAST_REPEAT, _MOST_REPEAT = timedelta(minutes=30), timedelta(hours=24)
_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_LABEL = re.compile(r"\$labels\.(\w+)")
_VALUE = "${metric.label.value}"
_AS = {
    "humanizePercentage": f"{_VALUE} (1 is all)",
    "humanizeDuration": f"{_VALUE} seconds",
}


def words(template: str) -> str:
    """A summary with Google's variables in the place of Prometheus' templates, as Google's own importer has them.

    Raises ValueError for a template that has no counterpart.
    """

    def translated(found: re.Match[str]) -> str:
        value, _, function = (part.strip() for part in found[1].partition("|"))
        if label := _LABEL.fullmatch(value):
            return f"${{metric_or_resource.label.{label[1]}}}"
        if value != "$value":
            raise ValueError(f"Google knows nothing like {found[0]}")
        return _AS.get(function, _VALUE)

    return _TEMPLATE.sub(translated, template)


def documentation(alert: Alert, root: Path) -> str:
    """What people read: the summary, and the whole runbook, since nobody has the repository at hand at night."""
    head = f"{words(alert.summary)}\n\nDiagnosis and remedy: {RUNBOOKS}{alert.runbook}\n"
    page = root / RUNBOOKS / alert.runbook
    if not page.exists():
        return head
    # Google would look for variables of its own in a shell's.
    runbook = re.sub(r"\$\{(\w+)\}", r"$\1", page.read_text(encoding="utf-8"))
    text = f"{head}\n{runbook}"
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    """What all policies of a stack have in common."""

    stack: str
    namespace: str
    project: pulumi.Input[str]
    channels: Channels
    repeat: timedelta
    """After how long a page that still holds is told again, by mail; the others keep it open themselves."""
    root: Path
    """Where docs/runbooks is."""


def policy_args(
    alert: Alert, condition: gcp.monitoring.AlertPolicyConditionArgs, args: PolicyArgs, component: str | None
) -> gcp.monitoring.AlertPolicyArgs:
    """A policy; `component` is what it is about, where that is one."""
    return _m.AlertPolicyArgs(
        project=args.project,
        display_name=f"Kotaemon {args.stack}: {alert.name}" + (f" ({component})" if component else ""),
        combiner="OR",
        conditions=[condition],
        severity=_SEVERITIES[alert.severity],
        notification_channels=args.channels.of(alert.severity),
        documentation=_m.AlertPolicyDocumentationArgs(
            content=documentation(alert, args.root),
            mime_type="text/markdown",
            subject=f"Kotaemon {args.stack}: {words(alert.summary)}",
        ),
        alert_strategy=_m.AlertPolicyAlertStrategyArgs(
            auto_close="1800s",
            notification_prompts=["OPENED", "CLOSED"],
            notification_channel_strategies=_repeated(alert.severity, args),
        ),
        user_labels={
            "stack": _label(args.stack),
            "namespace": args.namespace,
            "severity": alert.severity.value,
            **({"component": _label(component)} if component else {}),
        },
    )


def promql(
    alert: Alert, query: pulumi.Input[str], group: Group, labels: Mapping[str, str]
) -> gcp.monitoring.AlertPolicyConditionArgs:
    """A condition in PromQL. Metrics needn't be there yet: they come with the first pods."""
    return _m.AlertPolicyConditionArgs(
        display_name=alert.name,
        condition_prometheus_query_language=_m.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
            query=query,
            duration=f"{round(alert.lasting.total_seconds())}s",
            evaluation_interval=f"{max(1, round(group.interval.total_seconds() / _TICK)) * _TICK}s",
            alert_rule=alert.name,
            rule_group=group.name,
            labels=dict(labels),
            disable_metric_validation=True,
        ),
    )


def policies(
    definition: Definition, args: PolicyArgs
) -> Iterator[tuple[str, gcp.monitoring.AlertPolicyArgs]]:
    """Every alert's policy, with a name that no other one has; the sign of life has none, for nobody hears it here."""
    seen: dict[str, int] = {}
    for group, alert in definition.alerts:
        if alert.name == WATCHDOG:
            continue
        name = f"{alert.runbook.removesuffix('.md')}-{group.component or group.name}"
        seen[name] = seen.get(name, 0) + 1
        condition = promql(alert, alert.expr, group, alert_labels(definition, group, alert))
        number = f"-{seen[name]}" if seen[name] > 1 else ""
        yield f"{name}{number}", policy_args(alert, condition, args, group.component)


def _repeated(
    severity: Severity, args: PolicyArgs
) -> list[gcp.monitoring.AlertPolicyAlertStrategyNotificationChannelStrategyArgs] | None:
    if severity is not Severity.PAGE or not args.channels.mail:
        return None
    every = min(max(args.repeat, _LEAST_REPEAT), _MOST_REPEAT)
    return [
        _m.AlertPolicyAlertStrategyNotificationChannelStrategyArgs(
            notification_channel_names=list(args.channels.mail),
            renotify_interval=f"{round(every.total_seconds())}s",
        )
    ]


def _label(value: str) -> str:
    """As labels of Google's want it: lower-case letters, digits, `-` and `_`, at most 63."""
    return re.sub(r"[^a-z0-9_-]", "-", value.lower())[:63]
