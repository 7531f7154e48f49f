"""Fluent Bit on every node, in a namespace of its own: reading the node's files is more than others may.

docs/adr/0014-logs.md says why it is this way.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta
from pulumi_kubernetes import networking as net

from components import images, network
from components.config.fields import amount
from components.config.logs import ElasticsearchLogs, FluentBitLogs
from components.config.logs import Loki as LokiSettings
from components.contracts import ConfigMapRef, Flow, Peer, SecretRef
from components.kubernetes import (
    ca_volume,
    config_volume,
    container_security,
    environment,
    http,
    labels,
    metadata,
    mount,
    probes,
    requirements,
    scratch,
    selector,
)
from components.network import NetworkFlows, NetworkFlowsArgs, peer_of_url
from components.signals.model import Watch

from .elasticsearch import NAME as LIFECYCLE
from .elasticsearch import LifecycleArgs, lifecycle
from .fluent_bit import ALIVE, CONFIG, PASSWORD, Places, fluent_bit, scripts
from .watch import agent_watch

NAME = "fluent-bit"
_UID, _ROOT_GROUP = 65532, 0
_BESIDE_THE_BUFFER = 64 * 2**20
_MOST_NODES = 1000
READS_NODE = "policies.kotaemon/reads-node"
"""Annotation of pods, and of their namespace, that says which files of the node they read, and why."""
_REASON = "/var/log/pods, read-only: the logs of the stack's pods"


def agents_namespace(namespace: str) -> str:
    """The namespace of the agents that read the logs of `namespace`."""
    return f"{namespace}-logs"


@dataclass(frozen=True, kw_only=True)
class LogAgentArgs:
    """What `LogAgent` needs."""

    settings: FluentBitLogs
    namespace: pulumi.Input[str]
    """The stack's, known once it is there."""
    namespace_name: str
    password: pulumi.Input[str] | None = None
    """Of the user that writes, where there is one: its value, as Secrets don't reach other namespaces."""
    watchers: tuple[Peer, ...] = ()
    """Who scrapes its metrics."""


def agent_labels(namespace: str) -> dict[str, str]:
    """The namespace's: the one level of Pod Security that allows a node's files."""
    level = "privileged"
    return {
        **labels(NAME),
        **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")},
        **{f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")},
        "kotaemon/logs-of": namespace,
    }


def agent_quota(settings: FluentBitLogs) -> core.v1.ResourceQuotaSpecArgs:
    """One agent on each of a thousand nodes, and nothing that an agent doesn't need."""
    millicores = int(amount(settings.resources.cpu) * 1000)
    return core.v1.ResourceQuotaSpecArgs(
        hard={
            "pods": str(_MOST_NODES),
            "requests.cpu": f"{_MOST_NODES * millicores}m",
            "requests.memory": str(_MOST_NODES * int(amount(settings.resources.memory))),
            "persistentvolumeclaims": "0",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    )


def agent_spec(
    settings: FluentBitLogs,
    config: pulumi.Input[str],
    password: SecretRef | None = None,
    ca: ConfigMapRef | None = None,
) -> apps.v1.DaemonSetSpecArgs:
    """One pod on each node. But for the node's files, it is all that Pod Security restricted asks for."""
    at = Places()
    mounts = [
        mount("pods", at.pods, read_only=True),
        mount("config", at.files, read_only=True),
        mount("state", at.state),
    ]
    state = int(amount(settings.buffer)) + _BESIDE_THE_BUFFER
    volumes = [
        core.v1.VolumeArgs(
            name="pods", host_path=core.v1.HostPathVolumeSourceArgs(path=at.pods, type="Directory")
        ),
        config_volume("config", config),
        scratch("state", size=str(state)),
    ]
    if ca is not None:
        mounts.append(mount("ca", at.certificates, read_only=True))
        volumes.append(ca_volume("ca", ca))
    node = core.v1.EnvVarArgs(
        name="NODE_NAME",
        value_from=core.v1.EnvVarSourceArgs(
            field_ref=core.v1.ObjectFieldSelectorArgs(field_path="spec.nodeName")
        ),
    )
    container = core.v1.ContainerArgs(
        name=NAME,
        image=images.FLUENT_BIT,
        command=["/fluent-bit/bin/fluent-bit", "--config", f"{at.files}/{CONFIG}"],
        env=[*environment({}, {PASSWORD: password} if password else {}), node],
        ports=[core.v1.ContainerPortArgs(name="metrics", container_port=at.port)],
        resources=requirements(settings.resources, disk=str(state + _BESIDE_THE_BUFFER)),
        security_context=container_security(),
        # That it runs, and not that the destination answers: a restart would help with neither.
        **probes(http(ALIVE, "metrics"), start_seconds=60),
        volume_mounts=mounts,
    )
    return apps.v1.DaemonSetSpecArgs(
        selector=meta.v1.LabelSelectorArgs(match_labels=selector(NAME)),
        template=core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=labels(NAME), annotations={READS_NODE: _REASON}),
            spec=core.v1.PodSpecArgs(
                automount_service_account_token=False,
                enable_service_links=False,
                security_context=core.v1.PodSecurityContextArgs(
                    run_as_non_root=True,
                    run_as_user=_UID,
                    # The kubelet's folders and containerd's files are 0750 and 0640: their group may read them.
                    run_as_group=_ROOT_GROUP,
                    fs_group=_UID,
                    seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
                ),
                # Wherever a pod of the stack may run.
                tolerations=[core.v1.TolerationArgs(operator="Exists")],
                node_selector={"kubernetes.io/os": "linux"},
                termination_grace_period_seconds=30,
                containers=[container],
                volumes=volumes,
            ),
        ),
    )


class LogAgent(pulumi.ComponentResource):
    """Fluent Bit on every node, which sends the stack's logs to `url`, and nothing else anywhere."""

    watch: Watch
    namespace: str
    space: pulumi.Output[str]
    """The same, known once it is there and guarded."""

    def __init__(
        self, name: str, args: LogAgentArgs, url: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:LogAgent", name, None, opts)
        self.namespace = agents_namespace(args.namespace_name)
        self._child = pulumi.ResourceOptions(parent=self)
        own = self._namespace(name, args)
        to = args.settings.to
        destination, port = peer_of_url(url)
        sources = (NAME, LIFECYCLE) if isinstance(to, ElasticsearchLogs) else (NAME,)
        flows = NetworkFlows(
            f"{name}-network",
            NetworkFlowsArgs(namespace=own, flows=self._flows(args, sources, destination, port)),
            self._child,
        )
        # No pod before the policies that hold it.
        space = pulumi.Output.all(own, flows.urn).apply(lambda known: str(known[0]))
        self.space = space
        password = self._password(name, args, space)
        ca = self._ca(name, args, space)
        if isinstance(to, ElasticsearchLogs):
            lifecycle(
                f"{name}-lifecycle",
                LifecycleArgs(settings=to, namespace=space, password=password, ca=ca),
                self,
            )
        config = core.v1.ConfigMap(
            name,
            metadata=metadata(NAME, space),
            data={
                CONFIG: fluent_bit(args.namespace_name, to, url, int(amount(args.settings.buffer))),
                **scripts(),
            },
            immutable=True,
            opts=self._child,
        )
        apps.v1.DaemonSet(
            name,
            metadata=metadata(NAME, space, name=NAME),
            spec=agent_spec(args.settings, config.metadata.name, password, ca),
            opts=self._child,
        )
        self.watch = agent_watch(args.namespace_name, self.namespace)
        self.register_outputs({})

    def _namespace(self, name: str, args: LogAgentArgs) -> pulumi.Output[str]:
        """The namespace, once it denies all but DNS."""
        space = core.v1.Namespace(
            f"{name}-namespace",
            metadata=meta.v1.ObjectMetaArgs(
                name=self.namespace,
                labels=agent_labels(args.namespace_name),
                annotations={READS_NODE: _REASON},
            ),
            opts=self._child,
        )
        own = space.metadata.name
        guards: list[pulumi.Resource] = [
            core.v1.ResourceQuota(
                f"{name}-quota",
                metadata=metadata(NAME, own, name="quota"),
                spec=agent_quota(args.settings),
                opts=self._child,
            )
        ]
        guards += [
            net.v1.NetworkPolicy(
                f"{name}-{policy}",
                metadata=metadata("network", own, name=policy),
                spec=spec,
                opts=self._child,
            )
            for policy, spec in (("default-deny", network.deny_all()), ("allow-dns", network.allow_dns()))
        ]
        return pulumi.Output.all(own, *[guard.urn for guard in guards]).apply(lambda known: str(known[0]))

    def _flows(
        self, args: LogAgentArgs, sources: tuple[str, ...], destination: Peer, port: int
    ) -> tuple[Flow, ...]:
        out = tuple(
            Flow(
                name=f"{source}-to-destination",
                source=selector(source),
                destination=destination,
                ports=(port,),
            )
            for source in sources
        )
        if not args.watchers:
            return out
        watched = Flow(
            name="watchers-to-agents",
            origins=args.watchers,
            destination=Peer(labels=selector(NAME)),
            ports=(Places().port,),
        )
        return (*out, watched)

    def _password(self, name: str, args: LogAgentArgs, namespace: pulumi.Input[str]) -> SecretRef | None:
        to = args.settings.to
        if isinstance(to, LokiSettings) or to.username is None or args.password is None:
            return None
        secret = core.v1.Secret(
            name,
            metadata=metadata(NAME, namespace),
            string_data={"password": args.password},
            immutable=True,
            opts=self._child,
        )
        return SecretRef(name=secret.metadata.name, key="password")

    def _ca(self, name: str, args: LogAgentArgs, namespace: pulumi.Input[str]) -> ConfigMapRef | None:
        to = args.settings.to
        if isinstance(to, LokiSettings) or to.ca_certificate is None:
            return None
        made = core.v1.ConfigMap(
            f"{name}-ca",
            metadata=metadata(NAME, namespace),
            data={"ca.crt": to.ca_certificate},
            immutable=True,
            opts=self._child,
        )
        return ConfigMapRef(name=made.metadata.name, key="ca.crt")
