"""A stack that Google Cloud watches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pulumi
import pulumi_gcp as gcp
from pulumi_kubernetes import meta

from components.config import SecretName
from components.config.monitoring import GoogleMonitoring
from components.contracts import Flow
from components.custom import custom
from components.kubernetes import labels
from components.monitoring.dashboards import Board, boards, stack_name
from components.monitoring.definition import Definition, Group
from components.monitoring.names import BLACKBOX
from components.monitoring.rules.render import rule_groups
from components.signals.model import Alert, Recording, ScrapeTarget

from . import backups, uptime
from .channels import channels
from .dashboards import dashboard_json
from .kinds import RulesSpec
from .managed import Managed
from .own import Source
from .policies import PolicyArgs, policies, policy_args, promql
from .scraping import flows, may_read, probe_name, probe_spec, target_spec

NAME = "monitoring"


@dataclass(frozen=True, kw_only=True)
class GoogleMonitorArgs:
    """What `GoogleMonitor` needs."""

    settings: GoogleMonitoring
    definition: Definition
    namespace: pulumi.Input[str]
    exporters: tuple[ScrapeTarget, ...]
    """What the exporters serve, the prober's own page among it."""
    supplied: Mapping[SecretName, pulumi.Output[str]]
    """The secrets of the stack's file: Google is told them, and can't be told where they are."""
    prefix: str
    """What the names of its Google resources start with."""
    project: pulumi.Input[str]
    project_id: str
    domain: str | None
    """The front door's, where there is one that everybody reaches."""
    managed: Managed
    """What Google runs for the stack, and so measures itself."""
    root: Path
    """Where docs/runbooks is."""


class GoogleMonitor(pulumi.ComponentResource):
    """What is read and computed in the cluster; who is told, by Google, of what; and what is asked from outside."""

    flows: tuple[Flow, ...]
    """Who may read metrics: Google's collectors."""

    def __init__(
        self, name: str, args: GoogleMonitorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:GoogleMonitor", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._policies: list[pulumi.Output[str]] = []
        definition, alerts = args.definition, args.settings.alerts
        targets = (*definition.targets, *args.exporters)
        self._scrape(targets)
        told = PolicyArgs(
            stack=definition.stack,
            namespace=definition.scope.namespace,
            project=args.project,
            channels=channels(
                alerts,
                args.supplied,
                stack=definition.stack,
                prefix=args.prefix,
                project=args.project,
                opts=self._child,
            ),
            repeat=timedelta(hours=alerts.repeat_hours),
            root=args.root,
        )
        for policy, policy_of in policies(definition, told):
            self._policy(policy, policy_of)
        if args.domain is not None:
            self._from_outside(args.domain, told)
        self._measured_by_google(told)
        self._dashboards()
        self.flows = flows(targets)
        self.register_outputs({})

    def _scrape(self, targets: tuple[ScrapeTarget, ...]) -> None:
        """Targets, questions, and what is computed of them in the cluster; alerts are Google's to evaluate."""
        args, child = self._args, self._child
        for target in targets:
            custom(target.job, "PodMonitoring", self._metadata(target.job), target_spec(target), child)
            if target.bearer is not None:
                may_read(target.job, target.bearer, args.namespace, child)
        for watch in args.definition.watches:
            for probe in watch.probes:
                spec = probe_spec(probe, watch.component)
                metadata = self._metadata(BLACKBOX, probe_name(probe))
                custom(probe_name(probe), "PodMonitoring", metadata, spec, child)
        groups = recorded(args.definition)
        if groups:
            custom(NAME, "Rules", self._metadata(NAME), RulesSpec(groups=groups), child)

    def _metadata(self, component: str, name: str | None = None) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=name or component, namespace=self._args.namespace, labels=labels(component)
        )

    def _policy(self, name: str, args: gcp.monitoring.AlertPolicyArgs) -> None:
        made = gcp.monitoring.AlertPolicy(f"{self._args.prefix}-{name}", args, self._child)
        self._policies.append(made.name)

    def _from_outside(self, domain: str, told: PolicyArgs) -> None:
        check = gcp.monitoring.UptimeCheckConfig(
            f"{self._args.prefix}-front-door",
            uptime.check_args(domain, told.stack, self._args.project),
            self._child,
        )
        condition = uptime.condition(check.uptime_check_id)
        args = policy_args(uptime.ALERT, condition, told, uptime.COMPONENT)
        self._policy(uptime.ALERT.runbook.removesuffix(".md"), args)

    def _measured_by_google(self, told: PolicyArgs) -> None:
        """Google's own metrics of what it runs."""
        args, metric = self._args, f"{self._args.prefix}-sql-backups"
        if (database := args.managed.database) is not None:
            whole = pulumi.Output.concat(args.project_id, ":", database.name)
            gcp.logging.Metric(metric, backups.cloud_sql_metric(metric, whole, args.project), self._child)
        scope = args.definition.scope
        for source in args.managed.sources(project_id=args.project_id, scope=scope, backups_metric=metric):
            self._source(source, told)

    def _source(self, source: Source, told: PolicyArgs) -> None:
        def query(number: int) -> pulumi.Output[str]:
            return pulumi.Output.from_input(source.name).apply(
                lambda name: source.signals(name).alerts[number].expr
            )

        planned = source.signals("")
        for number, alert in enumerate(planned.alerts):
            condition = promql(alert, query(number), planned.group, _labels(alert, planned.group, told))
            args = policy_args(alert, condition, told, planned.group.component)
            self._policy(alert.runbook.removesuffix(".md"), args)
        if planned.board is not None and not self._args.definition.minimal:
            drawn = pulumi.Output.from_input(source.name).apply(
                lambda name: self._drawn(board, []) if (board := source.signals(name).board) else ""
            )
            self._dashboard(planned.board.name, drawn)

    def _dashboards(self) -> None:
        for board in boards(self._args.definition):
            self._dashboard(board.name, self._listing(board))

    def _listing(self, board: Board) -> pulumi.Output[str]:
        return pulumi.Output.all(*self._policies).apply(lambda names: self._drawn(board, names))

    def _drawn(self, board: Board, policy_names: list[str]) -> str:
        return dashboard_json(board, stack_name(self._args.definition).title(board.title), policy_names)

    def _dashboard(self, name: str, content: pulumi.Output[str]) -> None:
        gcp.monitoring.Dashboard(
            f"{self._args.prefix}-{name}",
            project=self._args.project,
            dashboard_json=content,
            opts=self._child,
        )


def recorded(definition: Definition) -> list[dict[str, object]]:
    """The groups of rules that compute series, without the alerts among them."""
    kept = (
        replace(group, rules=tuple(rule for rule in group.rules if isinstance(rule, Recording)))
        for group in definition.groups
    )
    return rule_groups(replace(definition, groups=tuple(group for group in kept if group.rules)))


def _labels(alert: Alert, group: Group, told: PolicyArgs) -> dict[str, str]:
    return {
        "severity": alert.severity.value,
        "stack": told.stack,
        "namespace": told.namespace,
        **({"component": group.component} if group.component else {}),
    }
