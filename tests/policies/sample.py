"""A stack that keeps every rule: as small as it can be, and made of the providers' own classes.

So the inputs have the spelling that the engine sees, and a misspelt one fails here.
"""

from functools import cache

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
from pulumi_kubernetes import apiextensions, apps, core, meta
from pulumi_kubernetes import networking as net

from components import kubernetes as ours
from components.config.section import Resources
from policies.graph import Graph, Resource, graph_of

from .mocked import registered

_SPACE = "space"
_NAME = "kotaemon"
_APP = ours.selector(_NAME)
_PROBER = "blackbox-exporter"


class _Component(pulumi.ComponentResource):
    """Where every resource of the sample is."""

    def __init__(self) -> None:
        super().__init__("kotaemon:index:Sample", "sample")
        self.cluster = k8s.Provider("cluster", kubeconfig="none", opts=pulumi.ResourceOptions(parent=self))
        self.google = gcp.Provider("google", project="project", opts=pulumi.ResourceOptions(parent=self))
        options = pulumi.ResourceOptions(parent=self, providers=[self.cluster, self.google])
        self.child = options
        self.kept = pulumi.ResourceOptions(parent=self, providers=[self.cluster, self.google], protect=True)


def _kubernetes(c: _Component) -> None:
    core.v1.Namespace(
        _SPACE,
        metadata=meta.v1.ObjectMetaArgs(
            name=_SPACE,
            labels={
                **ours.labels("namespace"),
                **{
                    f"pod-security.kubernetes.io/{mode}": "restricted"
                    for mode in ("enforce", "audit", "warn")
                },
            },
        ),
        opts=c.kept,
    )
    core.v1.ResourceQuota(
        "quota",
        metadata=ours.metadata("namespace", _SPACE, name="quota"),
        spec=core.v1.ResourceQuotaSpecArgs(
            hard={"requests.cpu": "4", "requests.memory": "8Gi", "pods": "20"}
        ),
        opts=c.child,
    )
    everybody = meta.v1.LabelSelectorArgs()
    policies = {
        "default-deny": net.v1.NetworkPolicySpecArgs(
            pod_selector=everybody, policy_types=["Ingress", "Egress"]
        ),
        "app-to-internet-egress": net.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=_APP),
            policy_types=["Egress"],
            egress=[
                net.v1.NetworkPolicyEgressRuleArgs(
                    to=[
                        net.v1.NetworkPolicyPeerArgs(
                            ip_block=net.v1.IPBlockArgs(cidr="0.0.0.0/0", except_=["169.254.0.0/16"])
                        )
                    ],
                    ports=[net.v1.NetworkPolicyPortArgs(protocol="TCP", port=80)],
                )
            ],
        ),
        "google-to-app-ingress": net.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=_APP),
            policy_types=["Ingress"],
            ingress=[
                net.v1.NetworkPolicyIngressRuleArgs(
                    from_=[
                        net.v1.NetworkPolicyPeerArgs(ip_block=net.v1.IPBlockArgs(cidr="35.191.0.0/16")),
                        net.v1.NetworkPolicyPeerArgs(
                            pod_selector=meta.v1.LabelSelectorArgs(match_labels=ours.selector("oauth2-proxy"))
                        ),
                    ],
                    ports=[net.v1.NetworkPolicyPortArgs(protocol="TCP", port=8080)],
                )
            ],
        ),
    }
    policies["prometheus-to-prober-ingress"] = net.v1.NetworkPolicySpecArgs(
        pod_selector=meta.v1.LabelSelectorArgs(match_labels=ours.selector(_PROBER)),
        policy_types=["Ingress"],
        ingress=[
            net.v1.NetworkPolicyIngressRuleArgs(
                from_=[
                    net.v1.NetworkPolicyPeerArgs(
                        pod_selector=meta.v1.LabelSelectorArgs(match_labels=ours.selector("prometheus"))
                    ),
                    net.v1.NetworkPolicyPeerArgs(
                        namespace_selector=meta.v1.LabelSelectorArgs(
                            match_labels={"kubernetes.io/metadata.name": "monitoring"}
                        )
                    ),
                ],
                ports=[net.v1.NetworkPolicyPortArgs(protocol="TCP", port=8080)],
            )
        ],
    )
    for name, spec in policies.items():
        net.v1.NetworkPolicy(
            name, metadata=ours.metadata("network", _SPACE, name=name), spec=spec, opts=c.child
        )
    core.v1.Secret(
        "secret",
        metadata=ours.metadata("secrets", _SPACE),
        string_data={"password": "hunter2"},
        immutable=True,
        opts=c.child,
    )
    core.v1.ConfigMap(
        "settings",
        metadata=ours.metadata("app", _SPACE),
        data={"word": "hello"},
        immutable=True,
        opts=c.child,
    )
    _workloads(c)


def _workloads(c: _Component) -> None:
    container = core.v1.ContainerArgs(
        name="app",
        image="example.com/app:1.2.3",
        env=[core.v1.EnvVarArgs(name="WORD", value="hello")],
        ports=[core.v1.ContainerPortArgs(name="http", container_port=8080)],
        resources=ours.requirements(Resources(cpu="100m", memory="128Mi", cpu_limit="1")),
        security_context=ours.container_security(),
        **ours.probes(ours.http("/", "http")),
    )
    first = core.v1.ContainerArgs(
        name="first",
        image="example.com/app@sha256:0123",
        resources=ours.requirements(Resources(cpu="100m", memory="128Mi", cpu_limit="1")),
        security_context=ours.container_security(),
    )
    template = ours.pod(
        _NAME,
        1000,
        containers=[container],
        init=[first],
        volumes=[ours.scratch("tmp", size="1Gi")],
        spread_out=True,
    )
    selector = meta.v1.LabelSelectorArgs(match_labels=_APP)
    apps.v1.Deployment(
        "app",
        metadata=ours.metadata(_NAME, _SPACE, name=_NAME),
        spec=apps.v1.DeploymentSpecArgs(replicas=2, selector=selector, template=template),
        opts=c.child,
    )
    apps.v1.Deployment(
        "prober",
        metadata=ours.metadata(_PROBER, _SPACE, name=_PROBER),
        spec=apps.v1.DeploymentSpecArgs(
            replicas=1,
            selector=meta.v1.LabelSelectorArgs(match_labels=ours.selector(_PROBER)),
            template=ours.pod(_PROBER, 1000, containers=[container]),
        ),
        opts=c.child,
    )
    k8s.policy.v1.PodDisruptionBudget(
        "app",
        metadata=ours.metadata(_NAME, _SPACE, name=_NAME),
        spec=ours.disruption_budget(_NAME),
        opts=c.child,
    )
    core.v1.Service(
        "app",
        metadata=ours.metadata(_NAME, _SPACE, name=_NAME),
        spec=ours.service_spec(_NAME, [("http", 80)]),
        opts=c.child,
    )
    core.v1.PersistentVolumeClaim(
        "claim", metadata=ours.metadata(_NAME, _SPACE, name="claim"), spec=core.v1.PersistentVolumeClaimSpecArgs(),
        opts=c.kept,
    )  # fmt: skip
    apps.v1.StatefulSet(
        "store",
        metadata=ours.metadata("store", _SPACE, name="store"),
        spec=apps.v1.StatefulSetSpecArgs(
            replicas=1,
            service_name="store",
            selector=meta.v1.LabelSelectorArgs(match_labels=ours.selector("store")),
            template=ours.pod("store", 1000, containers=[container]),
        ),
        opts=c.kept,
    )


def _edge(c: _Component) -> None:
    def custom(kind: str, version: str, name: str, spec: dict[str, object]) -> None:
        # The SDK has no classes for custom resources.
        apiextensions.CustomResource(
            f"{kind.lower()}-{name}",
            api_version=version,
            kind=kind,
            metadata=ours.metadata("edge", _SPACE, name=name),
            spec=spec,
            opts=c.child,
        )

    service = {"group": "", "kind": "Service", "name": _NAME}
    gateway = "gateway.networking.k8s.io/v1"
    google = "networking.gke.io/v1"
    custom(
        "Gateway", gateway, "front",
        {
            "gatewayClassName": "gke-l7-global-external-managed",
            "listeners": [
                {"name": "https", "protocol": "HTTPS", "port": 443},
                {"name": "http", "protocol": "HTTP", "port": 80},
            ],
        },
    )  # fmt: skip
    custom(
        "HTTPRoute", gateway, "app",
        {
            "parentRefs": [{"name": "front", "sectionName": "https"}],
            "rules": [{"backendRefs": [{"name": _NAME, "port": 80}]}],
        },
    )  # fmt: skip
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}
    custom(
        "HTTPRoute", gateway, "redirect",
        {"parentRefs": [{"name": "front", "sectionName": "http"}], "rules": [{"filters": [redirect]}]},
    )  # fmt: skip
    # Another Gateway, as clusters elsewhere have it; not before Kotaemon.
    envoy = "gateway.envoyproxy.io/v1alpha1"
    custom(
        "Gateway", gateway, "own",
        {
            "gatewayClassName": "envoy",
            "listeners": [{"name": "https", "protocol": "HTTPS", "port": 443}],
        },
    )  # fmt: skip
    custom(
        "HTTPRoute", gateway, "own",
        {
            "parentRefs": [{"name": "own", "sectionName": "https"}],
            "rules": [{"backendRefs": [{"name": "other", "port": 80}], "timeouts": {"request": "1h"}}],
        },
    )  # fmt: skip
    custom(
        "BackendTrafficPolicy", envoy, "own",
        {"loadBalancer": {"type": "ConsistentHash", "consistentHash": {"type": "Cookie"}}},
    )  # fmt: skip
    custom("ClientTrafficPolicy", envoy, "own", {"tls": {"minVersion": "1.2"}})
    custom(
        "GCPBackendPolicy", google, "app",
        {
            "targetRef": service,
            "default": {
                "timeoutSec": 3600,
                "connectionDraining": {"drainingTimeoutSec": 60},
                "sessionAffinity": {"type": "GENERATED_COOKIE"},
                "logging": {"enabled": True},
                "securityPolicy": "armor",
                "iap": {"enabled": True},
            },
        },
    )  # fmt: skip
    custom(
        "HealthCheckPolicy", google, "app",
        {
            "targetRef": service,
            "default": {"config": {"type": "HTTP", "httpHealthCheck": {"requestPath": "/app_id"}}},
        },
    )  # fmt: skip
    custom(
        "GCPGatewayPolicy", google, "front",
        {"targetRef": {"group": "", "kind": "Gateway", "name": "front"}, "default": {"sslPolicy": "tls"}},
    )  # fmt: skip


def program() -> None:
    """The whole sample."""
    from .sample_google import google  # two seconds of imports

    component = _Component()
    _kubernetes(component)
    _edge(component)
    google(component.child, component.kept)


@cache
def sample() -> tuple[Resource, ...]:
    """Its resources; evaluated once."""
    return registered(program)


def good(*, production: bool = True) -> Graph:
    """Its graph, which keeps every rule."""
    return graph_of(sample(), production=production)
