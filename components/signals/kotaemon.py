"""Kotaemon's signals. The application has no metrics and no health page: what shows is what people would see.

Its page is asked for as a browser would, oauth2-proxy in front of it counts requests, and the models' providers are
asked whether they answer at all. Source: FastAPI's routes of Kotaemon v0.11.3 (there is no /metrics).
"""

from collections.abc import Mapping
from datetime import timedelta

from components.config.app import Models
from components.contracts import Endpoint, SignIn
from components.network import peer_of_url

from .model import (
    Alert,
    Panel,
    Probe,
    ProbeModule,
    Query,
    Scope,
    ScrapeTarget,
    Severity,
    Unit,
    Watch,
    Workload,
    WorkloadKind,
)

COMPONENT = "kotaemon"
PROBE = "application"
SIGN_IN_JOB = "sign-in"
SIGN_IN_METRICS = ("sign-in-stats", 44180)
"""Name and number of the port on which oauth2-proxy tells its metrics."""
_PUBLIC_MODELS = {
    "google": ("Gemini", "https://generativelanguage.googleapis.com/"),
    "cohere": ("Cohere", "https://api.cohere.com/"),
    "mistral": ("Mistral", "https://api.mistral.ai/v1/models"),
    "voyage": ("Voyage AI", "https://api.voyageai.com/"),
}
"""Model providers by their key in kotaemon:models, and where they answer; without a key that is 401 or 404."""


def kotaemon_watch(
    scope: Scope,
    service: Endpoint,
    models: Models,
    sign_in: SignIn | None,
    *,
    serving_port: int,
    health: str,
) -> Watch:
    """Kotaemon's pods, and what they need from outside.

    `serving_port` is the pods' port that answers to others, `health` the page that needs no session.
    """
    page = health if sign_in else "/"
    return Watch(
        component=COMPONENT,
        title="Kotaemon",
        loss="everything",
        workload=Workload(kind=WorkloadKind.DEPLOYMENT, name=service.host),
        claims=f"{service.host}-data",
        targets=(_sign_in_metrics(service),) if sign_in else (),
        probes=(
            Probe(
                name=PROBE,
                part="the application",
                target=f"http://{service.host}{page}",
                module=ProbeModule.PAGE,
                to=service.peer,
                port=serving_port,
                essential=True,
            ),
            *(_outside(name, part, url) for name, (part, url) in _addresses(models, sign_in).items()),
        ),
        alerts=_sign_in_alerts(scope) if sign_in else (),
        panels=_sign_in_panels(scope) if sign_in else (),
    )


def _sign_in_metrics(service: Endpoint) -> ScrapeTarget:
    name, port = SIGN_IN_METRICS
    return ScrapeTarget(
        job=SIGN_IN_JOB,
        pods=dict(service.peer.labels or {}),
        port=port,
        port_name=name,
        keep=("oauth2_proxy_.*",),
    )


def _addresses(models: Models, sign_in: SignIn | None) -> Mapping[str, tuple[str, str]]:
    """What is outside and needed, by the probe's name: the part that people lose, and a URL."""
    found = {
        f"model-{key}": public for key, public in _PUBLIC_MODELS.items() if getattr(models, key) is not None
    }
    if models.openai:
        found["model-openai"] = ("OpenAI's models", f"{models.openai.base_url.rstrip('/')}/models")
    if models.azure_openai:
        found["model-azure-openai"] = ("Azure OpenAI", models.azure_openai.endpoint)
    if models.ollama:
        found["model-ollama"] = ("Ollama", f"{models.ollama.url}models")
    if sign_in:
        found["identity-provider"] = (
            "signing in",
            f"{sign_in.issuer.rstrip('/')}/.well-known/openid-configuration",
        )
    return found


def _outside(name: str, part: str, url: str) -> Probe:
    """A probe of a server that isn't the stack's: any answer is one, and nobody here can mend it."""
    peer, port = peer_of_url(url)
    return Probe(
        name=name,
        part=part,
        target=url,
        module=ProbeModule.ANSWERS,
        to=peer,
        port=port,
        severity=Severity.TICKET,
        interval=timedelta(minutes=1),
    )


def _sign_in_alerts(scope: Scope) -> tuple[Alert, ...]:
    requests = f'oauth2_proxy_requests_total{{{scope},job="{SIGN_IN_JOB}"'
    return (
        Alert(
            name="RequestsFail",
            # A single one at night is no reason to get up.
            expr=f'sum(rate({requests},code=~"5.."}}[10m])) / sum(rate({requests}}}[10m])) > 0.05 '
            f'and sum(increase({requests},code=~"5.."}}[10m])) > 5',
            lasting=timedelta(minutes=10),
            severity=Severity.PAGE,
            summary="{{ $value | humanizePercentage }} of people's requests end in an error.",
        ),
    )


def _sign_in_panels(scope: Scope) -> tuple[Panel, ...]:
    own = f'{scope},job="{SIGN_IN_JOB}"'
    return (
        Panel(
            title="People's requests",
            description="Requests that came through the sign-in, by status. 401 and 302 are people who sign in.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    expr=f"sum by (code) (rate(oauth2_proxy_requests_total{{{own}}}[5m]))", legend="{{code}}"
                ),
            ),
        ),
        Panel(
            title="Under way",
            description="Requests that are being answered; a streamed answer counts for as long as it takes.",
            unit=Unit.COUNT,
            queries=(Query(expr=f"sum(oauth2_proxy_requests_in_flight{{{own}}})", legend="requests"),),
        ),
        Panel(
            title="Time to answer",
            description="Seconds within which half, and 95 % of the requests are answered; it counts up to 10.",
            unit=Unit.SECONDS,
            queries=tuple(
                Query(
                    expr=f"histogram_quantile({quantile}, sum by (le) "
                    f"(rate(oauth2_proxy_response_duration_seconds_bucket{{{own}}}[5m])))",
                    legend=name,
                )
                for quantile, name in ((0.5, "half"), (0.95, "95 %"))
            ),
        ),
    )
