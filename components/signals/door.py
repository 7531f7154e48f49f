"""The front door's signals: it is asked as a stranger would ask, through its public name."""

from datetime import timedelta

from components.network import peer_of

from .model import Alert, Probe, ProbeModule, Scope, Severity, Watch

COMPONENT = "edge"
PROBE = "front-door"


def door_watch(scope: Scope, domain: str, *, known_authority: bool = True) -> Watch:
    """The way in from outside: name, certificate, load balancer, and the sign-in that it must ask for.

    `known_authority` says whether everybody trusts who issued the certificate.
    """
    return Watch(
        component=COMPONENT,
        title="The front door",
        loss="the way in: whoever is outside the cluster reaches nothing",
        probes=(
            Probe(
                name=PROBE,
                part="the front door",
                target=f"https://{domain}/",
                module=ProbeModule.SIGN_IN if known_authority else ProbeModule.SIGN_IN_OWN_CA,
                to=peer_of(domain),
                port=443,
                essential=True,
            ),
        ),
        alerts=(
            Alert(
                name="FrontDoorOpen",
                expr=f'probe_http_status_code{{{scope},probe="{PROBE}"}} >= 200 < 300',
                lasting=timedelta(0),
                severity=Severity.PAGE,
                summary="The front door lets people in without signing in: "
                "whoever finds it can take the application over.",
            ),
        ),
    )
