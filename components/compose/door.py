"""Who signs people in, and how they reach Kotaemon from outside."""

from components.config import SecretName
from components.config.edge import Certificates, GatewayEdge, GoogleEdge, NoEdge, Oauth2Proxy
from components.config.monitoring import NoMonitoring
from components.contracts import Endpoint, Flow, Peer, SignIn
from components.edge.gateway_kinds import ENVOY_NAMESPACE
from components.kotaemon import Kotaemon
from components.kotaemon.sidecars import HEALTH
from components.kubernetes import selector
from components.monitoring.names import BLACKBOX
from components.secrets import GeneratedSecret, GeneratedSecretArgs
from components.signals.door import door_watch

from .base import RELEASE, Base, Made, Part

_PROXY_PORTS = (443, 8443, 10443)
"""On which proxies listen for HTTPS: Envoy Gateway's on 10443, as they aren't root."""


def sign_in(base: Base) -> SignIn | None:
    """oauth2-proxy in front of Kotaemon, where the front door asks for it."""
    door = base.settings.edge
    if isinstance(door, NoEdge) or not isinstance(door.auth, Oauth2Proxy):
        return None
    cookies = GeneratedSecret(
        "sign-in-cookies",
        GeneratedSecretArgs(namespace=base.namespace, component=RELEASE, key="cookie-secret"),
        base.child,
    )
    return SignIn(
        domain=door.domain,
        issuer=door.auth.issuer,
        client_id=door.auth.client_id,
        client_secret=base.secrets[SecretName.OIDC_CLIENT],
        cookie_secret=cookies.ref,
        email_domains=door.auth.email_domains,
        emails=door.auth.emails,
        groups=door.auth.groups,
        session_hours=door.auth.session_hours,
    )


def front_door(base: Base, kotaemon: Kotaemon, traces: Endpoint | None) -> Part[None]:
    """The way in from outside the cluster, if there is one; `traces` is where its proxies send them."""
    settings = base.settings.edge
    if isinstance(settings, GoogleEdge):
        return _google(base, settings, kotaemon)
    if isinstance(settings, GatewayEdge):
        return _gateway(base, settings, kotaemon, traces)
    return Part(access=None)


def _google(base: Base, settings: GoogleEdge, kotaemon: Kotaemon) -> Part[None]:
    from components.edge.google import GoogleFrontDoor, GoogleFrontDoorArgs

    cloud = base.google
    door = GoogleFrontDoor(
        "edge",
        GoogleFrontDoorArgs(
            settings=settings,
            prefix=cloud.prefix,
            project=cloud.project.id,
            namespace=base.namespace,
            application=kotaemon.endpoint,
            serving_port=kotaemon.serving_port,
            health_path=HEALTH,
            client_secret=base.secrets.get(SecretName.OIDC_CLIENT),
        ),
        base.child,
    )
    records = {} if door.records is None else {"dnsRecords": door.records}
    return Part(
        access=None,
        flows=door.flows,
        watches=(door_watch(base.scope, settings.domain),),
        outputs={"url": door.url, **records},
        made={} if door.armor is None else {Made.ARMOR: door.armor},
    )


def _gateway(base: Base, settings: GatewayEdge, kotaemon: Kotaemon, traces: Endpoint | None) -> Part[None]:
    from components.edge.gateway import FrontDoor, FrontDoorArgs

    door = FrontDoor(
        "edge",
        FrontDoorArgs(
            settings=settings,
            namespace=base.namespace,
            application=kotaemon.endpoint,
            serving_port=kotaemon.serving_port,
            traces=traces if settings.controller.envoy else None,
        ),
        base.child,
    )
    trusted = settings.cert_manager.issuer is Certificates.LETSENCRYPT
    watched = not isinstance(base.settings.monitoring, NoMonitoring)
    return Part(
        access=None,
        flows=(*door.flows, *((_to_proxies(settings),) if watched else ())),
        watches=(door_watch(base.scope, settings.domain, known_authority=trusted),),
        outputs={"url": door.url},
    )


def _to_proxies(settings: GatewayEdge) -> Flow:
    """From the prober to the Gateway's proxies: a load balancer's address leads straight to them inside the cluster."""
    return Flow(
        name=f"{BLACKBOX}-to-proxies",
        source=selector(BLACKBOX),
        destination=Peer(namespace=settings.controller.namespace or ENVOY_NAMESPACE),
        ports=_PROXY_PORTS,
    )
