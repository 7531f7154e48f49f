"""Google's front door: a global load balancer by the Gateway API, with IAP or oauth2-proxy before Kotaemon.

Source: cloud.google.com/kubernetes-engine/docs/how-to/secure-gateway.
"""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.edge import EXAMPLE_DOMAIN, GoogleEdge, Iap
from components.contracts import Endpoint, Flow, Peer, SecretRef
from components.custom import custom
from components.kubernetes import metadata
from components.network import GOOGLE_FRONT_ENDS

from . import armor
from .custom import GatewayAddress, SecretName, Target, Text
from .google_kinds import (
    BackendDefault,
    BackendLogging,
    BackendPolicySpec,
    CookieAffinity,
    Draining,
    GatewayDefault,
    GatewayPolicySpec,
    HealthCheckConfig,
    HealthCheckDefault,
    HealthCheckLog,
    HealthCheckSpec,
    HttpHealthCheck,
    IapConfig,
)
from .routes import ANSWER_SECONDS, gateway_spec, redirect_spec, route_spec

NAME = "edge"
_CLASS = "gke-l7-global-external-managed"
_DAY = 24 * 3600
_TTL = 300


@dataclass(frozen=True, kw_only=True)
class GoogleFrontDoorArgs:
    """What `GoogleFrontDoor` needs."""

    settings: GoogleEdge
    prefix: str
    """What the names of its Google resources start with."""
    project: pulumi.Input[str]
    namespace: pulumi.Input[str]
    application: Endpoint
    """The Service behind it."""
    serving_port: int
    """The port of that Service's pods."""
    health_path: str
    client_secret: SecretRef | None
    """Secret of an OAuth client of one's own, for IAP."""


def backend_spec(args: GoogleFrontDoorArgs, security_policy: Text | None) -> BackendPolicySpec:
    """How the load balancer treats Kotaemon: answers stream for long, people stay on one pod, and sign in."""
    default = BackendDefault(
        # 30 seconds otherwise, which cuts answers.
        timeoutSec=ANSWER_SECONDS,
        connectionDraining=Draining(drainingTimeoutSec=60),
        sessionAffinity=CookieAffinity(type="GENERATED_COOKIE", cookieTtlSec=_DAY),
        logging=BackendLogging(enabled=True, sampleRate=1_000_000),
    )
    if security_policy is not None:
        default["securityPolicy"] = security_policy
    if isinstance(args.settings.auth, Iap):
        iap = IapConfig(enabled=True)
        if args.settings.auth.client_id is not None and args.client_secret is not None:
            iap["clientID"] = args.settings.auth.client_id
            iap["oauth2ClientSecret"] = SecretName(name=args.client_secret.name)
        default["iap"] = iap
    return BackendPolicySpec(targetRef=_service(args), default=default)


def health_spec(args: GoogleFrontDoorArgs) -> HealthCheckSpec:
    """Whether a pod answers; `/` would render the whole page, and redirect whoever isn't signed in."""
    return HealthCheckSpec(
        targetRef=_service(args),
        default=HealthCheckDefault(
            checkIntervalSec=10,
            timeoutSec=5,
            healthyThreshold=1,
            unhealthyThreshold=3,
            logConfig=HealthCheckLog(enabled=True),
            config=HealthCheckConfig(
                type="HTTP",
                httpHealthCheck=HttpHealthCheck(
                    portSpecification="USE_SERVING_PORT", requestPath=args.health_path
                ),
            ),
        ),
    )


def _service(args: GoogleFrontDoorArgs) -> Target:
    return Target(group="", kind="Service", name=args.application.host)


class GoogleFrontDoor(pulumi.ComponentResource):
    """The only way in from outside."""

    url: str
    records: pulumi.Output[list[str]] | None
    """The DNS records that somebody must set, as `NAME TYPE VALUE`; None where they are set."""
    flows: tuple[Flow, ...]
    armor: pulumi.Output[str] | None
    """The Cloud Armor policy's name, where there is one."""

    def __init__(
        self, name: str, args: GoogleFrontDoorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:GoogleFrontDoor", name, None, opts)
        settings, prefix = args.settings, args.prefix
        child = pulumi.ResourceOptions(parent=self)
        if settings.domain == EXAMPLE_DOMAIN:
            pulumi.log.warn(
                f"kotaemon:edge.domain is {EXAMPLE_DOMAIN}, which is nobody's: "
                f"make init STACK={pulumi.get_stack()} sets yours",
                self,
            )
        address = gcp.compute.GlobalAddress(
            f"{prefix}-edge", project=args.project, address_type="EXTERNAL", opts=child
        )
        tls = gcp.compute.SSLPolicy(
            f"{prefix}-tls", project=args.project, min_tls_version="TLS_1_2", profile="RESTRICTED", opts=child
        )
        policy = None
        if settings.armor is not None:
            policy = gcp.compute.SecurityPolicy(
                f"{prefix}-armor", armor.security_policy_args(settings.armor, args.project), child
            ).name
        self.armor = policy
        certificates, authorization = self._certificate(args)
        gateway = custom(
            NAME,
            "Gateway",
            metadata(
                NAME, args.namespace, name=NAME, annotations={"networking.gke.io/certmap": certificates}
            ),
            gateway_spec(
                _CLASS,
                settings.domain,
                addresses=[GatewayAddress(type="NamedAddress", value=address.name)],
            ),
            child,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        meta = metadata
        custom(
            f"{NAME}-tls",
            "GCPGatewayPolicy",
            meta(NAME, args.namespace, name=NAME),
            GatewayPolicySpec(
                targetRef=Target(group="gateway.networking.k8s.io", kind="Gateway", name=NAME),
                default=GatewayDefault(sslPolicy=tls.name),
            ),
            after,
        )
        # Before the route: for no moment is there a way in without a sign-in.
        guards = [
            custom(
                f"{NAME}-backend",
                "GCPBackendPolicy",
                meta(NAME, args.namespace, name=args.application.host),
                backend_spec(args, policy),
                child,
            ),
            custom(
                f"{NAME}-health",
                "HealthCheckPolicy",
                meta(NAME, args.namespace, name=args.application.host),
                health_spec(args),
                child,
            ),
        ]
        custom(
            f"{NAME}-redirect",
            "HTTPRoute",
            meta(NAME, args.namespace, name=f"{NAME}-redirect"),
            redirect_spec(NAME, settings.domain),
            after,
        )
        custom(
            f"{NAME}-route",
            "HTTPRoute",
            meta(NAME, args.namespace, name=args.application.host),
            route_spec(NAME, settings.domain, args.application.host, args.application.port, timeout=False),
            pulumi.ResourceOptions(parent=self, depends_on=[gateway, *guards]),
        )
        if isinstance(settings.auth, Iap):
            self._members(args, settings.auth)
        self._records(args, address.address, authorization)
        self.url = f"https://{settings.domain}"
        self.records = (
            None
            if settings.dns
            else pulumi.Output.all(
                pulumi.Output.format("{0}. A {1}", settings.domain, address.address),
                authorization.dns_resource_records.apply(
                    lambda found: " ".join(
                        f"{record.name} {record.type} {record.data}" for record in found or []
                    )
                ),
            )
        )
        self.flows = (
            Flow(
                name=f"edge-to-{args.application.host}",
                origins=tuple(Peer(cidr=cidr) for cidr in GOOGLE_FRONT_ENDS),
                destination=args.application.peer,
                ports=(args.serving_port,),
            ),
        )
        self.register_outputs({})

    def _certificate(
        self, args: GoogleFrontDoorArgs
    ) -> tuple[pulumi.Output[str], gcp.certificatemanager.DnsAuthorization]:
        """A certificate that Google renews; by DNS, so that it is there before the first request."""
        child, prefix, domain = pulumi.ResourceOptions(parent=self), args.prefix, args.settings.domain
        manager = gcp.certificatemanager
        authorization = manager.DnsAuthorization(
            f"{prefix}-domain", project=args.project, domain=domain, opts=child
        )
        certificate = manager.Certificate(
            f"{prefix}-certificate",
            project=args.project,
            managed=manager.CertificateManagedArgs(domains=[domain], dns_authorizations=[authorization.id]),
            opts=child,
        )
        certificates = manager.CertificateMap(f"{prefix}-certificates", project=args.project, opts=child)
        entry = manager.CertificateMapEntry(
            f"{prefix}-certificate",
            project=args.project,
            map=certificates.name,
            hostname=domain,
            certificates=[certificate.id],
            opts=child,
        )
        return (
            pulumi.Output.all(certificates.name, entry.urn).apply(lambda known: str(known[0])),
            authorization,
        )

    def _members(self, args: GoogleFrontDoorArgs, auth: Iap) -> None:
        """Who may enter this domain; IAP's other pages in the project are not theirs."""
        for member in auth.members:
            gcp.iap.WebIamMember(
                f"{NAME}-{member}",
                project=args.project,
                role="roles/iap.httpsResourceAccessor",
                member=member,
                condition=gcp.iap.WebIamMemberConditionArgs(
                    title=f"only {args.settings.domain}",
                    expression=f'request.host == "{args.settings.domain}"',
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _records(
        self,
        args: GoogleFrontDoorArgs,
        address: pulumi.Output[str],
        authorization: gcp.certificatemanager.DnsAuthorization,
    ) -> None:
        """The records in Cloud DNS, where the zone is there or wanted."""
        dns, child = args.settings.dns, pulumi.ResourceOptions(parent=self)
        if dns is None:
            return
        zone: pulumi.Input[str] = dns.zone
        if dns.create is not None:
            zone = gcp.dns.ManagedZone(
                f"{args.prefix}-zone",
                project=args.project,
                name=dns.zone,
                dns_name=f"{dns.create}.",
                description="Kotaemon's domain",
                dnssec_config=gcp.dns.ManagedZoneDnssecConfigArgs(state="on"),
                opts=child,
            ).name
        gcp.dns.RecordSet(
            f"{args.prefix}-address",
            project=args.project,
            managed_zone=zone,
            name=f"{args.settings.domain}.",
            type="A",
            ttl=_TTL,
            rrdatas=[address],
            opts=child,
        )
        record = authorization.dns_resource_records
        gcp.dns.RecordSet(
            f"{args.prefix}-certificate",
            project=args.project,
            managed_zone=zone,
            name=record.apply(lambda found: (found[0].name if found else None) or ""),
            type="CNAME",
            ttl=_TTL,
            rrdatas=[record.apply(lambda found: (found[0].data if found else None) or "")],
            opts=child,
        )
