"""Network policies: nothing is allowed but the flows that are named.

Source: kubernetes.io, "Network Policies". A flow inside the namespace needs two policies, one for each
side, since both sides deny by default.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
from pulumi_kubernetes import meta
from pulumi_kubernetes import networking as net

from .contracts import Flow, Peer
from .kubernetes import metadata

_PRIVATE = (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
)  # fmt: skip
INTERNET = Peer(cidr="0.0.0.0/0", excluded=_PRIVATE)
"""Public addresses: not the cluster's own, not the cloud's metadata server."""
_METADATA_SERVER = "169.254.169.254/32"
_LOCAL_DNS = ("169.254.20.10/32", _METADATA_SERVER)
METADATA_SERVERS = (
    ("metadata-server", Peer(cidr=_METADATA_SERVER), (80, 988)),
    ("metadata-daemon", Peer(cidr="169.254.169.252/32"), (988,)),
)
"""Where a pod gets the token of the Google service account that it is, with Dataplane V2 and with Calico.

Source: cloud.google.com/kubernetes-engine/docs/how-to/workload-identity.
"""
GOOGLE_FRONT_ENDS = ("35.191.0.0/16", "130.211.0.0/22")
"""Where Google's load balancers and their health checks come from."""


def peer_of(host: str) -> Peer:
    """Who `host` is to a network policy: a namespace for `NAME.NAMESPACE.svc…`, else an address.

    A policy can't name hosts: any other name allows every address, on the flow's port alone.
    """
    parts = host.split(".")
    if parts[2:] in (["svc"], ["svc", "cluster", "local"]):
        return Peer(namespace=parts[1])
    try:
        return Peer(cidr=f"{ipaddress.IPv4Address(host)}/32")
    except ipaddress.AddressValueError:
        return Peer(cidr="0.0.0.0/0")


def peer_of_url(url: str) -> tuple[Peer, int]:
    """Peer and TCP port of an http or https URL."""
    parts = urlsplit(url)
    return peer_of(parts.hostname or ""), parts.port or (443 if parts.scheme == "https" else 80)


def deny_all() -> net.v1.NetworkPolicySpecArgs:
    """No pod of the namespace may be reached or reach out, unless another policy says so."""
    return net.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
    )


def allow_dns() -> net.v1.NetworkPolicySpecArgs:
    """Every pod may ask the cluster's DNS: kube-dns, the node's cache of it, or Cloud DNS on GKE."""
    return net.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(),
        policy_types=["Egress"],
        egress=[
            net.v1.NetworkPolicyEgressRuleArgs(
                to=[
                    net.v1.NetworkPolicyPeerArgs(
                        namespace_selector=_namespace("kube-system"),
                        pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": name}),
                    )
                    for name in ("kube-dns", "node-local-dns")
                ]
                + [
                    net.v1.NetworkPolicyPeerArgs(ip_block=net.v1.IPBlockArgs(cidr=cidr))
                    for cidr in _LOCAL_DNS
                ],
                ports=[
                    net.v1.NetworkPolicyPortArgs(protocol=protocol, port=53) for protocol in ("UDP", "TCP")
                ],
            )
        ],
    )


def egress(flow: Flow) -> net.v1.NetworkPolicySpecArgs | None:
    """The source's side of a flow; None where it isn't in the namespace."""
    if flow.origins:
        return None
    return net.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(match_labels=dict(flow.source)),
        policy_types=["Egress"],
        egress=[net.v1.NetworkPolicyEgressRuleArgs(to=[_peer(flow.destination)], ports=_ports(flow))],
    )


def ingress(flow: Flow) -> net.v1.NetworkPolicySpecArgs | None:
    """The destination's side of a flow; None where it isn't in the namespace."""
    if flow.destination.labels is None:
        return None
    return net.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(match_labels=dict(flow.destination.labels)),
        policy_types=["Ingress"],
        ingress=[
            net.v1.NetworkPolicyIngressRuleArgs(
                from_=[_peer(origin) for origin in flow.origins or (Peer(labels=flow.source),)],
                ports=_ports(flow),
            )
        ],
    )


def _namespace(name: str) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": name})


def _peer(peer: Peer) -> net.v1.NetworkPolicyPeerArgs:
    if peer.labels is not None:
        return net.v1.NetworkPolicyPeerArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=dict(peer.labels))
        )
    if peer.namespace is not None:
        return net.v1.NetworkPolicyPeerArgs(namespace_selector=_namespace(peer.namespace))
    if peer.cidr is None:
        raise ValueError("a peer needs labels, a namespace or a cidr")
    return net.v1.NetworkPolicyPeerArgs(
        ip_block=net.v1.IPBlockArgs(cidr=peer.cidr, except_=list(peer.excluded) or None)
    )


def _ports(flow: Flow) -> list[net.v1.NetworkPolicyPortArgs]:
    return [net.v1.NetworkPolicyPortArgs(protocol="TCP", port=port) for port in flow.ports]


@dataclass(frozen=True, kw_only=True)
class NetworkFlowsArgs:
    """What `NetworkFlows` needs."""

    namespace: pulumi.Input[str]
    flows: tuple[Flow, ...]


class NetworkFlows(pulumi.ComponentResource):
    """The flows that are allowed in a namespace that denies by default, one or two policies for each."""

    def __init__(self, name: str, args: NetworkFlowsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:NetworkFlows", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for side, build in (("egress", egress), ("ingress", ingress)):
            for flow, spec in ((flow, build(flow)) for flow in _unique(args.flows)):
                if spec is not None:
                    policy = f"{flow.name}-{side}"
                    net.v1.NetworkPolicy(
                        policy,
                        metadata=metadata("network", args.namespace, name=policy),
                        spec=spec,
                        opts=child,
                    )
        self.register_outputs({})


def _unique(flows: Iterable[Flow]) -> tuple[Flow, ...]:
    names = [flow.name for flow in flows]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"two flows of one name: {', '.join(sorted(repeated))}")
    return tuple(flows)
