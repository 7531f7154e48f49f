"""Prometheus, Alertmanager and Grafana of the stack's own, with the exporters that feed them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core

from components.config import SecretName
from components.config.monitoring import BuiltinMonitoring
from components.contracts import Endpoint, Flow, Peer, SecretRef
from components.kubernetes import metadata, selector, service_spec
from components.monitoring.dashboards import grafana_dashboards
from components.monitoring.definition import Definition
from components.monitoring.exporters import Exporters, ExportersArgs
from components.monitoring.manifests import to_api_server, to_kubelets
from components.monitoring.names import ALERTMANAGER, PROMETHEUS
from components.monitoring.rules.render import rule_file
from components.secrets import GeneratedSecret, GeneratedSecretArgs
from components.signals.model import ScrapeTarget, Watch, Workload, WorkloadKind

from . import alertmanager, grafana, prometheus, server
from .grafana import NAME as GRAFANA


def builtin_watches(*, minimal: bool) -> tuple[Watch, ...]:
    """What watches, watched: each of its servers."""
    servers = (
        (PROMETHEUS, "Prometheus", "every metric and alert: nobody would notice an outage"),
        (ALERTMANAGER, "Alertmanager", "the messages about alerts: nobody is told of an outage"),
    )
    shown = Watch(
        component=GRAFANA,
        title="Grafana",
        loss="the dashboards; alerts are sent all the same",
        workload=Workload(kind=WorkloadKind.DEPLOYMENT, name=GRAFANA),
    )
    return (
        *(
            Watch(
                component=name,
                title=title,
                loss=loss,
                workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=name),
                claims=f"data-{name}-[0-9]+",
            )
            for name, title, loss in servers
        ),
        *(() if minimal else (shown,)),
    )


@dataclass(frozen=True, kw_only=True)
class BuiltinMonitorArgs:
    """What `BuiltinMonitor` needs."""

    namespace: pulumi.Input[str]
    settings: BuiltinMonitoring
    definition: Definition
    secrets: Mapping[SecretName, SecretRef]
    """Those that the receivers of alerts need."""
    logs: Endpoint | None = None
    """The stack's own Loki, which Grafana shows too."""
    others: tuple[pulumi.Output[str], ...] = ()
    """The stack's other namespaces, known once they are there."""
    protect: bool


class BuiltinMonitor(pulumi.ComponentResource):
    """A stack's own monitoring. Nobody reaches it but through the API server, by a port-forward."""

    flows: tuple[Flow, ...]
    outputs: Mapping[str, pulumi.Input[object]]
    """How to look at it, and who is told."""

    def __init__(
        self, name: str, args: BuiltinMonitorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:BuiltinMonitor", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        exporters = Exporters(
            f"{name}-exporters",
            ExportersArgs(
                namespace=args.namespace, definition=args.definition, state=True, others=args.others
            ),
            self._child,
        )
        self._prometheus()
        self._alertmanager()
        looking: dict[str, pulumi.Input[object]] = {
            "prometheus": self._forward(PROMETHEUS, prometheus.PORT),
            "alertsGoTo": alertmanager.told(args.settings.alerts),
        }
        if not args.definition.minimal:
            looking |= self._grafana(name)
        self.outputs = looking
        self.flows = (
            *exporters.flows,
            *builtin_flows(args.definition, args.logs),
            *alertmanager.alertmanager_flows(args.settings.alerts),
        )
        self.register_outputs({})

    def _forward(self, service: str, port: int) -> pulumi.Output[str]:
        """The command that shows one of its servers on http://localhost:`port`."""
        return pulumi.Output.concat(
            "kubectl -n ", self._args.namespace, f" port-forward service/{service} {port}:{port}"
        )

    def _files(self, name: str, component: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Files for a pod, which rolls when they change; the name of their ConfigMap."""
        return core.v1.ConfigMap(
            name,
            metadata=metadata(component, self._args.namespace),
            data=dict(files),
            immutable=True,
            opts=self._child,
        ).metadata.name

    def _service(self, name: str, port: int, *, headless: bool = False) -> None:
        core.v1.Service(
            name,
            metadata=metadata(name, self._args.namespace, name=name),
            spec=service_spec(name, [("http", port)], headless=headless),
            opts=self._child,
        )

    def _prometheus(self) -> None:
        args, definition = self._args, self._args.definition
        probed = pulumi.Output.all(*(probe.target for probe in definition.probes))
        config = self._files(
            PROMETHEUS,
            PROMETHEUS,
            {
                server.CONFIG_FILE: probed.apply(
                    lambda known: prometheus.prometheus_file(definition, [str(one) for one in known])
                )
            },
        )
        rules = self._files(f"{PROMETHEUS}-rules", PROMETHEUS, {server.RULES_FILE: rule_file(definition)})
        identity, rights = server.account(
            args.namespace, args.others, f"{definition.scope.namespace}-{PROMETHEUS}", self
        )
        self._service(PROMETHEUS, prometheus.PORT, headless=True)
        bearers = {target.job: target.bearer for target in definition.targets if target.bearer is not None}
        apps.v1.StatefulSet(
            PROMETHEUS,
            metadata=metadata(PROMETHEUS, args.namespace, name=PROMETHEUS),
            spec=server.prometheus_spec(args.settings, config, rules, bearers, identity.metadata.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=rights, protect=args.protect),
        )

    def _alertmanager(self) -> None:
        args = self._args
        config = self._files(
            ALERTMANAGER,
            ALERTMANAGER,
            {
                alertmanager.CONFIG_FILE: alertmanager.alertmanager_file(args.definition),
                alertmanager.MESSAGES: alertmanager.messages_file(),
            },
        )
        self._service(ALERTMANAGER, alertmanager.PORT, headless=True)
        secrets = {name: args.secrets[name] for name in alertmanager.secret_names(args.settings.alerts)}
        apps.v1.StatefulSet(
            ALERTMANAGER,
            metadata=metadata(ALERTMANAGER, args.namespace, name=ALERTMANAGER),
            spec=alertmanager.alertmanager_spec(config, secrets, args.settings.storage),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )

    def _grafana(self, name: str) -> Mapping[str, pulumi.Input[object]]:
        args = self._args
        password = GeneratedSecret(
            f"{name}-grafana", GeneratedSecretArgs(namespace=args.namespace, component=GRAFANA), self._child
        )
        provisioned = self._files(f"{GRAFANA}-provisioning", GRAFANA, grafana.provisioning(args.logs))
        dashboards = [
            self._files(f"{GRAFANA}-dashboards{f'-{number}' if number else ''}", GRAFANA, files)
            for number, files in enumerate(grafana.packed(grafana_dashboards(args.definition)))
        ]
        self._service(GRAFANA, grafana.PORT)
        apps.v1.Deployment(
            GRAFANA,
            metadata=metadata(GRAFANA, args.namespace, name=GRAFANA),
            spec=grafana.grafana_spec(provisioned, dashboards, password.ref),
            opts=self._child,
        )
        return {
            "grafana": self._forward(GRAFANA, grafana.PORT),
            "grafanaUsername": grafana.ADMINISTRATOR,
            "grafanaPassword": password.value,
        }


def builtin_flows(definition: Definition, logs: Endpoint | None = None) -> tuple[Flow, ...]:
    """Who asks whom: Prometheus everything that serves metrics, Grafana both of the others and `logs`."""

    def to(target: ScrapeTarget) -> Flow:
        return Flow(
            name=f"{PROMETHEUS}-to-{target.job}",
            source=selector(PROMETHEUS),
            destination=(
                Peer(namespace=target.namespace) if target.namespace else Peer(labels=dict(target.pods))
            ),
            ports=(target.port,),
        )

    shown = [(PROMETHEUS, prometheus.PORT), (ALERTMANAGER, alertmanager.PORT)]
    shown += [(logs.host, logs.port)] if logs else []
    looking = tuple(
        Flow(
            name=f"{GRAFANA}-to-{name}",
            source=selector(GRAFANA),
            destination=Peer(labels=selector(name)),
            ports=(port,),
        )
        for name, port in (() if definition.minimal else shown)
    )
    return (
        *(to(target) for target in prometheus.scraped(definition)),
        to_api_server(PROMETHEUS),
        to_kubelets(PROMETHEUS),
        *looking,
    )
