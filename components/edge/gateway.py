"""The front door of any cluster: Gateway API, cert-manager, and oauth2-proxy in Kotaemon's own pods."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import meta

from components.config.edge import Certificates, CertManager, GatewayEdge
from components.contracts import Endpoint, Flow, Peer
from components.custom import custom
from components.kubernetes import labels, metadata
from components.traces.senders import envoy_proxy_spec, infrastructure

from .custom import GatewayClassSpec, ListenerTls, ParentRef, SecretName, SecretReference, Target
from .gateway_kinds import (
    ENVOY_NAMESPACE,
    Acme,
    BackendTrafficSpec,
    CertificateSpec,
    ClientTrafficSpec,
    ConsistentHash,
    EnvoyCookie,
    EnvoyTls,
    GatewayHttpRoute,
    Http01,
    IssuerRef,
    IssuerSpec,
    LoadBalancer,
    OwnCa,
    PrivateKey,
    Solver,
)
from .routes import HTTP, gateway_spec, redirect_spec, route_spec

NAME = "edge"
_CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_TLS = "edge-tls"
_SOLVER = {"acme.cert-manager.io/http01-solver": "true"}
_SOLVER_PORT = 8089
_SERVERS = {
    Certificates.LETSENCRYPT: "https://acme-v02.api.letsencrypt.org/directory",
    Certificates.LETSENCRYPT_STAGING: "https://acme-staging-v02.api.letsencrypt.org/directory",
}
CERT_MANAGER = ("oci://quay.io/jetstack/charts/cert-manager", "v1.21.2")
ENVOY_GATEWAY = ("oci://docker.io/envoyproxy/gateway-helm", "v1.9.1")
"""Charts: where each is, and the version."""


@dataclass(frozen=True, kw_only=True)
class FrontDoorArgs:
    """What `FrontDoor` needs."""

    settings: GatewayEdge
    namespace: pulumi.Input[str]
    application: Endpoint
    """The Service behind it, whose pods sign people in themselves."""
    serving_port: int
    traces: Endpoint | None = None
    """Where Envoy's proxies send traces, where somebody collects them."""


def issuer_spec(settings: CertManager) -> IssuerSpec:
    """Who issues the certificate; Let's Encrypt asks the Gateway itself whether the domain is ours."""
    if settings.issuer is Certificates.OWN_CA:
        return IssuerSpec(ca=OwnCa(secretName=settings.ca_secret or ""))
    acme = Acme(
        server=_SERVERS[settings.issuer],
        privateKeySecretRef=SecretName(name=f"{NAME}-acme"),
        solvers=[
            Solver(
                http01=Http01(
                    gatewayHTTPRoute=GatewayHttpRoute(parentRefs=[ParentRef(name=NAME, sectionName=HTTP)])
                )
            )
        ],
    )
    if settings.email is not None:
        acme["email"] = settings.email
    return IssuerSpec(acme=acme)


def certificate_spec(domain: str) -> CertificateSpec:
    """A certificate with a key of its own each time."""
    return CertificateSpec(
        secretName=_TLS,
        dnsNames=[domain],
        issuerRef=IssuerRef(kind="Issuer", name=NAME),
        privateKey=PrivateKey(algorithm="ECDSA", size=256, rotationPolicy="Always"),
    )


def affinity_spec(route: str) -> BackendTrafficSpec:
    """A session lives in one process: a cookie keeps a person on its pod."""
    return BackendTrafficSpec(
        targetRefs=[Target(group="gateway.networking.k8s.io", kind="HTTPRoute", name=route)],
        loadBalancer=LoadBalancer(
            type="ConsistentHash",
            consistentHash=ConsistentHash(
                type="Cookie", cookie=EnvoyCookie(name="kotaemon-replica", ttl="24h")
            ),
        ),
    )


def tls_spec() -> ClientTrafficSpec:
    """TLS 1.2 and later."""
    return ClientTrafficSpec(
        targetRefs=[Target(group="gateway.networking.k8s.io", kind="Gateway", name=NAME)],
        tls=EnvoyTls(minVersion="1.2"),
    )


class FrontDoor(pulumi.ComponentResource):
    """The only way in from outside, on a cluster that isn't Google's."""

    url: str
    flows: tuple[Flow, ...]

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:FrontDoor", name, None, opts)
        settings, domain, service = args.settings, args.settings.domain, args.application.host
        operators = self._operators(settings)
        after = pulumi.ResourceOptions(parent=self, depends_on=operators)
        if settings.controller.install:
            custom(
                NAME,
                "GatewayClass",
                meta.v1.ObjectMetaArgs(name=settings.controller.class_name, labels=labels(NAME)),
                GatewayClassSpec(controllerName=_CONTROLLER),
                after,
            )
        if args.traces is not None:
            proxies_run = custom(
                f"{NAME}-proxy",
                "EnvoyProxy",
                metadata(NAME, args.namespace, name=NAME),
                envoy_proxy_spec(args.traces),
                after,
            )
            after = pulumi.ResourceOptions(parent=self, depends_on=[*operators, proxies_run])
        gateway = custom(
            NAME,
            "Gateway",
            metadata(NAME, args.namespace, name=NAME),
            gateway_spec(
                settings.controller.class_name,
                domain,
                tls=ListenerTls(
                    mode="Terminate", certificateRefs=[SecretReference(kind="Secret", name=_TLS)]
                ),
                infrastructure=infrastructure(NAME) if args.traces is not None else None,
            ),
            after,
        )
        issuer = custom(
            NAME,
            "Issuer",
            metadata(NAME, args.namespace, name=NAME),
            issuer_spec(settings.cert_manager),
            after,
        )
        custom(
            NAME,
            "Certificate",
            metadata(NAME, args.namespace, name=NAME),
            certificate_spec(domain),
            pulumi.ResourceOptions(parent=self, depends_on=[issuer, gateway]),
        )
        on_gateway = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        custom(
            f"{NAME}-redirect",
            "HTTPRoute",
            metadata(NAME, args.namespace, name=f"{NAME}-redirect"),
            redirect_spec(NAME, domain),
            on_gateway,
        )
        custom(
            f"{NAME}-route",
            "HTTPRoute",
            metadata(NAME, args.namespace, name=service),
            route_spec(NAME, domain, service, args.application.port, timeout=True),
            on_gateway,
        )
        if settings.controller.envoy:
            for suffix, kind, spec in (
                ("affinity", "BackendTrafficPolicy", affinity_spec(service)),
                ("tls", "ClientTrafficPolicy", tls_spec()),
            ):
                custom(f"{NAME}-{suffix}", kind, metadata(NAME, args.namespace, name=NAME), spec, on_gateway)
        self.url = f"https://{domain}"
        proxies = (Peer(namespace=settings.controller.namespace or ENVOY_NAMESPACE),)
        self.flows = (
            Flow(
                name=f"edge-to-{service}",
                origins=proxies,
                destination=args.application.peer,
                ports=(args.serving_port,),
            ),
            *(
                ()
                if settings.cert_manager.issuer is Certificates.OWN_CA
                else (
                    Flow(
                        name="edge-to-certificate-challenge",
                        origins=proxies,
                        destination=Peer(labels=_SOLVER),
                        ports=(_SOLVER_PORT,),
                    ),
                )
            ),
        )
        self.register_outputs({})

    def _operators(self, settings: GatewayEdge) -> list[pulumi.Resource]:
        """cert-manager and Envoy Gateway, where the cluster doesn't run them already."""
        made: list[pulumi.Resource] = []
        if settings.controller.install:
            made.append(self._chart("envoy-gateway", ENVOY_NAMESPACE, *ENVOY_GATEWAY, values=None))
        if settings.cert_manager.install:
            made.append(
                self._chart(
                    "cert-manager",
                    "cert-manager",
                    *CERT_MANAGER,
                    values={"crds": {"enabled": True}, "config": {"enableGatewayAPI": True}},
                    # It looks for the Gateway's kinds once, when it starts.
                    after=list(made),
                )
            )
        return made

    def _chart(
        self,
        name: str,
        namespace: str,
        chart: str,
        version: str,
        *,
        values: dict[str, object] | None,
        after: list[pulumi.Resource] | None = None,
    ) -> k8s.helm.v3.Release:
        """An operator by its chart, whose hooks only Helm itself runs."""
        return k8s.helm.v3.Release(
            name,
            chart=chart,
            version=version,
            namespace=namespace,
            create_namespace=True,
            atomic=True,
            values=values,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after or []),
        )
