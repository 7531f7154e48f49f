"""A stack that the cluster's own Prometheus operator watches."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta

from components.config.monitoring import OperatorMonitoring
from components.contracts import Endpoint, Flow
from components.custom import custom
from components.kubernetes import labels
from components.monitoring.dashboards import grafana_dashboards, stack_name
from components.monitoring.definition import Definition
from components.monitoring.names import BLACKBOX
from components.monitoring.rules.render import rule_groups
from components.signals.model import ScrapeTarget

from .alerting import Secrets, alertmanager_spec
from .kinds import RuleSpec
from .scraping import flows, pod_monitor_spec, probe_spec

NAME = "monitoring"
FOLDER = "Kotaemon"
"""Where Grafana puts the dashboards, if its sidecar is told to look for folders (folderAnnotation)."""


@dataclass(frozen=True, kw_only=True)
class OperatorMonitorArgs:
    """What `OperatorMonitor` needs."""

    settings: OperatorMonitoring
    definition: Definition
    namespace: pulumi.Input[str]
    exporters: tuple[ScrapeTarget, ...]
    """What the exporters serve, the prober's own page among it."""
    prober: Endpoint
    """The prober's Service."""
    secrets: Secrets
    """Where the receivers' secrets are."""


class OperatorMonitor(pulumi.ComponentResource):
    """Custom resources that tell the operator what to scrape, ask, compute and tell, and Grafana what to show."""

    flows: tuple[Flow, ...]
    """Who may read metrics: the namespace of the operator's Prometheus."""

    def __init__(
        self, name: str, args: OperatorMonitorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:OperatorMonitor", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        definition = args.definition
        targets = (*definition.targets, *args.exporters)
        for target in targets:
            custom(
                target.job,
                "PodMonitor",
                self._metadata(target.job),
                pod_monitor_spec(target, definition.scope),
                child,
            )
        for watch in definition.watches:
            for probe in watch.probes:
                spec = probe_spec(probe, watch.component, definition.scope, args.prober, args.namespace)
                custom(probe.name, "Probe", self._metadata(BLACKBOX, probe.name), spec, child)
        custom(NAME, "PrometheusRule", self._metadata(NAME), RuleSpec(groups=rule_groups(definition)), child)
        if definition.watching.alerts.anybody:
            spec_of_alerts = alertmanager_spec(definition, args.secrets)
            custom(NAME, "AlertmanagerConfig", self._metadata(NAME), spec_of_alerts, child)
        self._dashboards()
        self.flows = flows(targets, args.settings.namespace)
        self.register_outputs({})

    def _metadata(self, component: str, name: str | None = None) -> meta.v1.ObjectMetaArgs:
        """With the labels that the operator's Prometheus and Alertmanager choose by."""
        return meta.v1.ObjectMetaArgs(
            name=name or component,
            namespace=self._args.namespace,
            labels={**labels(component), **self._args.settings.labels},
        )

    def _dashboards(self) -> None:
        """A ConfigMap each, whose file's name no other stack has: Grafana's sidecar keeps all in one folder."""
        stack, label = stack_name(self._args.definition), self._args.settings.dashboard_label
        for file, content in grafana_dashboards(self._args.definition).items():
            board = file.removesuffix(".json")
            core.v1.ConfigMap(
                f"dashboard-{board}",
                metadata=meta.v1.ObjectMetaArgs(
                    namespace=self._args.namespace,
                    labels={**labels(NAME), label: "1"},
                    annotations={"grafana_folder": FOLDER},
                ),
                data={f"{stack.uid(board)}.json": content},
                immutable=True,
                # The sidecar removes the file of a ConfigMap that goes, also when another one has just written it.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
