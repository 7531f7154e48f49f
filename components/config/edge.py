"""The front door's part of a stack's file: domain, certificates, and who signs people in."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from .cloud_fields import (
    Cidr,
    ClientId,
    Country,
    DnsZone,
    Domain,
    Email,
    GatewayClass,
    GroupName,
    IssuerUrl,
    Member,
)
from .fields import WHOLE, Host, ObjectName
from .section import Section, usually

EXAMPLE_DOMAIN = "kotaemon.example.com"
"""What the committed stack files name: enough for a preview, and nobody's."""


class Iap(Section):
    """Google's Identity-Aware Proxy: people sign in with their Google account before a request arrives."""

    kind: Literal["iap"]
    """Identity-Aware Proxy."""
    members: tuple[Member, ...] = ()
    """Who may enter. Nobody, as long as it is empty, but those whom the project's IAM lets in anyway."""
    client_id: ClientId | None = None
    """An OAuth client of one's own, for people outside the organization; its secret is `oidcClientSecret`."""


class Oauth2Proxy(Section):
    """oauth2-proxy in each of Kotaemon's pods: people sign in at any OpenID Connect provider."""

    kind: Literal["oauth2-proxy"]
    """oauth2-proxy, in front of Kotaemon in the same pod."""
    issuer: IssuerUrl
    """The identity provider."""
    client_id: ClientId
    """The client registered there; its secret is `oidcClientSecret`, its redirect https://DOMAIN/oauth2/callback."""
    email_domains: tuple[Host, ...] = ()
    """Whoever has an address of these domains may enter."""
    emails: tuple[Email, ...] = ()
    """Whoever has one of these addresses may enter."""
    groups: tuple[GroupName, ...] = ()
    """Only members of one of these groups may enter (the provider's `groups` claim)."""
    session_hours: Annotated[int, Field(ge=1, le=168), WHOLE] = 12
    """Hours until people sign in again."""


class Dns(Section):
    """The Cloud DNS zone that gets the records."""

    zone: DnsZone
    """The managed zone's name in the project."""
    create: Domain | None = None
    """Create that zone, for this domain; without it the zone is there already."""


class Armor(Section):
    """Cloud Armor: what is turned away before it reaches the proxy."""

    requests_per_minute: Annotated[int, Field(ge=60, le=100000), WHOLE] = 1200
    """Requests a minute of one address, above which it is turned away for ten minutes."""
    owasp: bool = True
    """Google's rules against SQL injection, scripting, file inclusion, code execution, scanners."""
    log_only: bool = False
    """Log what the OWASP rules would turn away, and let it pass."""
    countries: tuple[Country, ...] = ()
    """Only requests from these countries; from everywhere where none is given."""
    networks: tuple[Cidr, ...] = ()
    """Only requests from these addresses; from everywhere where none is given."""


class NoEdge(Section):
    """No way in from outside the cluster; `make open` forwards a port."""

    kind: Literal["none"] = "none"
    """No way in from outside the cluster."""


class GoogleEdge(Section):
    """Google's external load balancer by the Gateway API: certificate, sign-in and Cloud Armor included."""

    kind: Literal["google"]
    """Google's global external load balancer."""
    domain: Domain
    """Under which name people reach it."""
    auth: Annotated[Iap | Oauth2Proxy, Field(discriminator="kind"), usually(Iap)] = Iap(kind="iap")
    """Who signs people in, always: without, whoever finds the page takes Kotaemon over, as its API runs commands."""
    dns: Dns | None = None
    """The Cloud DNS zone that gets the records; without it, an output says which to set."""
    armor: Armor | None = None
    """Cloud Armor. Production needs it."""


class Certificates(StrEnum):
    """Who issues the certificate."""

    LETSENCRYPT = "letsencrypt"
    LETSENCRYPT_STAGING = "letsencrypt-staging"
    OWN_CA = "own-ca"


class CertManager(Section):
    """cert-manager, which gets the certificate and renews it."""

    install: bool = True
    """Whether the stack installs it; false where the cluster runs it already."""
    issuer: Certificates = Certificates.LETSENCRYPT
    """Let's Encrypt, its staging service (for trials), or an authority of one's own."""
    email: Email | None = None
    """Where Let's Encrypt writes when a certificate isn't renewed."""
    ca_secret: ObjectName | None = None
    """own-ca: the Secret of the namespace with the authority's tls.crt and tls.key."""


class Controller(Section):
    """Envoy Gateway, which serves the Gateway."""

    install: bool = True
    """Whether the stack installs Envoy Gateway; false where the cluster has a Gateway controller already."""
    envoy: bool = True
    """Whether the controller is Envoy Gateway, which then is told of session cookies and TLS versions; to be said
    where `install` is false."""
    class_name: GatewayClass = "kotaemon"
    """The GatewayClass; the stack makes it where it installs the controller, and must be told of it elsewhere."""
    namespace: ObjectName | None = None
    """Namespace of the proxies that the controller starts, which alone may reach Kotaemon."""


class GatewayEdge(Section):
    """Any cluster's Gateway API, with cert-manager and oauth2-proxy."""

    kind: Literal["gateway"]
    """The Gateway API of any cluster, with cert-manager and oauth2-proxy."""
    domain: Domain
    """Under which name people reach it."""
    auth: Oauth2Proxy
    """Who signs people in, always: without, whoever finds the page takes Kotaemon over, as its API runs commands."""
    cert_manager: CertManager = CertManager()
    """Certificates."""
    controller: Controller = Controller()
    """What serves the Gateway."""
