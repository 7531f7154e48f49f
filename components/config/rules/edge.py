"""The front door: nobody gets in without signing in, and the certificate is one that browsers take."""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from components.config.edge import Certificates, GatewayEdge, GoogleEdge, Iap, Oauth2Proxy
from components.config.problems import Problem, remove_command, set_command
from components.config.secret_names import SecretName

from .replicas import most_replicas
from .rule import Stack, problem

_SHARED_DOMAINS = (
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "gmx.net",
)


def edge(stack: Stack) -> Iterator[Problem]:
    """What is on the internet in production has Cloud Armor before it."""
    door = stack.settings.edge
    if isinstance(door, GoogleEdge) and stack.settings.production and door.armor is None:
        yield problem(
            "edge.armor",
            None,
            "is missing: production turns floods and known attacks away before they reach the sign-in",
            set_command("edge.armor.owasp", True),
            "production",
        )


def sign_in(stack: Stack) -> Iterator[Problem]:
    """oauth2-proxy must be told whom to let in: the provider signs in anybody who has an account there."""
    door = stack.settings.edge
    if not isinstance(door, GoogleEdge | GatewayEdge) or not isinstance(door.auth, Oauth2Proxy):
        return
    auth = door.auth
    if not (auth.email_domains or auth.emails or auth.groups):
        yield problem(
            "edge.auth.emailDomains",
            None,
            "or emails, or groups must say who may enter: everybody with an account at the provider could "
            "otherwise take Kotaemon over",
            set_command("edge.auth.emailDomains[0]", "example.com"),
            "edge.auth.emails",
            "edge.auth.groups",
        )
    for number, domain in enumerate(auth.email_domains):
        if domain in _SHARED_DOMAINS:
            yield problem(
                f"edge.auth.emailDomains[{number}]",
                domain,
                "is a domain where anybody gets an address; name the people: edge.auth.emails",
                remove_command(f"edge.auth.emailDomains[{number}]"),
            )
    if auth.emails and auth.email_domains:
        yield problem(
            "edge.auth.emails",
            ", ".join(auth.emails),
            "are let in beside edge.auth.emailDomains, not out of them, which is easily misread: keep one of the two",
            remove_command("edge.auth.emails"),
            "edge.auth.emailDomains",
        )


def iap_client(stack: Stack) -> Iterator[Problem]:
    """GKE reads an OAuth client's secret under one key alone."""
    door, name = stack.settings.edge, SecretName.OIDC_CLIENT
    named = stack.settings.secrets.get(name)
    if (
        isinstance(door, GoogleEdge)
        and isinstance(door.auth, Iap)
        and named is not None
        and named.key != "key"
    ):
        yield problem(
            f"secrets.{name}.key",
            named.key,
            "must be key: Identity-Aware Proxy reads the client's secret from there",
            set_command(f"secrets.{name}.key", "key"),
            "edge.auth",
        )


def certificates(stack: Stack) -> Iterator[Problem]:
    """An issuer with what it needs, and one that browsers trust."""
    door = stack.settings.edge
    if not isinstance(door, GatewayEdge):
        return
    given, path = door.cert_manager, "edge.certManager"
    own = given.issuer is Certificates.OWN_CA
    if own and given.ca_secret is None:
        yield problem(
            f"{path}.caSecret",
            None,
            "is missing: the Secret of the namespace that holds the authority's tls.crt and tls.key",
            set_command(f"{path}.caSecret", "company-ca"),
            f"{path}.issuer",
        )
    if not own and given.ca_secret is not None:
        yield problem(
            f"{path}.caSecret",
            given.ca_secret,
            f"is for the issuer own-ca, and it is {given.issuer}: keep one of the two",
            remove_command(f"{path}.caSecret"),
            f"{path}.issuer",
        )
    if stack.settings.production and given.issuer is Certificates.LETSENCRYPT_STAGING:
        yield problem(
            f"{path}.issuer",
            given.issuer,
            "issues certificates that no browser trusts; production needs letsencrypt or own-ca",
            set_command(f"{path}.issuer", Certificates.LETSENCRYPT),
            "production",
        )


_UNSAID = {
    "namespace": (
        "envoy-gateway-system",
        "the namespace in which your Gateway controller runs its proxies; network policies let nobody else reach "
        "Kotaemon",
    ),
    "className": (
        "eg",
        "the GatewayClass of your controller, without which nothing serves the Gateway; kubectl get gatewayclass",
    ),
    "envoy": (
        False,
        "whether your Gateway controller is Envoy Gateway: if so, it is told of session cookies and TLS versions in "
        "kinds of its own, which another's cluster hasn't got",
    ),
}
"""What nobody but its owner knows of a controller: key -> an example, and what is asked."""


def gateway_controller(stack: Stack) -> Iterator[Problem]:
    """Of a controller that is there it must be said what it is and where its proxies run."""
    door = stack.settings.edge
    if isinstance(door, GatewayEdge) and not door.controller.install:
        said = {to_camel(name) for name in door.controller.model_fields_set}
        for key, (example, what) in _UNSAID.items():
            if key not in said:
                yield problem(
                    f"edge.controller.{key}",
                    None,
                    f"is missing: {what}",
                    set_command(f"edge.controller.{key}", example),
                    "edge.controller.install",
                )
    if not isinstance(door, GatewayEdge) or door.controller.envoy:
        return
    if door.controller.install:
        yield problem(
            "edge.controller.envoy",
            False,
            "must be true where the stack installs the controller: Envoy Gateway is what it installs",
            remove_command("edge.controller.envoy"),
            "edge.controller.install",
        )
    if most_replicas(stack.settings.app) > 1:
        yield problem(
            "edge.controller.envoy",
            False,
            "must be true with more than one replica: the standard Gateway API has no way to keep a person on the "
            "pod where the session is, and Envoy Gateway has",
            set_command("edge.controller.envoy", True),
            "app.replicas",
            "app.autoscaling",
        )
